#include "net/poller.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "base/check.h"
#include "net/socket.h"

namespace martlet::net {

Poller::Poller()
    : epoll_{::epoll_create1(EPOLL_CLOEXEC)}, wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  // Without them nothing can be served at all.
  CHECK(epoll_ >= 0 && wake_ >= 0);
  epoll_event event{};
  event.events = EPOLLIN;
  CHECK(::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) == 0);
}

Poller::~Poller() {
  ::close(wake_);
  ::close(epoll_);
}

void Poller::wait(int timeout_ms, SteadyTime& woke_at) {
  ready_count_ = ::epoll_wait(epoll_, ready_.data(), static_cast<int>(ready_.size()), timeout_ms);
  woke_at = std::chrono::steady_clock::now();
  for (int i = 0; i < ready_count_; ++i) {
    const auto& event = ready_[static_cast<std::size_t>(i)];
    if (event.data.ptr != nullptr) {
      static_cast<Socket*>(event.data.ptr)->serve(event.events);
    } else if (event.events != 0) {
      eventfd_t ignored = 0;
      ::eventfd_read(wake_, &ignored);
    }
  }
  ready_count_ = 0;
}

void Poller::wake() { ::eventfd_write(wake_, 1); }

bool Poller::control(int operation, Socket& socket, unsigned events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &socket;
  return ::epoll_ctl(epoll_, operation, socket.descriptor(), &event) == 0;
}

void Poller::forget(Socket& socket) {
  if (served_ == &socket) served_ = nullptr;
  for (int i = 0; i < ready_count_; ++i) {
    auto& event = ready_[static_cast<std::size_t>(i)];
    if (event.data.ptr == &socket) event = {};
  }
}

}  // namespace martlet::net
