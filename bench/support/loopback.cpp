#include "loopback.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>

#include "process.h"

namespace martlet::bench {
namespace {

constexpr unsigned kSourceAddresses = 200;

struct Address {
  sockaddr_in in{};
  Address(std::uint16_t port, std::uint32_t address = INADDR_LOOPBACK) {
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    in.sin_addr.s_addr = htonl(address);
  }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&in); }
};

int make_socket(int flags = 0) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  if (descriptor < 0) give_up("no socket: descriptors");
  return descriptor;
}

void switch_on(int descriptor, int level, int option) {
  const int on = 1;
  ::setsockopt(descriptor, level, option, &on, sizeof on);
}

/// The port that the system chose.
std::uint16_t bind_anywhere(int descriptor) {
  Address address{0};
  socklen_t size = sizeof address.in;
  if (::bind(descriptor, address.get(), size) != 0 ||
      ::getsockname(descriptor, address.get(), &size) != 0) {
    give_up("no port on loopback");
  }
  return ntohs(address.in.sin_port);
}

bool connects(int descriptor, std::uint16_t port) {
  Address to{port};
  return ::connect(descriptor, to.get(), sizeof to.in) == 0;
}

}  // namespace

int listen_on_loopback(std::uint16_t& port, Blocking blocking) {
  const int descriptor = make_socket(blocking == Blocking::yes ? 0 : SOCK_NONBLOCK);
  port = bind_anywhere(descriptor);
  if (::listen(descriptor, SOMAXCONN) != 0) give_up("cannot listen on loopback");
  return descriptor;
}

int connect_on_loopback(std::uint16_t port) {
  const int descriptor = make_socket();
  if (!connects(descriptor, port)) give_up("cannot connect on loopback");
  ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
  switch_on(descriptor, IPPROTO_TCP, TCP_NODELAY);
  return descriptor;
}

int connect_from_many_addresses(std::uint16_t port) {
  static std::atomic<unsigned> number{0};
  const int descriptor = make_socket();
  switch_on(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
  switch_on(descriptor, IPPROTO_TCP, TCP_NODELAY);
  Address from{0, INADDR_LOOPBACK + 1 + number++ % kSourceAddresses};
  if (::bind(descriptor, from.get(), sizeof from.in) != 0 || !connects(descriptor, port)) {
    give_up("a server cannot be reached");
  }
  return descriptor;
}

int accept_without_blocking(int listener) {
  const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (descriptor >= 0) switch_on(descriptor, IPPROTO_TCP, TCP_NODELAY);
  return descriptor;
}

std::uint16_t free_port() {
  const int descriptor = make_socket();
  const auto port = bind_anywhere(descriptor);
  ::close(descriptor);
  return port;
}

bool somebody_listens(std::uint16_t port) {
  const int descriptor = make_socket();
  const bool there = connects(descriptor, port);
  ::close(descriptor);
  return there;
}

}  // namespace martlet::bench
