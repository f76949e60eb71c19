#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace martlet::store {

/// Name of the index snapshot.
inline constexpr const char* kIndexFile = "index";

/// One open file of a SegmentFiles. What is written is safe from a power cut after sync() only.
/// `write` and `sync` may be called from another thread than the rest, one call at a time.
class SegmentFile {
 public:
  virtual ~SegmentFile() = default;
  /// All of `bytes` at `offset`; a hole before it reads as zeros. Fails with `unavailable`: then
  /// any part may have been written.
  virtual Result<void> write(std::uint64_t offset, ByteView bytes) = 0;
  /// Makes content and size safe (fdatasync). After a failure nothing is known of what was written.
  virtual Result<void> sync() = 0;
  /// Fills `into` from `offset`; less is given back only where the file ends.
  virtual Result<std::size_t> read(std::uint64_t offset, std::span<std::uint8_t> into) const = 0;
  /// Two neighbouring parts in one call; false: the file ends before.
  virtual Result<bool> read_both(std::uint64_t offset, std::span<std::uint8_t> first,
                                 std::span<std::uint8_t> second) const = 0;
  /// Makes the file `size` long, zeros behind what is there, with the disk's blocks reserved.
  virtual Result<void> allocate(std::uint64_t size) = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
  /// Overwrites a part with zeros.
  virtual Result<void> zero(std::uint64_t offset, std::uint64_t size) = 0;
  virtual std::uint64_t size() const = 0;
};

/// The folder of a segment store. Failures are `unavailable`. Outlives its files. `create`,
/// `rename` and `sync_folder` may be called from another thread than the rest, meanwhile.
class SegmentFiles {
 public:
  virtual ~SegmentFiles() = default;
  /// Keeps the folder for this object; `in_use` if another has it.
  virtual Result<void> lock() = 0;
  virtual Result<std::vector<std::string>> list() const = 0;
  virtual Result<std::unique_ptr<SegmentFile>> open_file(const std::string& name) = 0;
  /// Empty; replaces one of that name.
  virtual Result<std::unique_ptr<SegmentFile>> create(const std::string& name) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& name) = 0;
  /// Makes creations, renames and removals safe from a power cut.
  virtual Result<void> sync_folder() = 0;
  /// What nobody outside can guess. In tests from a seed.
  virtual std::uint64_t random() = 0;
};

}  // namespace martlet::store
