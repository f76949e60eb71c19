#pragma once

#include <functional>
#include <queue>
#include <vector>

#include "base/time.h"

namespace martlet::simulation {

/// Simulated time: actions run one after the other, in the order of their times; equal times in the
/// order they were asked for. Nothing else moves the clock.
class Schedule {
 public:
  using Action = std::function<void()>;

  UnixMillis now() const { return now_; }
  void after(Milliseconds delay, Action action) {
    queue_.push({now_ + std::max(delay, Milliseconds{0}), next_++, std::move(action)});
  }
  /// Runs everything due up to `end`, and leaves the clock there.
  void run_until(UnixMillis end) {
    while (!queue_.empty() && queue_.top().time <= end) {
      auto action = std::move(const_cast<Entry&>(queue_.top()).action);
      now_ = queue_.top().time;
      queue_.pop();
      action();
    }
    now_ = end;
  }

 private:
  struct Entry {
    UnixMillis time;
    std::uint64_t order;
    Action action;
    bool operator<(const Entry& other) const {
      return time != other.time ? time > other.time : order > other.order;
    }
  };
  UnixMillis now_ = unix_millis(1'790'000'000'000);
  std::uint64_t next_ = 0;
  std::priority_queue<Entry> queue_;
};

}  // namespace martlet::simulation
