#include "apps/martletd/disk_thread.h"

#include "base/check.h"

namespace martlet::daemon {

DiskThread::DiskThread(std::function<void(Result<void>)> done)
    : done_{std::move(done)}, thread_{[this] { run(); }} {}

DiskThread::~DiskThread() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void DiskThread::give(std::unique_ptr<store::SyncWork> work) {
  {
    const std::lock_guard lock{mutex_};
    CHECK(work_ == nullptr && work != nullptr);
    work_ = std::move(work);
  }
  changed_.notify_one();
}

void DiskThread::run() {
  for (;;) {
    std::unique_ptr<store::SyncWork> work;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return work_ != nullptr || stopping_; });
      if (work_ == nullptr) return;
      work = std::move(work_);
    }
    done_(work->perform());
  }
}

}  // namespace martlet::daemon
