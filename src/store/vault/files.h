#pragma once

#include <string>
#include <utility>

#include "base/bytes.h"

/// The few things that key file, lock and vault ask of the file system. A failed call means
/// `unavailable` unless it says otherwise.
namespace martlet::store {

/// An open file, closed when destroyed.
class FileDescriptor {
 public:
  explicit FileDescriptor(int value = -1) : value_{value} {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept : value_{std::exchange(other.value_, -1)} {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  int value() const { return value_; }

 private:
  int value_;
};

Result<bool> exists(const std::string& path);
/// Makes an empty file, mode 0600. Fails if it is there.
Result<FileDescriptor> create_private_file(const std::string& path);
Result<void> write_all(const FileDescriptor& file, ByteView bytes);
Result<void> sync_file(const FileDescriptor& file);
/// None there is no error.
Result<void> remove_file(const std::string& path);
/// Gives `from` the name `to`, and makes that safe from a power cut.
Result<void> rename_durably(const std::string& from, const std::string& to);

}  // namespace martlet::store
