#pragma once

#include <filesystem>
#include <string_view>

#include "apps/martletd/complaint.h"

namespace martlet::daemon {

/// A file descriptor, closed when it goes.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_{fd} {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_{other.release()} {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

inline constexpr const char* kSettingsFile = "server.toml";

/// The one folder that holds all a server keeps: mode 0700, one process at a time. The lock goes
/// with the object, and with the process however it dies.
class DataFolder {
 public:
  /// Locks a folder that a server has used before. Fails with data_folder when another process has
  /// it, or it is none of ours.
  static Outcome<DataFolder> open(const std::filesystem::path& path);
  /// The same, but makes it if it is not there or empty. A folder of something else is left alone.
  static Outcome<DataFolder> open_or_create(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path settings() const { return path_ / kSettingsFile; }
  std::filesystem::path rocks_mailboxes() const { return path_ / "mailboxes"; }
  std::filesystem::path segment_mailboxes() const { return path_ / "mailbox-log"; }
  std::filesystem::path directory() const { return path_ / "directory"; }
  std::filesystem::path proofs() const { return path_ / "proofs"; }
  std::filesystem::path tls_certificate() const { return path_ / "tls-certificate.pem"; }
  std::filesystem::path tls_key() const { return path_ / "tls-key.pem"; }

 private:
  DataFolder(std::filesystem::path path, Descriptor lock)
      : path_{std::move(path)}, lock_{std::move(lock)} {}
  std::filesystem::path path_;
  Descriptor lock_;
};

/// Has a server used this folder?
bool is_data_folder(const std::filesystem::path& path);

/// Writes a whole file, 0600, durably and all or nothing.
Outcome<void> write_private_file(const std::filesystem::path& path, std::string_view content);
/// At most a megabyte.
Outcome<std::string> read_file(const std::filesystem::path& path);

}  // namespace martlet::daemon
