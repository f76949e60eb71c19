#include "store/vault/profile_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <thread>

namespace martlet::store {
namespace {

constexpr Milliseconds kRetryInterval{10};

/// True when locked, false when another one holds it.
Result<bool> try_lock(const FileDescriptor& file) {
  while (::flock(file.value(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) return Error{Failure::unavailable, "the profile cannot be locked"};
  }
  return true;
}

/// The number is for messages only, so a full disk does not keep anybody from reading.
void note_holder(const FileDescriptor& file) {
  const auto text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file.value(), 0) == 0) (void)write_all(file, bytes_of(text)).ok();
}

}  // namespace

Result<ProfileLock> ProfileLock::acquire(const std::string& folder, Milliseconds wait) {
  const auto path = folder + "/lock";
  FileDescriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (file.value() < 0)
    return Error{Failure::unavailable, "the profile's folder cannot be written"};
  const auto deadline = std::chrono::steady_clock::now() + wait;
  while (!TRY(try_lock(file))) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{Failure::in_use, "another process uses this profile"};
    }
    std::this_thread::sleep_for(kRetryInterval);
  }
  note_holder(file);
  return ProfileLock{std::move(file)};
}

std::optional<int> ProfileLock::holder(const std::string& folder) {
  const FileDescriptor file{::open((folder + "/lock").c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.value() < 0) return std::nullopt;
  std::array<char, 32> text{};
  const auto size = ::read(file.value(), text.data(), text.size());
  int pid = 0;
  if (size <= 0) return std::nullopt;
  const auto parsed = std::from_chars(text.data(), text.data() + size, pid);
  if (parsed.ec != std::errc{} || pid <= 0) return std::nullopt;
  return pid;
}

}  // namespace martlet::store
