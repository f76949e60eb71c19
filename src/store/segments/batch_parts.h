#pragma once

#include "store/segments/segment_log.h"

/// What the store's files share about batches.
namespace martlet::store {

/// A writer for the next batch of the active segment, into `out`: behind the segment's header,
/// which it puts there, if the segment is new.
RecordWriter begin_batch(SegmentLog& log, std::uint8_t* out);
/// Sorted (segment, sequence) pairs as records: each at most kRemovalsARecordMax long.
std::vector<std::vector<RemovalGroup>> grouped(
    const std::vector<std::pair<std::uint64_t, Sequence>>& places);
std::uint64_t removals_total_bytes(const std::vector<RemovalGroup>& groups);
/// The sealed bytes of an item that is gone are to be overwritten.
void note_dirty(Segment& segment, const Entry& entry);

}  // namespace martlet::store
