#include "store/vault/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace martlet::store {
namespace {

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (value_ >= 0) ::close(value_);
}

Result<bool> exists(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT) return false;
  return Error{Failure::unavailable, "the profile's folder cannot be read"};
}

Result<FileDescriptor> create_private_file(const std::string& path) {
  FileDescriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (file.value() < 0) return Error{Failure::unavailable, "a file cannot be created"};
  return file;
}

Result<void> write_all(const FileDescriptor& file, ByteView bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file.value(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Error{Failure::unavailable, "a file cannot be written"};
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> sync_file(const FileDescriptor& file) {
  if (::fsync(file.value()) != 0) return Error{Failure::unavailable, "the disk did not take it"};
  return {};
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return Error{Failure::unavailable, "a file cannot be removed"};
  }
  return {};
}

Result<void> rename_durably(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return Error{Failure::unavailable, "a file cannot be renamed"};
  }
  const FileDescriptor folder{::open(folder_of(to).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.value() < 0) return Error{Failure::unavailable, "the folder cannot be opened"};
  return sync_file(folder);
}

}  // namespace martlet::store
