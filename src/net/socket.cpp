#include "net/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <string>

namespace martlet::net {

namespace asio = boost::asio;
using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

struct Socket::State {
  State(asio::io_context& io, SocketUser& who) : user{&who}, descriptor{io.get_executor()} {}
  SocketUser* user;  ///< null: closed
  Descriptor descriptor;
  bool awaits_read = false;
  bool awaits_write = false;
};

Socket::Socket(asio::io_context& io, int descriptor, SocketUser& user)
    : state_{std::make_shared<State>(io, user)} {
  boost::system::error_code error;
  state_->descriptor.assign(descriptor, error);
  if (error) {
    ::close(descriptor);
    state_ = nullptr;
  }
}

Socket::~Socket() { close(); }

int Socket::descriptor() const {
  return state_ == nullptr ? -1 : state_->descriptor.native_handle();
}

void Socket::close() {
  if (state_ == nullptr) return;
  state_->user = nullptr;
  boost::system::error_code ignored;
  state_->descriptor.close(ignored);
  state_ = nullptr;
}

int Socket::release() {
  if (state_ == nullptr) return -1;
  state_->user = nullptr;
  const int descriptor = state_->descriptor.release();
  state_ = nullptr;
  return descriptor;
}

void Socket::await(const std::shared_ptr<State>& state, bool write) {
  auto& awaits = write ? state->awaits_write : state->awaits_read;
  if (awaits) return;
  awaits = true;
  state->descriptor.async_wait(write ? Descriptor::wait_write : Descriptor::wait_read,
                               [state, write](const boost::system::error_code&) {
                                 // Whatever the error, the next read or write will meet it as well.
                                 (write ? state->awaits_write : state->awaits_read) = false;
                                 if (state->user == nullptr) return;
                                 write ? state->user->on_writable() : state->user->on_readable();
                               });
}

void Socket::await_readable() {
  if (state_ != nullptr) await(state_, false);
}

void Socket::await_writable() {
  if (state_ != nullptr) await(state_, true);
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
