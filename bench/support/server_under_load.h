#pragma once

#include <filesystem>
#include <string>

#include "base/ids.h"
#include "process.h"

namespace martlet::bench {

/// Settings under which any account may send as much as it likes, as a load does.
inline constexpr const char* kNoLimits =
    "[limits]\nsends_a_minute = 0\nenvelopes_a_minute = 0\nbytes_a_minute = 0\n";

/// A real `martletd serve`, found beside this program, on a temporary data folder, alone on its
/// core where there are two or more. Ends, and takes its folder along, with the object. Whatever
/// fails ends the benchmark with a message.
class ServerUnderLoad {
 public:
  /// `folder`: where to make the data folder; empty: the system's temporary folder. `settings`: as
  /// in server.toml.
  explicit ServerUnderLoad(const std::string& folder, const std::string& settings = kNoLimits);
  ~ServerUnderLoad();
  ServerUnderLoad(const ServerUnderLoad&) = delete;
  ServerUnderLoad& operator=(const ServerUnderLoad&) = delete;

  /// A new process on the same data; after crash() too.
  void restart();
  /// `kill -9`, and nothing else.
  void crash();
  /// From the start of the process until it listened.
  double seconds_to_listen() const { return seconds_to_listen_; }
  const std::filesystem::path& data() const { return data_; }

  std::uint16_t port() const { return port_; }
  const Digest& fingerprint() const { return fingerprint_; }
  /// The token of a fresh invitation that so many may use.
  std::string invite(std::size_t uses) const;

  double cpu_seconds() const;       ///< user and system, of all its threads
  std::uint64_t pss_bytes() const;  ///< its proportional share of memory
  std::uint64_t rss_bytes() const;
  std::uint64_t peak_rss_bytes() const;  ///< the most that was ever resident
  std::uint64_t waiting_items() const;   ///< in all mailboxes

 private:
  void start();
  void stop();

  std::filesystem::path data_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
  double seconds_to_listen_ = 0;
  Digest fingerprint_{};
};

}  // namespace martlet::bench
