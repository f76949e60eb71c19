#include "store/segments/posix_segment_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "base/check.h"

namespace martlet::store {
namespace {

constexpr const char* kLock = "lock";
constexpr std::size_t kZerosBytes = 64 * 1024;
constexpr std::uint64_t kPunchBytes = 64 * 1024;  // a hole so large gives blocks back

Error disk_error() {
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
    return {Failure::unavailable, "the disk is full"};
  }
  return {Failure::unavailable, "the disk did not answer"};
}

class PosixFile final : public SegmentFile {
 public:
  PosixFile(int fd, std::uint64_t size) : fd_{fd}, size_{size} {}
  ~PosixFile() override { ::close(fd_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<void> write(std::uint64_t offset, ByteView bytes) override {
    while (!bytes.empty()) {
      const auto written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return disk_error();
      offset += static_cast<std::uint64_t>(written);
      if (offset > size_) size_ = offset;
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<void> sync() override {
    if (::fdatasync(fd_) != 0) return disk_error();
    return {};
  }

  Result<std::size_t> read(std::uint64_t offset, std::span<std::uint8_t> into) const override {
    std::size_t done = 0;
    while (done < into.size()) {
      const auto got =
          ::pread(fd_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return disk_error();
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Result<bool> read_both(std::uint64_t offset, std::span<std::uint8_t> first,
                         std::span<std::uint8_t> second) const override {
    const iovec parts[] = {{first.data(), first.size()}, {second.data(), second.size()}};
    const auto got = ::preadv(fd_, parts, 2, static_cast<off_t>(offset));
    if (got == static_cast<ssize_t>(first.size() + second.size())) return true;
    // Interrupted or in portions: seldom, so the long way.
    if (TRY(read(offset, first)) < first.size()) return false;
    return TRY(read(offset + first.size(), second)) == second.size();
  }

  Result<void> allocate(std::uint64_t size) override {
    if (size <= size_) return {};
    if (::fallocate(fd_, 0, static_cast<off_t>(size_), static_cast<off_t>(size - size_)) != 0) {
      // A file system that cannot reserve: then writing makes the file longer.
      if (errno == EOPNOTSUPP) return {};
      return disk_error();
    }
    size_ = size;
    return {};
  }

  Result<void> truncate(std::uint64_t size) override {
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) return disk_error();
    size_ = size;
    return {};
  }

  Result<void> zero(std::uint64_t offset, std::uint64_t size) override {
    if (size >= kPunchBytes &&
        ::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                    static_cast<off_t>(size)) == 0) {
      return {};
    }
    static constexpr std::array<std::uint8_t, kZerosBytes> kZeros{};
    while (size > 0) {
      const auto part = std::min<std::uint64_t>(size, kZeros.size());
      TRY(write(offset, ByteView{kZeros}.first(part)));
      offset += part;
      size -= part;
    }
    return {};
  }

  std::uint64_t size() const override { return size_; }

 private:
  const int fd_;
  std::atomic<std::uint64_t> size_;  ///< asked for while another thread writes
};

}  // namespace

Result<std::unique_ptr<PosixSegmentFiles>> PosixSegmentFiles::open(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return disk_error();
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return disk_error();
  return std::unique_ptr<PosixSegmentFiles>{new PosixSegmentFiles{folder}};
}

PosixSegmentFiles::~PosixSegmentFiles() {
  if (lock_ >= 0) ::close(lock_);
  ::close(folder_);
}

Result<void> PosixSegmentFiles::lock() {
  lock_ = ::openat(folder_, kLock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) return disk_error();
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return disk_error();
  return Error{Failure::in_use, "another process uses the mailboxes"};
}

Result<std::vector<std::string>> PosixSegmentFiles::list() const {
  const int copy = ::openat(folder_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return disk_error();
  DIR* folder = ::fdopendir(copy);
  if (folder == nullptr) {
    ::close(copy);
    return disk_error();
  }
  std::vector<std::string> names;
  errno = 0;
  while (const auto* entry = ::readdir(folder)) names.emplace_back(entry->d_name);
  const bool failed = errno != 0;
  ::closedir(folder);
  if (failed) return Error{Failure::unavailable, "the disk did not answer"};
  return names;
}

Result<std::unique_ptr<SegmentFile>> PosixSegmentFiles::open_file(const std::string& name) {
  const int fd = ::openat(folder_, name.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return disk_error();
  struct stat about {};
  if (::fstat(fd, &about) != 0) {
    ::close(fd);
    return disk_error();
  }
  return std::unique_ptr<SegmentFile>{
      std::make_unique<PosixFile>(fd, static_cast<std::uint64_t>(about.st_size))};
}

Result<std::unique_ptr<SegmentFile>> PosixSegmentFiles::create(const std::string& name) {
  const int fd = ::openat(folder_, name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return disk_error();
  return std::unique_ptr<SegmentFile>{std::make_unique<PosixFile>(fd, 0)};
}

Result<void> PosixSegmentFiles::rename(const std::string& from, const std::string& to) {
  if (::renameat(folder_, from.c_str(), folder_, to.c_str()) != 0) return disk_error();
  return {};
}

Result<void> PosixSegmentFiles::remove(const std::string& name) {
  if (::unlinkat(folder_, name.c_str(), 0) != 0 && errno != ENOENT) return disk_error();
  return {};
}

Result<void> PosixSegmentFiles::sync_folder() {
  if (::fsync(folder_) != 0) return disk_error();
  return {};
}

std::uint64_t PosixSegmentFiles::random() {
  std::uint64_t value = 0;
  CHECK(::getrandom(&value, sizeof value, 0) == sizeof value);
  return value;
}

}  // namespace martlet::store
