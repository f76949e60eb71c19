#pragma once

#include "store/segments/segment_log.h"

namespace martlet::store {

/// What memory knew at one place of the log (spec/mailbox-log.md section 4), so that a restart
/// reads only what comes behind it.
struct IndexSnapshot {
  struct KnownSegment {
    std::uint32_t slot = 0;
    std::uint64_t number = 0;
    std::uint64_t epoch = 0;
    SegmentEnd end;
    std::vector<Segment::Part> dirty;
    std::set<std::uint64_t> removes_from;
    std::set<std::uint64_t> moved_from;
  };
  struct KnownMailbox {
    DeviceId recipient;
    EntryList entries;
  };
  std::array<std::uint64_t, 2> fingerprint_key{};
  Sequence next = 0;
  std::uint64_t newest = 0;  ///< the segment whose end is the place
  std::vector<KnownSegment> segments;
  std::vector<KnownMailbox> mailboxes;
};

/// Encodes piece by piece, so that the index is not copied before.
class SnapshotWriter {
 public:
  SnapshotWriter(const std::array<std::uint64_t, 2>& fingerprint_key, Sequence next,
                 std::uint64_t newest, std::size_t segments, std::size_t mailboxes);
  void segment(std::uint32_t slot, const Segment& segment);
  void mailbox(const DeviceId& recipient, const EntryList& entries);
  Bytes take() &&;

 private:
  void number(std::uint64_t value, unsigned size);
  void numbers(const std::set<std::uint64_t>& values);
  Bytes out_;
};

/// Fails with `corrupt` if anything about it is not as it was written.
Result<IndexSnapshot> load_snapshot(ByteView bytes);

}  // namespace martlet::store
