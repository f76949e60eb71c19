#pragma once

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "base/seeded_random.h"
#include "device_client.h"
#include "support/process.h"

namespace martlet::martletd_test {

std::string program();
/// `martletd WORDS`, to its end.
support::Outcome run_martletd(std::vector<std::string> words);

/// A temporary folder, a server program that keeps its data below it, and devices of its people.
class ServerProcess : public ::testing::Test {
 protected:
  ServerProcess();
  ~ServerProcess() override;

  std::vector<std::string> serve_words(std::vector<std::string> more = {}) const;
  /// Starts it on any free port, the first time, and waits until it listens.
  void start(std::vector<std::string> more = {});
  void restart() { start({}); }
  void kill();
  support::Outcome stop();

  std::string data() const { return (root_ / "data").string(); }
  std::string invite(const std::string& handle) const;
  /// Enrolled with this handle over TLS.
  server::TestDevice member(const std::string& handle);
  wire::Send send_to(const server::TestDevice& to, std::uint64_t number, std::size_t bytes = 300);
  MessageId message(std::uint64_t number) const;

  std::filesystem::path root_;
  std::optional<support::Process> process_;
  InvitationParts server_;  ///< token of the last start's invitation, if it printed one
  SeededRandom random_{11};
};

}  // namespace martlet::martletd_test
