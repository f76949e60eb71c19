#include "apps/martletd/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "apps/martletd/data_folder.h"

namespace martlet::daemon {
namespace {

using gateways::GatewaySecret;
using gateways::limits::kSecretBytesMax;

/// As many as fit; -1: the disk refuses.
ssize_t read_all(int fd, std::span<std::uint8_t> bytes) {
  std::size_t used = 0;
  while (used < bytes.size()) {
    const auto got = ::read(fd, bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(used);
}

}  // namespace

Outcome<GatewaySecret> read_secret_file(const std::filesystem::path& path, std::size_t least) {
  const auto complain = [&](const std::string& what, const std::string& hint) {
    return Complaint{Exit::usage, path.string() + what, hint};
  };
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat info {};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return complain(" cannot be read", "it must be a file that the server's user may read");
  }
  if ((info.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return complain(" may be read or changed by everybody on this machine",
                    "chmod 600 " + path.string() + ", then choose another secret");
  }
  bool failed = false;
  GatewaySecret secret{kSecretBytesMax + 2, [&](std::span<std::uint8_t> bytes) -> std::size_t {
                         const auto got = read_all(file.get(), bytes);
                         failed = got < 0;
                         auto used = failed ? 0 : static_cast<std::size_t>(got);
                         if (used > 0 && bytes[used - 1] == '\n') --used;
                         return used;
                       }};
  if (failed) return complain(" cannot be read", "look into the system's log for disk errors");
  const auto content = secret.reveal();
  const auto is_control = [](std::uint8_t byte) { return byte < ' ' || byte == 0x7f; };
  if (content.size() > kSecretBytesMax || std::ranges::any_of(content, is_control)) {
    return complain(" does not hold one secret",
                    "one line of at most " + std::to_string(kSecretBytesMax) + " bytes");
  }
  if (content.size() < least) {
    return complain(content.empty() ? " is empty" : " is too short to be safe",
                    "for a key: openssl rand -hex 24 >" + path.string());
  }
  return secret;
}

}  // namespace martlet::daemon
