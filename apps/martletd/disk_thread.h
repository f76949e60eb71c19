#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "store/mailbox_store.h"

namespace martlet::daemon {

/// Does one piece of disk work at a time, on a thread of its own. Thread-safe.
class DiskThread {
 public:
  /// `done` gets the result of each piece, on this thread; then the next may be given.
  explicit DiskThread(std::function<void(Result<void>)> done);
  /// After what was given is done.
  ~DiskThread();
  DiskThread(const DiskThread&) = delete;
  DiskThread& operator=(const DiskThread&) = delete;

  /// The piece before must be done.
  void give(std::unique_ptr<store::SyncWork> work);

 private:
  void run();

  const std::function<void(Result<void>)> done_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<store::SyncWork> work_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace martlet::daemon
