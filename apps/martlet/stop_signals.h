#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace martlet::cli {

/// SIGINT, SIGTERM and SIGHUP as something to wait for, instead of sudden death, while it exists.
/// Make it before any other thread is started: threads inherit the blocked signals. One at a time.
class StopSignals {
 public:
  /// `on_stop` is called once, on a thread of its own, when the first of them arrives.
  explicit StopSignals(std::function<void()> on_stop);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  bool arrived() const { return arrived_; }
  /// Readable from the first signal on. Stays ours.
  int fd() const { return signal_fd_; }

 private:
  void watch(const std::function<void()>& on_stop);
  int signal_fd_;
  int end_fd_;
  std::atomic<bool> arrived_{false};
  std::thread watcher_;
};

}  // namespace martlet::cli
