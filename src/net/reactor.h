#pragma once

#include <functional>
#include <memory>

#include "base/time.h"

namespace martlet::net {

/// One event loop for one thread. Connections, timers and listeners made on it live and are called
/// on the thread that is in run(); only post() and stop() may be called from elsewhere. With the
/// reactor its connections go, and their handlers, which are not told.
class Reactor {
 public:
  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  /// Serves until stop(). One thread at a time.
  void run();
  /// Serves until `done` is true after some event, or `timeout` has passed; gives back `done()`.
  bool run_until(const std::function<bool()>& done, Milliseconds timeout);
  /// Thread-safe.
  void stop();
  /// Runs `work` on the reactor, after what was posted before. Thread-safe. Never runs it inside
  /// the call.
  void post(std::function<void()> work);
  /// Runs `work` once, `delay` from now, unless the returned guard is gone by then.
  [[nodiscard]] std::shared_ptr<void> after(Milliseconds delay, std::function<void()> work);

  struct Implementation;
  Implementation& implementation() { return *implementation_; }  ///< for net/ alone

 private:
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace martlet::net
