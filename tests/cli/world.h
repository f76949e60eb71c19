#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "support/process.h"

/// A server and people with a profile each, all real programs on loopback, below one temporary
/// folder.
namespace martlet::cli_test {

using Json = nlohmann::json;
using support::Outcome;
using support::Process;

/// A temporary folder, gone with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// `martletd serve` and its data folder. Takes any free port at the first start and keeps it.
class Server {
 public:
  explicit Server(std::filesystem::path data) : data_{std::move(data)} {}
  /// Starts and waits until it listens. False, with a failure noted: it does not.
  bool start();
  /// Settings to come on top, from the next start on.
  void set_config(std::string file) { config_ = std::move(file); }
  /// On its stdout; see Process.
  std::optional<std::string> wait_for_line(const std::string& part) {
    return process_->wait_for_line(part);
  }
  void stop();  ///< SIGTERM; its exit code has to be 0
  void kill();  ///< SIGKILL
  /// One invitation URL.
  std::string invite(const std::string& handle) const;
  const std::filesystem::path& data() const { return data_; }
  bool running() const { return process_ && process_->running(); }
  std::string address() const;

 private:
  std::filesystem::path data_;
  std::string port_ = "0";
  std::string config_;
  std::optional<Process> process_;
};

/// One profile, used through `martlet --json`.
class Person {
 public:
  Person(std::filesystem::path profile, std::string handle)
      : profile_{std::move(profile)}, handle_{std::move(handle)} {}
  const std::string& handle() const { return handle_; }
  const std::filesystem::path& profile() const { return profile_; }

  support::ProcessOptions command(const std::vector<std::string>& words,
                                  const std::string& input = {}) const;
  Outcome run(const std::vector<std::string>& words, const std::string& input = {}) const;
  Process start(const std::vector<std::string>& words) const;
  /// Enrols with `url`; it has to work.
  void enroll(const std::string& url) const;
  /// The lines of a verb that has to work.
  std::vector<Json> lines(const std::vector<std::string>& words,
                          const std::string& input = {}) const;
  /// The texts of all messages in these lines.
  std::vector<std::string> texts(const std::vector<std::string>& words) const;

 private:
  std::filesystem::path profile_;
  std::string handle_;
};

/// A server that runs, with Alice and Bob, whom alice@example.org and bob@example.org reach.
struct World {
  World();
  Person enrolled(const std::string& name);

  TemporaryFolder folder;
  Server server;
  Person alice;
  Person bob;
};

std::string program(const std::string& name);  ///< the built program's path
std::vector<Json> parse_lines(const std::string& text);
std::vector<std::string> texts_of(const std::vector<Json>& lines);
/// The one JSON object that a failed verb wrote to stderr; notices before it are left out.
Json error_of(const Outcome& outcome);
/// The files below `folder` that hold these bytes.
std::set<std::string> files_with(const std::filesystem::path& folder, const std::string& bytes);

}  // namespace martlet::cli_test
