#include "net/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "net/poller.h"

namespace martlet::net {
namespace {

constexpr std::uint32_t kBroken = EPOLLHUP | EPOLLERR;  // reported whether or not one asks

}  // namespace

Socket::Socket(Poller& poller, int descriptor, SocketUser& user)
    : poller_{poller}, user_{user}, descriptor_{descriptor}, watched_{EPOLLIN} {
  if (poller_.control(EPOLL_CTL_ADD, *this, watched_)) return;
  is_watched_ = false;
  ::close(std::exchange(descriptor_, -1));
}

Socket::~Socket() { close(); }

void Socket::close() {
  const int descriptor = release();
  if (descriptor >= 0) ::close(descriptor);
}

int Socket::release() {
  if (descriptor_ < 0) return -1;
  // Closing alone would do it only if nobody else, like a child just forked, has it too.
  if (std::exchange(is_watched_, false)) poller_.control(EPOLL_CTL_DEL, *this, 0);
  poller_.forget(*this);
  return std::exchange(descriptor_, -1);
}

void Socket::await_readable() {
  if (descriptor_ < 0) return;
  awaits_read_ = true;
  watch(watched_ | EPOLLIN);
}

void Socket::await_writable() {
  if (descriptor_ < 0) return;
  awaits_write_ = true;
  watch(watched_ | EPOLLOUT);
}

void Socket::watch(std::uint32_t events) {
  if (is_watched_ && events == watched_) return;
  // It was watched before, so the system has the memory; only a bug of ours could fail here.
  poller_.control(std::exchange(is_watched_, true) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, *this, events);
  watched_ = events;
}

/// The system reports a state for as long as it lasts, so what is not asked for now is switched
/// off; most often the user asks again at once, and then nothing was to be switched.
void Socket::serve(std::uint32_t events) {
  const bool read = awaits_read_ && (events & (EPOLLIN | kBroken)) != 0;
  const bool write = awaits_write_ && (events & (EPOLLOUT | kBroken)) != 0;
  auto wanted = watched_;
  if ((events & EPOLLIN) != 0 && !read) wanted &= ~std::uint32_t{EPOLLIN};
  if ((events & EPOLLOUT) != 0 && !write) wanted &= ~std::uint32_t{EPOLLOUT};
  if ((events & kBroken) != 0 && !read && !write) {
    is_watched_ = false;
    watched_ = 0;
    poller_.control(EPOLL_CTL_DEL, *this, 0);
    return;
  }
  watch(wanted);
  auto& poller = poller_;
  poller.served_ = this;
  if (read) {
    awaits_read_ = false;
    user_.on_readable();
  }
  // The user may have closed or destroyed us.
  if (write && poller.served_ == this) {
    awaits_write_ = false;
    user_.on_writable();
  }
  poller.served_ = nullptr;
}

bool peer_has_gone(int descriptor) {
  pollfd state{descriptor, POLLRDHUP, 0};
  return ::poll(&state, 1, 0) == 1;
}

std::string remote_address(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size());
    } else {
      ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    }
  }
  return text.data();
}

void prepare(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace martlet::net
