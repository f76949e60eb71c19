#pragma once

#include <cstdint>
#include <string_view>

namespace martlet::cli {

enum class Written : std::uint8_t {
  yes,          ///< all of it left this process
  reader_gone,  ///< nobody reads any more (EPIPE)
  stopped,      ///< a signal to stop came while it waited for a slow reader
  failed,       ///< disk full and the like
};

/// A file descriptor that text goes to, past any buffer of ours: what is `yes` was handed to the
/// system. Expects SIGPIPE to be ignored. Owned by one thread.
class Output {
 public:
  /// `stop_fd`: gives up waiting when it becomes readable; -1: waits as long as it takes.
  explicit Output(int fd, int stop_fd = -1) : fd_{fd}, stop_fd_{stop_fd} {}
  Written write(std::string_view text);
  bool is_terminal() const;

 private:
  Written wait_for_room() const;
  int fd_;
  int stop_fd_;
};

}  // namespace martlet::cli
