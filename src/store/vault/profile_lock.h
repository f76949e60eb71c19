#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "store/vault/files.h"

namespace martlet::store {

/// Keeps every other process, and every other ProfileLock of this one, off a profile's folder while
/// it lives. The kernel releases it when the process dies, however it dies.
class ProfileLock {
 public:
  /// Locks the file `lock` in `folder`, which exists, and writes our process id into it. Waits at
  /// most `wait` for another holder; then fails with `in_use`. `unavailable`: the folder cannot be
  /// written.
  static Result<ProfileLock> acquire(const std::string& folder, Milliseconds wait = {});

  /// The process that held the folder last, as it wrote itself: for a message, not for decisions.
  static std::optional<int> holder(const std::string& folder);

 private:
  explicit ProfileLock(FileDescriptor file) : file_{std::move(file)} {}
  FileDescriptor file_;
};

}  // namespace martlet::store
