#include "apps/martletd/doorman.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace martlet::daemon {

std::unique_ptr<Doorman> Doorman::start(Descriptor listener, Serve serve) {
  std::array<int, 2> stop{};
  if (::pipe2(stop.data(), O_CLOEXEC) != 0) return nullptr;
  return std::unique_ptr<Doorman>{
      new Doorman{std::move(listener), Descriptor{stop[0]}, Descriptor{stop[1]}, std::move(serve)}};
}

Doorman::Doorman(Descriptor listener, Descriptor stop_read, Descriptor stop_write, Serve serve)
    : listener_{std::move(listener)},
      stop_read_{std::move(stop_read)},
      stop_write_{std::move(stop_write)},
      serve_{std::move(serve)},
      thread_{[this] { run(); }} {}

Doorman::~Doorman() {
  const char byte = 0;
  static_cast<void>(!::write(stop_write_.get(), &byte, 1));
  thread_.join();
}

void Doorman::run() {
  for (;;) {
    std::array<pollfd, 2> entries{{{listener_.get(), POLLIN, 0}, {stop_read_.get(), POLLIN, 0}}};
    if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) return;
    if (entries[1].revents != 0) return;
    if (entries[0].revents == 0) continue;
    const Descriptor connection{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (connection) serve_(connection.get(), stop_read_.get());
  }
}

}  // namespace martlet::daemon
