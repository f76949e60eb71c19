#pragma once

#include <map>
#include <set>

#include "store/segments/entry_list.h"
#include "store/segments/segment_files.h"
#include "store/segments/segment_scan.h"

namespace martlet::store {

/// One file of the log, and what memory knows of it.
struct Segment {
  struct Part {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
  };
  std::uint64_t number = 0;
  std::uint64_t epoch = 0;
  std::unique_ptr<SegmentFile> file;
  SegmentEnd end;                ///< of what is durable
  std::uint64_t live_items = 0;  ///< that wait and are here
  std::uint64_t live_bytes = 0;  ///< of their records
  std::vector<Part> dirty;       ///< sealed bytes of items that are gone, not yet overwritten
  std::uint64_t dirty_bytes = 0;
  std::set<std::uint64_t> removes_from;  ///< segments that its removals speak of
  std::set<std::uint64_t> moved_from;    ///< segments that its moved items come from
  bool damaged = false;                  ///< then it is left as it is
  bool torn = false;                     ///< what is behind its end has to be cut off
};

/// The segments of a folder: which there are, where the next batch goes, and when one can go.
/// Owned by one thread; only `perform` may run on another.
class SegmentLog {
 public:
  SegmentLog(SegmentFiles& files, std::uint64_t segment_bytes)
      : files_{files}, segment_bytes_{segment_bytes} {}

  static std::string name_of(std::uint64_t number);
  static std::optional<std::uint64_t> number_of(const std::string& name);

  /// Takes a segment that was found. Gives its slot.
  std::uint32_t add(std::unique_ptr<Segment> segment, std::optional<std::uint32_t> slot = {});
  /// Null: none there.
  Segment* at(std::uint32_t slot) const {
    return slot < slots_.size() ? slots_[slot].get() : nullptr;
  }
  Segment* by_number(std::uint64_t number);
  std::uint32_t slot_of(std::uint64_t number) const { return numbers_.at(number); }
  /// A file of that number is there, and no segment.
  void reserve_number(std::uint64_t number) { next_number_ = std::max(next_number_, number + 1); }
  /// Number -> slot.
  const std::map<std::uint64_t, std::uint32_t>& all() const { return numbers_; }

  /// Null: none yet in this life.
  Segment* active() { return active_ ? slots_[*active_].get() : nullptr; }
  std::uint32_t active_slot() const { return *active_; }
  bool is_active(const Segment& segment) const {
    return active_ && slots_[*active_].get() == &segment;
  }
  /// Cuts off what failed before, and begins this life's first segment, durably.
  Result<void> mend(Sequence floor);
  /// Begins another segment, durably; what was the active one is then like any other.
  Result<void> renew(Sequence floor);
  /// Makes room for a batch of so many bytes: in the active segment, or in a new one, whose `end`
  /// is then 0 and whose header goes in front of the batch.
  Result<void> make_room(std::uint64_t bytes, bool may_use_reserve, Sequence floor);
  SegmentHeader header_of_active() const { return header_; }

  struct Write {
    SegmentFile* file = nullptr;
    SegmentFiles* files = nullptr;
    std::uint64_t offset = 0;
    ByteView bytes;
  };
  /// Step two of a sync: writes a batch and makes it durable. Any thread.
  static Result<void> perform(const Write& write);
  Write write_of(ByteView bytes);
  void wrote(std::size_t bytes);
  void failed() { doubtful_ = true; }

  /// Nothing that waits is in some segment any more.
  void note_empty() { look_ = true; }
  /// Deletes the segments that nothing needs. True: some went.
  bool delete_dead();
  /// Like delete_dead, but also those that wait for another's removal to be durable.
  Result<void> delete_all_dead();
  bool is_dead(const Segment& segment) const;
  /// Is the file there, or might a power cut bring it back?
  bool exists(std::uint64_t number) const {
    return numbers_.contains(number) || unlinked_.contains(number);
  }
  std::uint64_t disk_bytes() const;

 private:
  /// Taken from the disk at a time.
  std::uint64_t step_bytes() const { return segment_bytes_ / 16; }
  /// Kept for batches that only remove, so that a full disk can empty itself.
  std::uint64_t reserve_bytes() const { return segment_bytes_ / 256; }
  Result<void> begin(Sequence floor);
  Result<void> write_header();

  SegmentFiles& files_;
  const std::uint64_t segment_bytes_;
  std::vector<std::unique_ptr<Segment>> slots_;
  std::map<std::uint64_t, std::uint32_t> numbers_;
  std::set<std::uint64_t> unlinked_;  ///< deleted, the folder not yet synced
  std::optional<std::uint32_t> active_;
  SegmentHeader header_;
  std::uint64_t next_number_ = 1;
  bool look_ = true;               ///< there may be something to delete
  bool doubtful_ = false;          ///< the active segment may hold a batch that failed
  std::uint64_t quiet_bytes_ = 0;  ///< of the files that are not active
};

}  // namespace martlet::store
