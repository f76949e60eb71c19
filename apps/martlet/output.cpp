#include "apps/martlet/output.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace martlet::cli {

Written Output::write(std::string_view text) {
  while (!text.empty()) {
    const auto room = wait_for_room();
    if (room != Written::yes) return room;
    // A pipe with room takes PIPE_BUF bytes without blocking, so the stop signal is always seen.
    const auto part = text.substr(0, std::min<std::size_t>(text.size(), PIPE_BUF));
    const auto written = ::write(fd_, part.data(), part.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      return Written::reader_gone;
    } else if (errno != EINTR && errno != EAGAIN) {
      return Written::failed;
    }
  }
  return Written::yes;
}

Written Output::wait_for_room() const {
  for (;;) {
    pollfd watched[2] = {{fd_, POLLOUT, 0}, {stop_fd_, POLLIN, 0}};
    if (::poll(watched, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return Written::failed;
    }
    if ((watched[0].revents & POLLERR) != 0) return Written::reader_gone;
    if ((watched[0].revents & (POLLOUT | POLLHUP | POLLNVAL)) != 0) return Written::yes;
    if (watched[1].revents != 0) return Written::stopped;
  }
}

bool Output::is_terminal() const { return ::isatty(fd_) == 1; }

}  // namespace martlet::cli
