#include "apps/martletd/admin_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/check.h"

namespace martlet::daemon {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "admin.sock";
constexpr int kRequestTimeoutMs = 5'000;   // the operator's program sends at once
constexpr int kAnswerTimeoutMs = 120'000;  // the office may be scrubbing a large disk
constexpr std::size_t kAnswerBytesMax = 64 * 1024 * 1024;

/// An address of a socket file may have 107 bytes only, a folder's path any length. So the folder
/// is named by an open descriptor.
struct ShortAddress {
  Descriptor folder;
  sockaddr_un address{};

  static std::optional<ShortAddress> of(const fs::path& path) {
    ShortAddress made;
    made.folder = Descriptor{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!made.folder) return std::nullopt;
    const auto text = "/proc/self/fd/" + std::to_string(made.folder.get()) + "/" + kName;
    CHECK(text.size() < sizeof made.address.sun_path);
    made.address.sun_family = AF_UNIX;
    std::memcpy(made.address.sun_path, text.c_str(), text.size() + 1);
    return made;
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

bool wait_for(int fd, short events, int timeout_ms) {
  pollfd entry{fd, events, 0};
  int got = 0;
  do {
    got = ::poll(&entry, 1, timeout_ms);
  } while (got < 0 && errno == EINTR);
  return got == 1;
}

/// Up to the first line end; nothing if it does not come in time or is too long.
std::optional<std::string> read_line(int fd, std::size_t bytes_max, int timeout_ms) {
  std::string line;
  std::array<char, 16'384> part;
  while (line.size() <= bytes_max) {
    if (!wait_for(fd, POLLIN, timeout_ms)) return std::nullopt;
    const auto got = ::recv(fd, part.data(), part.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    line.append(part.data(), static_cast<std::size_t>(got));
    const auto end = line.find('\n');
    if (end != std::string::npos) return line.substr(0, end);
  }
  return std::nullopt;
}

bool write_line(int fd, std::string_view text) {
  auto line = std::string{text} + "\n";
  std::string_view rest = line;
  while (!rest.empty()) {
    const auto sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

Complaint socket_problem(const char* what, const fs::path& folder) {
  return {Exit::data_folder, std::string{"cannot "} + what + " " + (folder / kName).string() +
                                 ": " + std::strerror(errno)};
}

/// The peer that reads no answer must not hold up the next.
void limit_writes(int fd) {
  const timeval limit{5, 0};
  static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit));
}

}  // namespace

Outcome<std::unique_ptr<AdminSocket>> AdminSocket::open(const fs::path& folder, Serve serve) {
  const auto address = ShortAddress::of(folder);
  if (!address) return socket_problem("open the folder of", folder);
  Descriptor listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!listener) return socket_problem("make", folder);
  // One that a killed server left. Nobody else has it: we hold the folder's lock.
  ::unlink(address->address.sun_path);
  if (::bind(listener.get(), address->get(), sizeof address->address) != 0 ||
      ::chmod(address->address.sun_path, 0600) != 0 || ::listen(listener.get(), 16) != 0) {
    return socket_problem("listen on", folder);
  }
  auto doorman = Doorman::start(std::move(listener), [serve = std::move(serve)](int fd, int) {
    limit_writes(fd);
    const auto line = read_line(fd, kRequestBytesMax, kRequestTimeoutMs);
    if (line) write_line(fd, serve(*line));
  });
  if (doorman == nullptr) return socket_problem("serve", folder);
  return std::unique_ptr<AdminSocket>{new AdminSocket{std::move(doorman)}};
}

Outcome<std::optional<std::string>> ask_running_server(const fs::path& folder,
                                                       std::string_view line) {
  const auto address = ShortAddress::of(folder);
  if (!address) return socket_problem("open the folder of", folder);
  const Descriptor connection{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!connection) return socket_problem("reach", folder);
  if (::connect(connection.get(), address->get(), sizeof address->address) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return std::optional<std::string>{};
    return socket_problem("reach", folder);
  }
  if (!write_line(connection.get(), line)) return socket_problem("write to", folder);
  auto answer = read_line(connection.get(), kAnswerBytesMax, kAnswerTimeoutMs);
  if (!answer) {
    return Complaint{Exit::network, "the running server does not answer", "try again"};
  }
  return answer;
}

}  // namespace martlet::daemon
