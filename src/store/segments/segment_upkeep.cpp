#include <algorithm>
#include <utility>

#include "base/check.h"
#include "store/segments/batch_parts.h"
#include "store/segments/segment_mailbox_store.h"

namespace martlet::store {
namespace {

/// What overwriting a part costs at least, as if it had so many bytes.
constexpr std::uint64_t kPartCostMin = 256;

const Error kPortionFull{Failure::limit_reached, "enough for one step"};

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
  scrub_ = {};  // one under way has left behind it what went since
  while (TRY(scrub_step())) continue;
  return {};
}

Result<bool> SegmentMailboxStore::scrub_step() {
  if (writing_ || (scrubbable_bytes() == 0 && index_ == nullptr)) return false;
  auto more = scrub_some();
  if (!more.ok() || !more.value()) scrub_ = {};
  return more;
}

Result<bool> SegmentMailboxStore::scrub_some() {
  TRY(make_ready());
  TRY(log_.delete_all_dead());
  const auto& active = *log_.active();
  // Where nothing waits any more, nothing but an empty file is to be left.
  if (active.live_items == 0 && active.dirty_bytes > 0) {
    TRY(log_.renew(next_));
    log_.note_empty();
  }
  if (is_idle() && (TRY(carry_some()) || TRY(move_some()))) return true;
  TRY(log_.delete_all_dead());
  if (TRY(overwrite_some())) return true;
  if (std::exchange(scrub_.overwritten, false) && !has_dirty()) {
    TRY(write_apart(RecordHeader{}.total(), [](RecordWriter& writer) { writer.scrubbed(); }));
  }
  if (log_since_index_ >= 2 * options_.segment_bytes) begin_index();
  if (index_ == nullptr) return false;
  const auto written = index_->step(options_.step_bytes);
  settle_index();
  TRY(written);
  return index_ != nullptr;
}

bool SegmentMailboxStore::has_dirty() const {
  return std::ranges::any_of(log_.all(),
                             [&](const auto& it) { return !log_.at(it.second)->dirty.empty(); });
}

/// A portion of one segment: each segment once a scrub, however much goes meanwhile. True: there
/// is more.
Result<bool> SegmentMailboxStore::overwrite_some() {
  for (const auto& [number, slot] : log_.all()) {
    auto& segment = *log_.at(slot);
    auto& dirty = segment.dirty;
    if (number < scrub_.overwriting || dirty.empty()) continue;
    scrub_.overwriting = number;
    std::ranges::sort(dirty, std::ranges::greater{}, &Segment::Part::offset);
    auto left = dirty.size();
    std::uint64_t bytes = 0;
    for (std::uint64_t cost = 0; left > 0 && cost < options_.step_bytes; --left) {
      const auto& part = dirty[left - 1];
      TRY(segment.file->zero(part.offset, part.size));
      bytes += part.size;
      cost += std::max<std::uint64_t>(part.size, kPartCostMin);
    }
    TRY(segment.file->sync());
    dirty.resize(left);
    segment.dirty_bytes -= bytes;
    scrub_.overwritten = true;
    if (!dirty.empty()) return true;
    dirty = std::vector<Segment::Part>{};
    scrub_.overwriting = number + 1;
    return has_dirty();
  }
  return false;
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

/// A portion of the sparsest segment. True: some was rewritten.
Result<bool> SegmentMailboxStore::move_some() {
  if (scrub_.moved >= kMoveBytesAScrub) return false;
  std::optional<std::uint32_t> sparsest;
  for (const auto& [number, slot] : log_.all()) {
    const auto& segment = *log_.at(slot);
    if (!is_sparse(segment)) continue;
    if (!sparsest || segment.live_bytes < log_.at(*sparsest)->live_bytes) sparsest = slot;
  }
  if (!sparsest) return false;
  TRY(move_out(*sparsest));
  return true;
}

/// Copies what waits in a segment to the active one, from where the step before stopped.
Result<void> SegmentMailboxStore::move_out(std::uint32_t slot) {
  auto& segment = *log_.at(slot);
  if (scrub_.moving != segment.number) {
    scrub_.moving = segment.number;
    scrub_.moving_at = kSegmentHeaderBytes;
  }
  std::vector<Move> moves;
  std::uint64_t bytes = 0;
  auto next = scrub_.moving_at;
  bool is_full = false;
  const auto take = [&](const ScannedRecord& record) -> Result<void> {
    next = record.offset;
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
    is_full = bytes >= options_.step_bytes;
    if (is_full) return kPortionFull;
    moves.push_back({meta.sequence, TRY(load(meta.item.recipient, *entry, true))});
    bytes += item_total_bytes(true, true, entry->sealed_bytes());
    return {};
  };
  auto scan = SegmentScan{*segment.file, segment.epoch};
  const auto read = scan.visit(scrub_.moving_at, segment.end.offset, take);
  if (!read.ok() && !is_full && read.error().failure != Failure::corrupt) return read.error();
  if (!moves.empty()) TRY(write_moves(moves, segment));
  scrub_.moved += bytes;
  scrub_.moving_at = next;
  // What cannot be read stays where it is.
  if (!is_full && segment.live_items > 0) segment.damaged = damaged_ = true;
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

/// Of a segment where nothing waits, removals that speak of others are written again, so that it
/// can go. False: there is none.
Result<bool> SegmentMailboxStore::carry_some() {
  for (const auto& [number, slot] : log_.all()) {
    auto& segment = *log_.at(slot);
    if (segment.live_items > 0 || segment.damaged || log_.is_active(segment)) continue;
    if (segment.removes_from.empty() || log_.is_dead(segment)) continue;
    TRY(carry_removals(segment));
    log_.note_empty();
    return true;
  }
  return false;
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
  const auto records = grouped(places);
  std::uint64_t bytes = 0;
  for (const auto& groups : records) bytes += removals_total_bytes(groups);
  if (!records.empty()) {
    TRY(write_apart(bytes, [&](RecordWriter& writer) {
      for (std::size_t i = 0; i < records.size(); ++i) {
        writer.removals(records[i], i + 1 == records.size());
      }
    }));
  }
  for (const auto& place : places) log_.active()->removes_from.insert(place.first);
  segment.removes_from.clear();
  return {};
}

/// Takes the picture; the disk gets it in steps.
void SegmentMailboxStore::begin_index() {
  if (index_ != nullptr || !is_idle() || damaged_ || log_.all().empty()) return;
  const auto newest = log_.all().rbegin()->first;
  if (log_.by_number(newest)->torn) return;  // nothing has been written since
  std::size_t mailboxes = 0;
  for (const auto& [recipient, mailbox] : mailboxes_) mailboxes += mailbox.entries.empty() ? 0 : 1;
  SnapshotWriter writer{fingerprint_key_, next_, newest, log_.all().size(), mailboxes};
  for (const auto& [number, slot] : log_.all()) writer.segment(slot, *log_.at(slot));
  for (const auto& [recipient, mailbox] : mailboxes_) {
    if (!mailbox.entries.empty()) writer.mailbox(recipient, mailbox.entries);
  }
  index_ = std::make_unique<IndexWriter>(*files_, std::move(writer).take());
  log_before_index_ = log_since_index_;
}

void SegmentMailboxStore::settle_index() {
  if (index_ == nullptr) return;
  if (index_->is_done()) {
    index_bytes_ = index_->bytes();
    log_since_index_ -= log_before_index_;
  }
  // If it failed: it only makes the next start quicker.
  if (index_->is_done() || index_->has_failed()) index_.reset();
}

}  // namespace martlet::store
