#include "store/vault/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "store/vault/files.h"

namespace martlet::store {
namespace {

/// Fills `bytes` from the front of the file; fewer are there: `corrupt`.
Result<void> read_all(const FileDescriptor& file, std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const auto got = ::read(file.value(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{Failure::unavailable, "the key file cannot be read"};
    if (got == 0) return Error{Failure::corrupt, "the key file is cut short"};
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

}  // namespace

Result<VaultKey> load_key(const std::string& path) {
  // Without O_NONBLOCK a pipe of that name would hold us for ever.
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (file.value() < 0) {
    if (errno == ENOENT) return Error{Failure::not_found, "no key file"};
    return Error{Failure::unavailable, "the key file cannot be opened"};
  }
  struct stat status {};
  if (::fstat(file.value(), &status) != 0) {
    return Error{Failure::unavailable, "the key file cannot be read"};
  }
  if (!S_ISREG(status.st_mode)) return Error{Failure::refused, "the key file is no plain file"};
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{Failure::refused, "others may read the key file: its mode must be 0600"};
  }
  if (status.st_size != static_cast<off_t>(VaultKey::kBytes)) {
    return Error{Failure::corrupt, "the key file does not have 32 bytes"};
  }
  Result<void> read;
  VaultKey key{[&](auto bytes) { read = read_all(file, bytes); }};
  if (!read.ok()) return read.error();
  return key;
}

Result<VaultKey> load_or_create_key(const std::string& path, Random& random) {
  auto loaded = load_key(path);
  if (loaded.ok() || loaded.error().failure != Failure::not_found) return loaded;
  const auto beside = path + ".new";
  TRY(remove_file(beside));  // of a start that was killed
  const auto file = TRY(create_private_file(beside));
  VaultKey key{[&](auto bytes) { random.fill(bytes); }};
  TRY(write_all(file, key.reveal()));
  TRY(sync_file(file));
  TRY(rename_durably(beside, path));
  return key;
}

}  // namespace martlet::store
