#pragma once

#include "store/segments/segment_mailbox_store.h"

namespace martlet::store {

/// Finds out what a folder holds, when a store is opened: from the saved index, if it is good, and
/// from the log behind it. Changes nothing in the folder but leftovers that were never used.
class SegmentOpening {
 public:
  SegmentOpening(SegmentMailboxStore& store, std::string* damaged_file)
      : store_{store}, damaged_file_{damaged_file} {}
  Result<void> run();

 private:
  struct Found {
    std::unique_ptr<SegmentFile> file;
    SegmentHeader header;
  };
  Result<void> find_segments();
  Result<void> load_index(const std::vector<std::string>& names);
  bool is_usable(const IndexSnapshot& snapshot) const;
  void adopt(IndexSnapshot snapshot);
  Result<void> scan(std::uint64_t number, bool newest);
  Result<void> take(const ScannedRecord& record, std::uint32_t slot);
  void take_removals(const std::vector<RemovalGroup>& groups, Segment& segment);
  void settle();
  void settle(SegmentMailboxStore::Mailbox& mailbox);
  void note_damage(std::uint64_t number);

  SegmentMailboxStore& store_;
  std::string* const damaged_file_;
  std::map<std::uint64_t, Found> found_;
  std::optional<IndexSnapshot> index_;
  std::map<std::uint64_t, SegmentEnd> known_ends_;  ///< up to where the index knows each segment
  std::uint64_t index_newest_ = 0;
  std::vector<Sequence> removed_;      ///< their sealed bytes may still be there
  std::vector<Sequence> overwritten_;  ///< theirs are not
  Sequence greatest_ = 0;
};

}  // namespace martlet::store
