#include "store/segments/batch_parts.h"

#include <cstring>

namespace martlet::store {

RecordWriter begin_batch(SegmentLog& log, std::uint8_t* out) {
  const auto& active = *log.active();
  auto offset = active.end.offset;
  if (offset == 0) {
    const auto header = encode_segment_header(log.header_of_active());
    std::memcpy(out, header.data(), header.size());
    offset = header.size();
    out += header.size();
  }
  return {out, {active.epoch, offset}, active.end.batch + 1};
}

std::vector<std::vector<RemovalGroup>> grouped(
    const std::vector<std::pair<std::uint64_t, Sequence>>& places) {
  std::vector<std::vector<RemovalGroup>> records;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto [segment, sequence] = places[i];
    if (i % kRemovalsARecordMax == 0) records.emplace_back();
    auto& groups = records.back();
    if (groups.empty() || groups.back().segment != segment) groups.push_back({segment, {}});
    groups.back().sequences.push_back(sequence);
  }
  return records;
}

std::uint64_t removals_total_bytes(const std::vector<RemovalGroup>& groups) {
  RecordHeader header;
  for (const auto& group : groups) {
    header.payload_bytes += static_cast<std::uint32_t>(12 + 6 * group.sequences.size());
  }
  return header.total();
}

void note_dirty(Segment& segment, const Entry& entry) {
  if (entry.sealed_bytes() == 0 || segment.damaged) return;
  const auto offset =
      entry.place() * kRecordUnit + item_head_bytes(entry.moved(), entry.sender_inline());
  segment.dirty.push_back({static_cast<std::uint32_t>(offset), entry.sealed_bytes()});
  segment.dirty_bytes += entry.sealed_bytes();
}

}  // namespace martlet::store
