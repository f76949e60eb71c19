#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace martlet::support {

/// How a process ended, and what it wrote.
struct Outcome {
  int exit_code = -1;      ///< as a shell shows it: 128 + the signal's number if one killed it
  bool timed_out = false;  ///< it had to be killed
  std::string out;
  std::string err;
};

struct ProcessOptions {
  std::vector<std::string> words;            ///< the program, found in PATH, and its arguments
  std::string folder;                        ///< to run in; empty: here
  std::map<std::string, std::string> added;  ///< to the environment
  std::string input;                         ///< on stdin, then its end
  bool on_terminal = false;                  ///< stdin, stdout and stderr are one terminal
};

/// A child process. Killed, by its own id, when destroyed before it ended. Owned by one thread.
class Process {
 public:
  static constexpr std::chrono::seconds kPatience{60};

  explicit Process(const ProcessOptions& options);
  ~Process();
  Process(Process&&) noexcept;
  Process& operator=(Process&&) = delete;

  pid_t pid() const;
  void signal(int number) const;
  /// Waits for the first line on stdout, among those not given back yet, that holds `part`. None:
  /// it ended, or time is up.
  std::optional<std::string> wait_for_line(const std::string& part,
                                           std::chrono::milliseconds patience = kPatience);
  /// What it wrote to stdout so far.
  std::string out() const;
  bool running() const;
  /// Waits for its end; kills it when that takes too long.
  Outcome wait(std::chrono::milliseconds patience = kPatience);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Outcome run(const ProcessOptions& options, std::chrono::milliseconds patience = Process::kPatience);

}  // namespace martlet::support
