#pragma once

#include <functional>
#include <map>

#include "base/random.h"
#include "store/segments/segment_files.h"
#include "store/write_fault.h"

namespace martlet::store {

/// A folder in memory that behaves as badly as a disk may, for tests and simulations. Survives the
/// stores that are opened on it, one at a time. Owned by one thread.
class MemorySegmentDisk {
 public:
  /// What a power cut leaves of what was not synced.
  enum class Unsynced : std::uint8_t {
    lost,
    kept,
    some  ///< any sectors of 512 bytes, any changes of size, any names: drawn
  };

  /// `random` outlives the disk.
  explicit MemorySegmentDisk(Random& random) : random_{random} {}

  /// Asked before each change: of bytes, sizes, names, and before each sync.
  FaultHook fault;
  /// Every change fails from now on, until the power is cut.
  void switch_off() { off_ = true; }
  /// The machine stops and starts again. Drop the store first, with the power off.
  void cut_power(Unsynced unsynced);
  std::uint64_t reads = 0;          ///< that files were asked for
  std::uint64_t syncs = 0;          ///< of files
  std::uint64_t bytes_written = 0;  ///< also zeros
  /// Files must not grow beyond it in sum; 0: no end.
  std::uint64_t bytes_max = 0;

  std::unique_ptr<SegmentFiles> files();
  std::vector<std::string> names() const;
  Bytes content(const std::string& name) const;
  /// As if the disk had done it.
  void set_content(const std::string& name, Bytes bytes);
  void erase(const std::string& name);
  std::uint64_t total_bytes() const;

 private:
  friend class MemoryFile;
  friend class MemoryFolder;
  struct Change {
    std::uint64_t offset = 0;
    Bytes bytes;
    std::optional<std::uint64_t> size;  ///< set: only the size changes
  };
  struct Inode {
    Bytes durable;
    Bytes current;
    std::vector<Change> unsynced;
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  using NameChange = std::function<void(Names&)>;

  /// Carries out what the disk was asked, or does not, or does and says that it did not.
  Result<void> attempt(const std::function<Result<void>()>& change);
  Result<void> change_names(NameChange change);
  static void apply(Bytes& bytes, const Change& change);
  void keep_some(Inode& inode);

  Random& random_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> unsynced_names_;
  bool off_ = false;
  bool locked_ = false;
};

}  // namespace martlet::store
