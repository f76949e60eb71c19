#include <algorithm>

#include "base/check.h"
#include "store/segments/batch_parts.h"
#include "store/segments/crc32c.h"
#include "store/segments/segment_mailbox_store.h"

namespace martlet::store {
namespace {

constexpr std::uint64_t kPortionBytes = 4 * 1024 * 1024;  // of moved records, in one batch
constexpr const char* kIndexNew = "index.new";

}  // namespace

struct SegmentMailboxStore::Move {
  Sequence sequence = 0;
  MailboxItem item;
};

std::uint64_t SegmentMailboxStore::scrubbable_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [number, slot] : log_.all()) {
    const auto& segment = *log_.at(slot);
    bytes += segment.dirty_bytes;
    if (is_sparse(segment)) bytes += segment.end.offset - segment.live_bytes;
  }
  return bytes;
}

/// Half empty or more, and worth it.
bool SegmentMailboxStore::is_sparse(const Segment& segment) const {
  if (segment.live_items == 0 || segment.damaged || log_.is_active(segment)) return false;
  const auto waste = segment.end.offset - std::min(segment.end.offset, segment.live_bytes);
  return waste >= options_.segment_bytes / 16 && waste >= segment.live_bytes;
}

Result<void> SegmentMailboxStore::scrub() {
  if (writing_ || scrubbable_bytes() == 0) return {};
  TRY(make_ready());
  TRY(log_.delete_all_dead());
  const auto& active = *log_.active();
  // Where nothing waits any more, nothing but an empty file is to be left.
  if (active.live_items == 0 && active.dirty_bytes > 0) {
    TRY(log_.renew(next_));
    log_.note_empty();
  }
  if (is_idle()) {
    TRY(move_sparse(kMoveBytesAScrub));
    TRY(carry_removals());
  }
  TRY(log_.delete_all_dead());
  if (TRY(overwrite_dead())) {
    TRY(write_apart(RecordHeader{}.total(), [](RecordWriter& writer) { writer.scrubbed(); }));
  }
  if (is_idle() && log_since_index_ >= 2 * options_.segment_bytes) TRY(save_index());
  return {};
}

/// True: there was something to overwrite.
Result<bool> SegmentMailboxStore::overwrite_dead() {
  bool some = false;
  for (const auto& [number, slot] : log_.all()) {
    auto& segment = *log_.at(slot);
    if (segment.dirty.empty()) continue;
    std::ranges::sort(segment.dirty, {}, &Segment::Part::offset);
    for (const auto& part : segment.dirty) TRY(segment.file->zero(part.offset, part.size));
    TRY(segment.file->sync());
    segment.dirty = std::vector<Segment::Part>{};
    segment.dirty_bytes = 0;
    some = true;
  }
  return some;
}

Result<void> SegmentMailboxStore::write_apart(std::uint64_t bytes,
                                              const std::function<void(RecordWriter&)>& encode) {
  TRY(log_.make_room(bytes, false, next_));
  auto& active = *log_.active();
  Bytes out(bytes + kSegmentHeaderBytes);
  auto writer = begin_batch(log_, out.data());
  encode(writer);
  const auto size = writer.offset() - active.end.offset;
  CHECK(size <= out.size());
  const auto written = SegmentLog::perform(log_.write_of(ByteView{out}.first(size)));
  if (!written.ok()) {
    log_.failed();
    senders_.clear();
    return written;
  }
  log_.wrote(size);
  log_since_index_ += size;
  active.end.batch += 1;
  return {};
}

/// The sparsest first, until so many bytes have been rewritten.
Result<std::uint64_t> SegmentMailboxStore::move_sparse(std::uint64_t bytes_max) {
  std::uint64_t moved = 0;
  while (moved < bytes_max) {
    std::optional<std::uint32_t> sparsest;
    for (const auto& [number, slot] : log_.all()) {
      const auto& segment = *log_.at(slot);
      if (!is_sparse(segment)) continue;
      if (!sparsest || segment.live_bytes < log_.at(*sparsest)->live_bytes) sparsest = slot;
    }
    if (!sparsest) break;
    TRY(move_out(*sparsest, moved));
    TRY(carry_removals());
    TRY(log_.delete_all_dead());
  }
  return moved;
}

/// Copies everything that waits in a segment to the active one.
Result<void> SegmentMailboxStore::move_out(std::uint32_t slot, std::uint64_t& moved) {
  auto& segment = *log_.at(slot);
  std::vector<Move> moves;
  std::uint64_t bytes = 0;
  const auto take = [&](const ScannedRecord& record) -> Result<void> {
    if (record.header.type != RecordType::item && record.header.type != RecordType::moved) {
      return {};
    }
    const auto meta = TRY(load_item_meta(record.header, record.meta));
    const auto mailbox = mailboxes_.find(meta.item.recipient);
    if (mailbox == mailboxes_.end()) return {};
    const auto* entry = mailbox->second.entries.find(meta.sequence);
    const bool is_live =
        entry != nullptr && entry->slot() == slot && entry->place() * kRecordUnit == record.offset;
    if (!is_live) return {};
    moves.push_back({meta.sequence, TRY(load(meta.item.recipient, *entry, true))});
    bytes += item_total_bytes(true, true, entry->sealed_bytes());
    if (bytes < kPortionBytes) return {};
    moved += std::exchange(bytes, 0);
    return write_moves(moves, segment);
  };
  auto scan = SegmentScan{*segment.file, segment.epoch};
  const auto read = scan.visit(kSegmentHeaderBytes, segment.end.offset, take);
  if (!read.ok() && read.error().failure != Failure::corrupt) return read.error();
  if (!moves.empty()) {
    moved += bytes;
    TRY(write_moves(moves, segment));
  }
  // What cannot be read stays where it is.
  if (segment.live_items > 0) segment.damaged = damaged_ = true;
  return {};
}

Result<void> SegmentMailboxStore::write_moves(std::vector<Move>& moves, Segment& from) {
  std::uint64_t bytes = 0;
  for (const auto& move : moves) bytes += item_total_bytes(true, true, move.item.sealed.size());
  std::vector<Entry::Where> places;
  TRY(write_apart(bytes, [&](RecordWriter& writer) {
    for (const auto& move : moves) {
      const bool last = places.size() + 1 == moves.size();
      places.push_back(encode_item(writer, move.sequence, move.item, from.number, last));
    }
  }));
  auto& active = *log_.active();
  active.moved_from.insert(from.number);
  for (std::size_t i = 0; i < moves.size(); ++i) {
    auto& entries = mailboxes_.at(moves[i].item.recipient).entries;
    auto* entry = entries.find(moves[i].sequence);
    CHECK(entry != nullptr);
    from.live_items -= 1;
    from.live_bytes -=
        item_total_bytes(entry->moved(), entry->sender_inline(), entry->sealed_bytes());
    note_dirty(from, *entry);
    entry->move_to(places[i]);
    active.live_items += 1;
    active.live_bytes += item_total_bytes(true, places[i].sender_inline, entry->sealed_bytes());
  }
  moves.clear();
  return {};
}

/// Of segments where nothing waits, removals that speak of others are written again, so that they
/// can go.
Result<void> SegmentMailboxStore::carry_removals() {
  std::vector<std::uint32_t> waiting;
  for (const auto& [number, slot] : log_.all()) {
    const auto& segment = *log_.at(slot);
    if (segment.live_items > 0 || segment.damaged || log_.is_active(segment)) continue;
    if (!segment.removes_from.empty() && !log_.is_dead(segment)) waiting.push_back(slot);
  }
  for (const auto slot : waiting) TRY(carry_removals(*log_.at(slot)));
  if (!waiting.empty()) log_.note_empty();
  return {};
}

Result<void> SegmentMailboxStore::carry_removals(Segment& segment) {
  std::vector<std::pair<std::uint64_t, Sequence>> places;
  auto scan = SegmentScan{*segment.file, segment.epoch};
  const bool damaged = TRY(scan.visit(
      kSegmentHeaderBytes, segment.end.offset, [&](const ScannedRecord& record) -> Result<void> {
        if (record.header.type != RecordType::removals) return {};
        for (const auto& group : TRY(load_removals(record.payload))) {
          if (group.segment == segment.number || !log_.exists(group.segment)) continue;
          for (const auto sequence : group.sequences) places.emplace_back(group.segment, sequence);
        }
        return {};
      }));
  if (damaged) {
    segment.damaged = damaged_ = true;
    return {};
  }
  std::ranges::sort(places);
  for (const auto& groups : grouped(places)) {
    TRY(write_apart(removals_total_bytes(groups),
                    [&](RecordWriter& writer) { writer.removals(groups, true); }));
    for (const auto& group : groups) log_.active()->removes_from.insert(group.segment);
  }
  segment.removes_from.clear();
  return {};
}

Result<void> SegmentMailboxStore::save_index() {
  if (damaged_ || log_.all().empty()) return {};
  const auto newest = log_.all().rbegin()->first;
  if (log_.by_number(newest)->torn) return {};  // nothing has been written since
  std::size_t mailboxes = 0;
  for (const auto& [recipient, mailbox] : mailboxes_) mailboxes += mailbox.entries.empty() ? 0 : 1;
  SnapshotWriter writer{fingerprint_key_, next_, newest, log_.all().size(), mailboxes};
  for (const auto& [number, slot] : log_.all()) writer.segment(slot, *log_.at(slot));
  for (const auto& [recipient, mailbox] : mailboxes_) {
    if (!mailbox.entries.empty()) writer.mailbox(recipient, mailbox.entries);
  }
  const auto bytes = std::move(writer).take();
  {
    const auto file = TRY(files_->create(kIndexNew));
    TRY(file->write(0, bytes));
    TRY(file->sync());
  }
  TRY(files_->rename(kIndexNew, kIndexFile));
  TRY(files_->sync_folder());
  index_bytes_ = bytes.size();
  log_since_index_ = 0;
  return {};
}

}  // namespace martlet::store
