#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>

namespace martlet::net {

class Socket;

using SteadyTime = std::chrono::steady_clock::time_point;

/// The system's word on which sockets are ready (epoll(7)). All but wake() belongs to one thread.
class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Waits until something is ready, at most so long (negative: for ever), says when that was, and
  /// serves all of it.
  void wait(int timeout_ms, SteadyTime& woke_at);
  /// Ends a wait that is under way, or the next one. Thread-safe.
  void wake();

 private:
  friend class Socket;
  bool control(int operation, Socket& socket, unsigned events);
  /// Not one of the events that were fetched goes to this socket any more.
  void forget(Socket& socket);

  int epoll_;
  int wake_;
  std::array<epoll_event, 256> ready_{};
  int ready_count_ = 0;
  Socket* served_ = nullptr;  ///< being told right now, and still there
};

}  // namespace martlet::net
