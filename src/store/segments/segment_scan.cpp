#include "store/segments/segment_scan.h"

#include "store/segments/crc32c.h"

namespace martlet::store {
namespace {

constexpr std::size_t kPieceBytes = 256 * 1024;  // stays in the processor's cache

}  // namespace

/// At most `size` bytes; fewer where the file ends.
ByteView SegmentScan::view(std::uint64_t offset, std::size_t size) {
  const bool is_there = offset >= piece_at_ && offset + size <= piece_at_ + piece_.size();
  if (!is_there && !error_) {
    piece_.resize(std::max(kPieceBytes, size));
    piece_at_ = offset;
    const auto got = file_.read(offset, piece_);
    if (!got.ok()) error_ = got.error();
    piece_.resize(got.ok() ? got.value() : 0);
  }
  if (error_ || offset < piece_at_ || offset >= piece_at_ + piece_.size()) return {};
  const auto there = ByteView{piece_}.subspan(offset - piece_at_);
  return there.first(std::min(size, there.size()));
}

std::optional<ScannedRecord> SegmentScan::record_at(std::uint64_t offset) {
  const auto header = peek_record(view(offset, kRecordHeaderBytes));
  if (!header || offset + header->total() > file_.size()) return std::nullopt;
  const bool has_removals = header->type == RecordType::removals;
  const auto head = kRecordHeaderBytes + header->meta_bytes;
  const auto wanted = head + (has_removals ? header->payload_bytes : 0);
  const auto bytes = view(offset, wanted);
  if (bytes.size() < wanted || !is_record(bytes.first(head), {epoch_, offset})) return std::nullopt;
  const auto payload = bytes.subspan(head);
  if (has_removals && crc32c(payload) != header->payload_sum) return std::nullopt;
  return ScannedRecord{offset, *header, bytes.subspan(kRecordHeaderBytes, header->meta_bytes),
                       payload};
}

std::optional<std::uint64_t> SegmentScan::next_record(std::uint64_t offset, std::uint64_t to,
                                                      std::uint32_t batch) {
  for (auto at = offset + kRecordUnit; at + kRecordHeaderBytes <= to; at += kRecordUnit) {
    const auto word = view(at, kRecordUnit);
    if (word.size() < kRecordUnit) return std::nullopt;
    if (word[4] == 0) continue;  // not a record's type
    const auto record = record_at(at);
    if (record && record->header.batch > batch) return at;
  }
  return std::nullopt;
}

bool SegmentScan::is_zero(std::uint64_t from, std::uint64_t to) {
  while (from < to) {
    const auto part = view(from, std::min<std::uint64_t>(to - from, kPieceBytes));
    if (part.empty()) return true;  // the file ends
    if (std::ranges::any_of(part, [](auto byte) { return byte != 0; })) return false;
    from += part.size();
  }
  return true;
}

Result<bool> SegmentScan::is_payload_whole(const ScannedRecord& record) {
  Bytes payload(record.header.payload_bytes);
  const auto at = record.offset + kRecordHeaderBytes + record.header.meta_bytes;
  const auto got = TRY(file_.read(at, payload));
  return got == payload.size() && crc32c(payload) == record.header.payload_sum;
}

Result<SegmentEnd> SegmentScan::find_end(const SegmentEnd& from) {
  auto end = from;
  auto before_last = from;             // the end without the last batch
  std::vector<ScannedRecord> last;     // the records of the last whole batch
  std::vector<ScannedRecord> pending;  // of one that has not ended yet
  auto at = from.offset;
  while (true) {
    const auto record = record_at(at);
    const auto torn = pending.empty() ? end.batch + 1 : pending.front().header.batch;
    const bool fits = record && record->header.batch > end.batch &&
                      (pending.empty() || record->header.batch == torn);
    if (!fits) {
      // Later batches were begun when this one was safe already: it is damaged, not torn.
      const auto next = next_record(at, file_.size(), torn);
      if (error_) return *error_;
      if (!next) break;
      pending.clear();
      at = *next;
      end = {at, record_at(at)->header.batch - 1};
      before_last = end;
      last.clear();
      continue;
    }
    pending.push_back(*record);
    at += record->header.total();
    if (!record->header.last) continue;
    before_last = end;
    end = {at, record->header.batch};
    last = std::move(pending);
    pending.clear();
  }
  for (const auto& record : last) {
    if (!TRY(is_payload_whole(record))) return before_last;
  }
  return end;
}

Result<bool> SegmentScan::visit(std::uint64_t from, std::uint64_t to, const Visit& visit,
                                SegmentEnd* end) {
  bool damaged = false;
  auto at = from;
  while (at < to) {
    const auto record = record_at(at);
    if (error_) return *error_;
    if (record && at + record->header.total() <= to) {
      TRY(visit(*record));
      at += record->header.total();
      if (end != nullptr) *end = {at, record->header.batch};
      continue;
    }
    if (is_zero(at, to)) break;
    damaged = true;
    const auto next = next_record(at, to, 0);
    if (error_) return *error_;
    if (!next) break;
    at = *next;
  }
  if (error_) return *error_;
  return damaged;
}

}  // namespace martlet::store
