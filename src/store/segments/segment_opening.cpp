#include "store/segments/segment_opening.h"

#include <algorithm>

#include "store/segments/batch_parts.h"
#include "store/segments/posix_segment_files.h"

namespace martlet::store {
namespace {

constexpr std::uint64_t kIndexBytesMax = 16ULL * 1024 * 1024 * 1024;
/// More than a life gives before a sync tells the disk of it (segment_mailbox_store.cpp).
constexpr Sequence kGap = Sequence{1} << 24U;
constexpr std::size_t kZerosLookedAt = 64 * 1024;

Result<bool> is_unused(const SegmentFile& file) {
  Bytes piece(kZerosLookedAt);
  for (std::uint64_t at = 0; at < file.size(); at += piece.size()) {
    const auto got = TRY(file.read(at, piece));
    if (std::any_of(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got),
                    [](auto byte) { return byte != 0; })) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<SegmentMailboxStore>> SegmentMailboxStore::open(
    const std::string& path, const SegmentMailboxOptions& options, std::string* damaged_file) {
  auto files = TRY(PosixSegmentFiles::open(path));
  return open(std::unique_ptr<SegmentFiles>{std::move(files)}, options, damaged_file);
}

Result<std::unique_ptr<SegmentMailboxStore>> SegmentMailboxStore::open(
    std::unique_ptr<SegmentFiles> files, const SegmentMailboxOptions& options,
    std::string* damaged_file) {
  TRY(files->lock());
  std::unique_ptr<SegmentMailboxStore> store{new SegmentMailboxStore{std::move(files), options}};
  TRY(SegmentOpening(*store, damaged_file).run());
  return store;
}

Result<void> SegmentOpening::run() {
  const auto names = TRY(store_.files_->list());
  for (const auto& name : names) {
    if (const auto number = SegmentLog::number_of(name)) found_[*number] = {};
  }
  TRY(find_segments());
  TRY(load_index(names));
  if (index_) {
    adopt(std::move(*index_));
  } else {
    for (auto& key : store_.fingerprint_key_) key = store_.files_->random();
  }
  for (const auto& [number, found] : found_) {
    const bool newest = number == found_.rbegin()->first;
    if (number >= index_newest_ || newest) TRY(scan(number, newest));
  }
  settle();
  if (store_.damaged_ && !store_.options_.accept_damage) {
    return Error{Failure::corrupt, "a file of the mailboxes is damaged"};
  }
  if (!found_.empty()) store_.next_ = greatest_ + kGap;
  return {};
}

/// Opens each and reads its header. What cannot be one is left out.
Result<void> SegmentOpening::find_segments() {
  for (auto at = found_.begin(); at != found_.end();) {
    auto& [number, found] = *at;
    const bool newest = std::next(at) == found_.end();
    found.file = TRY(store_.files_->open_file(SegmentLog::name_of(number)));
    std::array<std::uint8_t, kSegmentHeaderBytes> bytes{};
    const auto got = TRY(found.file->read(0, bytes));
    const auto header = load_segment_header(ByteView{bytes}.first(got));
    if (header.ok() && header.value().number == number) {
      found.header = header.value();
      greatest_ = std::max(greatest_, found.header.floor);
      ++at;
      continue;
    }
    // A crash came between its creation and its header: nothing was ever written to it.
    if (newest && TRY(is_unused(*found.file))) {
      TRY(store_.files_->remove(SegmentLog::name_of(number)));
    } else {
      note_damage(number);
    }
    store_.log_.reserve_number(number);
    at = found_.erase(at);
  }
  return {};
}

Result<void> SegmentOpening::load_index(const std::vector<std::string>& names) {
  if (std::ranges::find(names, kIndexFile) == names.end()) return {};
  const auto file = TRY(store_.files_->open_file(kIndexFile));
  if (file->size() > kIndexBytesMax) return {};
  Bytes bytes(file->size());
  const auto got = TRY(file->read(0, bytes));
  bytes.resize(got);
  auto loaded = load_snapshot(bytes);
  // Without it the whole log is read.
  if (!loaded.ok() || !is_usable(loaded.value())) return {};
  store_.index_bytes_ = bytes.size();
  index_ = std::move(loaded).take();
  return {};
}

bool SegmentOpening::is_usable(const IndexSnapshot& snapshot) const {
  std::map<std::uint32_t, std::uint64_t> ends;  // by slot
  std::set<std::uint64_t> numbers;
  for (const auto& segment : snapshot.segments) {
    if (!ends.emplace(segment.slot, segment.end.offset).second) return false;
    if (!numbers.insert(segment.number).second || segment.number > snapshot.newest) return false;
    const auto found = found_.find(segment.number);
    if (found == found_.end()) continue;  // all of it has gone since
    if (found->second.header.epoch != segment.epoch ||
        found->second.file->size() < segment.end.offset) {
      return false;
    }
  }
  for (const auto& [number, found] : found_) {
    if (number <= snapshot.newest && !numbers.contains(number)) return false;
  }
  for (const auto& mailbox : snapshot.mailboxes) {
    for (const auto& entry : mailbox.entries) {
      const auto end = ends.find(entry.slot());
      const auto total =
          item_total_bytes(entry.moved(), entry.sender_inline(), entry.sealed_bytes());
      if (end == ends.end() || entry.place() * kRecordUnit + total > end->second) return false;
    }
  }
  return true;
}

void SegmentOpening::adopt(IndexSnapshot snapshot) {
  store_.fingerprint_key_ = snapshot.fingerprint_key;
  index_newest_ = snapshot.newest;
  greatest_ = std::max(greatest_, snapshot.next);
  for (auto& known : snapshot.segments) {
    const auto found = found_.find(known.number);
    if (found == found_.end()) continue;
    auto segment = std::make_unique<Segment>();
    segment->number = known.number;
    segment->epoch = known.epoch;
    segment->file = std::move(found->second.file);
    segment->end = known.end;
    for (const auto& part : known.dirty) segment->dirty_bytes += part.size;
    segment->dirty = std::move(known.dirty);
    segment->removes_from = std::move(known.removes_from);
    segment->moved_from = std::move(known.moved_from);
    known_ends_[known.number] = known.end;
    store_.log_.add(std::move(segment), known.slot);
  }
  store_.mailboxes_.reserve(snapshot.mailboxes.size());
  for (auto& known : snapshot.mailboxes) {
    known.entries.erase_if(
        [&](const Entry& entry) { return store_.log_.at(entry.slot()) == nullptr; });
    store_.mailboxes_[known.recipient].entries = std::move(known.entries);
  }
}

Result<void> SegmentOpening::scan(std::uint64_t number, bool newest) {
  SegmentEnd from;
  auto* segment = store_.log_.by_number(number);
  if (segment == nullptr) {
    auto& found = found_.at(number);
    auto fresh = std::make_unique<Segment>();
    segment = fresh.get();
    segment->number = number;
    segment->epoch = found.header.epoch;
    segment->file = std::move(found.file);
    store_.log_.add(std::move(fresh));
  } else {
    from = known_ends_.at(number);
  }
  const auto slot = store_.log_.slot_of(number);
  SegmentScan scan{*segment->file, segment->epoch};
  segment->end = from;
  auto to = SegmentEnd{segment->file->size(), 0};
  if (newest) {
    to = TRY(scan.find_end(from));
    segment->torn = segment->file->size() > to.offset;
  }
  const bool damaged = TRY(scan.visit(
      from.offset, to.offset, [&](const auto& record) { return take(record, slot); },
      &segment->end));
  if (newest) segment->end = to;
  store_.log_since_index_ += segment->end.offset - from.offset;
  if (damaged) {
    segment->damaged = true;
    note_damage(number);
  }
  return {};
}

Result<void> SegmentOpening::take(const ScannedRecord& record, std::uint32_t slot) {
  auto& segment = *store_.log_.at(slot);
  switch (record.header.type) {
    case RecordType::scrubbed:
      overwritten_.insert(overwritten_.end(), removed_.begin(), removed_.end());
      removed_.clear();
      return {};
    case RecordType::removals: {
      const auto groups = load_removals(record.payload);
      if (!groups.ok()) break;
      take_removals(groups.value(), segment);
      return {};
    }
    case RecordType::item:
    case RecordType::moved: {
      const auto meta = load_item_meta(record.header, record.meta);
      if (!meta.ok() || record.offset / kRecordUnit >= (1U << 24U)) break;
      const auto& item = meta.value().item;
      const auto sequence = meta.value().sequence;
      greatest_ = std::max(greatest_, sequence);
      const auto& from = meta.value().moved_from;
      if (from) segment.moved_from.insert(*from);
      store_.mailboxes_[item.recipient].entries.append_unsorted(
          {sequence,
           item,
           record.header.payload_bytes,
           store_.fingerprint_of(item.kind, item.message),
           {slot, static_cast<std::uint32_t>(record.offset / kRecordUnit), from.has_value(),
            !meta.value().sender_at}});
      return {};
    }
  }
  // Its sum is right, so we wrote it so; a later version's?
  segment.damaged = true;
  note_damage(segment.number);
  return {};
}

void SegmentOpening::take_removals(const std::vector<RemovalGroup>& groups, Segment& segment) {
  for (const auto& group : groups) {
    if (group.segment != segment.number) segment.removes_from.insert(group.segment);
    removed_.insert(removed_.end(), group.sequences.begin(), group.sequences.end());
  }
}

void SegmentOpening::note_damage(std::uint64_t number) {
  store_.damaged_ = true;
  if (damaged_file_ != nullptr && damaged_file_->empty()) {
    *damaged_file_ = SegmentLog::name_of(number);
  }
}

/// Takes out what was removed, and counts the rest.
void SegmentOpening::settle() {
  std::ranges::sort(removed_);
  std::ranges::sort(overwritten_);
  for (auto at = store_.mailboxes_.begin(); at != store_.mailboxes_.end();) {
    settle(at->second);
    at = at->second.entries.empty() ? store_.mailboxes_.erase(at) : std::next(at);
  }
}

void SegmentOpening::settle(SegmentMailboxStore::Mailbox& mailbox) {
  auto& entries = mailbox.entries;
  const auto gone = [&](const Entry& entry) { note_dirty(*store_.log_.at(entry.slot()), entry); };
  const bool in_order =
      std::ranges::is_sorted(entries, std::ranges::less_equal{}, &Entry::sequence);
  // Moved items; a kill may have left the copy that they were made from.
  if (!in_order) entries.sort(gone);
  if (!removed_.empty() || !overwritten_.empty()) {
    entries.erase_if([&](const Entry& entry) {
      if (std::ranges::binary_search(removed_, entry.sequence())) {
        gone(entry);
        return true;
      }
      return std::ranges::binary_search(overwritten_, entry.sequence());
    });
  }
  for (const auto& entry : entries) {
    auto& segment = *store_.log_.at(entry.slot());
    segment.live_items += 1;
    segment.live_bytes +=
        item_total_bytes(entry.moved(), entry.sender_inline(), entry.sealed_bytes());
    mailbox.bytes += entry.sealed_bytes();
    store_.next_due_ = std::min(store_.next_due_, entry.expires());
  }
  store_.total_.items += entries.size();
  store_.total_.bytes += mailbox.bytes;
}

}  // namespace martlet::store
