#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/meter.h"
#include "base/time.h"

namespace martlet::daemon {

/// Microseconds of the machine's clock that only goes forward.
std::uint64_t steady_micros();

/// Asks threads again and again how soon they come to something new, on a thread of its own: how
/// long work that is handed to them lies there.
class Pulse {
 public:
  /// Has `work` run on the thread in question, some time soon. False: it will never run. Called on
  /// the pulse's thread.
  using Post = std::function<bool(std::function<void()> work)>;

  /// One question is under way to each of `threads` at most; asked every `interval`.
  Pulse(std::vector<Post> threads, Milliseconds interval);
  /// No question is asked any more; one that is under way is answered into nothing.
  ~Pulse();

  std::size_t size() const { return beats_.size(); }
  /// How long questions to thread `index` took. Thread-safe, as is the next.
  const DurationHistogram& lag(std::size_t index) const { return beats_.at(index)->lag_us; }
  /// How long the last one took, or has taken so far.
  std::uint64_t lag_now(std::size_t index) const;

 private:
  struct Beat {
    Post post;
    std::atomic<std::uint64_t> asked{0};  ///< when; 0: no question is under way
    DurationHistogram lag_us;             ///< written by the thread that is asked
    Meter last_us;                        ///< likewise
  };
  void run(Milliseconds interval);

  std::vector<std::shared_ptr<Beat>> beats_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  ///< guarded by mutex_
  std::thread thread_;
};

}  // namespace martlet::daemon
