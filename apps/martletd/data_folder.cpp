#include "apps/martletd/data_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace martlet::daemon {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLock = "lock";
constexpr std::size_t kFileBytesMax = 1024 * 1024;

Complaint cannot(const std::string& what, const fs::path& path) {
  return {Exit::data_folder, "cannot " + what + " " + path.string() + ": " + std::strerror(errno)};
}

Outcome<Descriptor> take_lock(const fs::path& path, int flags) {
  Descriptor lock{::open((path / kLock).c_str(), O_RDWR | O_CLOEXEC | flags, 0600)};
  if (!lock) return cannot("open", path / kLock);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return cannot("lock", path / kLock);
  return Complaint{Exit::data_folder, "another martletd is using " + path.string(),
                   "one process serves a data folder; stop the other one first"};
}

bool holds_nothing(const fs::path& path) {
  std::error_code error;
  return fs::is_empty(path, error) && !error;
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const auto written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

bool is_data_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path / kLock, error);
}

Outcome<DataFolder> DataFolder::open(const fs::path& path) {
  if (!is_data_folder(path)) {
    return Complaint{Exit::data_folder, path.string() + " is not the data folder of a server",
                     "`martletd serve --data DIR` makes one"};
  }
  auto lock = TRY(take_lock(path, 0));
  return DataFolder{path, std::move(lock)};
}

Outcome<DataFolder> DataFolder::open_or_create(const fs::path& path) {
  std::error_code error;
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return cannot("create", path);
  if (!fs::is_directory(path, error)) {
    return Complaint{Exit::data_folder, path.string() + " is not a folder"};
  }
  if (!is_data_folder(path) && !holds_nothing(path)) {
    return Complaint{Exit::data_folder,
                     path.string() + " holds other files, and is not the data folder of a server",
                     "name a new or an empty folder"};
  }
  if (::chmod(path.c_str(), 0700) != 0) return cannot("make private", path);
  auto lock = TRY(take_lock(path, O_CREAT));
  return DataFolder{path, std::move(lock)};
}

Outcome<void> write_private_file(const fs::path& path, std::string_view content) {
  const fs::path fresh = path.string() + ".new";
  {
    const Descriptor file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    if (!file || !write_all(file.get(), content) || ::fsync(file.get()) != 0) {
      return cannot("write", fresh);
    }
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return cannot("write", path);
  const Descriptor folder{::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder || ::fsync(folder.get()) != 0) return cannot("write", path.parent_path());
  return {};
}

Outcome<std::string> read_file(const fs::path& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return cannot("read", path);
  std::string content;
  std::array<char, 16'384> part;
  for (;;) {
    const auto got = ::read(file.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot("read", path);
    if (got == 0) return content;
    content.append(part.data(), static_cast<std::size_t>(got));
    if (content.size() > kFileBytesMax) {
      return Complaint{Exit::data_folder, path.string() + " is too large to be what it should be"};
    }
  }
}

}  // namespace martlet::daemon
