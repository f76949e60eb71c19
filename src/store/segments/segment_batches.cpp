#include <algorithm>

#include "base/check.h"
#include "store/segments/batch_parts.h"
#include "store/segments/segment_mailbox_store.h"

namespace martlet::store {
namespace {

constexpr std::size_t kSendersMax = 8'192;    // remembered for one segment
constexpr std::uint32_t kSenderUsesMax = 32;  // records that one damaged record can take along
constexpr std::size_t kBufferKeptBytes = 1024 * 1024;
constexpr std::size_t kStagedKept = 4'096;
constexpr std::uint64_t kIndexBusySegments = 8;  // so much log, when never idle
constexpr std::size_t kEmptyMailboxesKept = 1'024;

}  // namespace

class SegmentMailboxStore::Work final : public SyncWork {
 public:
  Work(const SegmentLog::Write& write, IndexWriter* index, std::uint64_t step_bytes)
      : write_{write}, index_{index}, step_bytes_{step_bytes} {}
  Result<void> perform() override {
    TRY(SegmentLog::perform(write_));
    // What comes of it, the store asks the writer.
    if (index_ != nullptr) static_cast<void>(index_->step(step_bytes_).ok());
    return {};
  }

 private:
  const SegmentLog::Write write_;
  IndexWriter* const index_;
  const std::uint64_t step_bytes_;
};

Result<void> SegmentMailboxStore::sync() {
  const auto work = TRY(begin_sync());
  return work == nullptr ? Result<void>{} : finish_sync(work->perform());
}

Result<std::unique_ptr<SyncWork>> SegmentMailboxStore::begin_sync() {
  CHECK(!writing_);
  auto& batch = batches_[staging_];
  if (batch.waiting == 0 && batch.removals.empty()) {
    batch.clear();
    if (begun_) TRY(log_.mend(next_));
    forget_empty_mailboxes();
    return std::unique_ptr<SyncWork>{};
  }
  const auto encoded = encode(batch);
  if (!encoded.ok()) {
    undo(batch);
    return encoded.error();
  }
  writing_ = true;
  staging_ = 1 - staging_;
  return std::unique_ptr<SyncWork>{std::make_unique<Work>(
      log_.write_of({buffer_.get(), batch.sealed_bytes}), index_.get(), options_.step_bytes)};
}

Result<void> SegmentMailboxStore::finish_sync(const Result<void>& written) {
  CHECK(writing_);
  writing_ = false;
  settle_index();
  auto& batch = batches_[1 - staging_];
  if (!written.ok()) {
    log_.failed();
    // What was staged since may build upon it.
    undo(batches_[staging_]);
    undo(batch);
    return written;
  }
  settle(batch);
  if (is_idle()) {
    forget_empty_mailboxes();
    if (log_since_index_ >
        std::max(kIndexBusySegments * options_.segment_bytes, 8 * index_bytes_)) {
      begin_index();
    }
  }
  return {};
}

std::uint8_t* SegmentMailboxStore::buffer(std::size_t size) {
  const bool is_large = buffer_bytes_ > kBufferKeptBytes && size <= kBufferKeptBytes;
  if (size > buffer_bytes_ || is_large) {
    buffer_bytes_ = std::max(size, kBufferKeptBytes / 4);
    buffer_ = std::unique_ptr<std::uint8_t[]>{new std::uint8_t[buffer_bytes_]};
  }
  return buffer_.get();
}

Result<void> SegmentMailboxStore::encode(Batch& batch) {
  const auto removals = group_removals(batch);
  auto bytes = batch.bytes;
  for (const auto& groups : removals) bytes += removals_total_bytes(groups);
  TRY(log_.make_room(bytes, batch.waiting == 0, next_));
  const auto& active = *log_.active();
  auto writer = begin_batch(log_, buffer(bytes + kSegmentHeaderBytes));
  batch.serial = active.end.batch + 1;
  auto left = batch.waiting;
  for (auto& item : batch.items) {
    if (item.removed) continue;
    const bool last = --left == 0 && removals.empty();
    item.where = encode_item(writer, item.sequence, item.item, std::nullopt, last);
  }
  for (std::size_t i = 0; i < removals.size(); ++i) {
    writer.removals(removals[i], i + 1 == removals.size());
  }
  batch.sealed_bytes = writer.offset() - active.end.offset;
  return {};
}

Entry::Where SegmentMailboxStore::encode_item(RecordWriter& writer, Sequence sequence,
                                              const MailboxItem& item,
                                              std::optional<std::uint64_t> moved_from, bool last) {
  const auto number = log_.active()->number;
  if (senders_segment_ != number) {
    senders_.clear();
    senders_segment_ = number;
  }
  const auto offset = writer.offset();
  const Sender sender{item.sender, item.sender_account};
  std::optional<std::uint64_t> sender_at;
  const auto known = senders_.find(sender);
  if (known != senders_.end() && known->second.uses++ < kSenderUsesMax) {
    sender_at = known->second.offset;
  } else if (known != senders_.end()) {
    known->second = {offset, 0};
  } else if (senders_.size() < kSendersMax) {
    senders_.emplace(sender, WrittenSender{offset, 0});
  }
  writer.item(sequence, item, sender_at, moved_from, last);
  return {log_.active_slot(), static_cast<std::uint32_t>(offset / kRecordUnit),
          moved_from.has_value(), !sender_at};
}

std::vector<std::vector<RemovalGroup>> SegmentMailboxStore::group_removals(
    const Batch& batch) const {
  std::vector<std::pair<std::uint64_t, Sequence>> places;
  places.reserve(batch.removals.size());
  for (const auto& [mailbox, entry] : batch.removals) {
    places.emplace_back(log_.at(entry.slot())->number, entry.sequence());
  }
  std::ranges::sort(places);
  return grouped(places);
}

/// The batch is durable.
void SegmentMailboxStore::settle(Batch& batch) {
  log_.wrote(batch.sealed_bytes);
  log_since_index_ += batch.sealed_bytes;
  auto& active = *log_.active();
  active.end.batch = batch.serial;
  const auto slot = staged_slot(1 - staging_);
  for (auto& item : batch.items) {
    if (item.removed) continue;
    durable_ = std::max(durable_, item.sequence);
    active.live_items += 1;
    active.live_bytes += item_total_bytes(false, item.where.sender_inline, item.item.sealed.size());
    auto* entry = item.mailbox->entries.find(item.sequence);
    if (entry != nullptr) entry->move_to(item.where);
  }
  // Removed while it was being written: now there is something to remove.
  for (auto& [mailbox, entry] : batches_[staging_].removals) {
    if (entry.slot() == slot) entry.move_to(batch.items[entry.place()].where);
  }
  for (const auto& [mailbox, entry] : batch.removals) mark_dead(entry);
  log_.delete_dead();
  batch.clear();
}

void SegmentMailboxStore::mark_dead(const Entry& entry) {
  auto& segment = *log_.at(entry.slot());
  auto& active = *log_.active();
  const auto total = item_total_bytes(entry.moved(), entry.sender_inline(), entry.sealed_bytes());
  segment.live_items -= 1;
  segment.live_bytes -= total;
  if (segment.live_items == 0) log_.note_empty();
  note_dirty(segment, entry);
  if (&segment != &active) active.removes_from.insert(segment.number);
}

/// Takes back what was staged: first what went, then what came.
void SegmentMailboxStore::undo(Batch& batch) {
  for (auto at = batch.removals.rbegin(); at != batch.removals.rend(); ++at) {
    count_in(*at->mailbox, at->entry);
    note_due(at->entry);
  }
  for (auto at = batch.items.rbegin(); at != batch.items.rend(); ++at) {
    if (at->removed) continue;
    auto* entry = at->mailbox->entries.find(at->sequence);
    const auto gone = *entry;
    at->mailbox->entries.erase(entry);
    count_out(*at->mailbox, gone);
  }
  batch.clear();
  senders_.clear();  // they may point to what was not written
}

void SegmentMailboxStore::Batch::clear() {
  items.clear();
  removals.clear();
  if (items.capacity() > kStagedKept) items.shrink_to_fit();
  if (removals.capacity() > kStagedKept) removals.shrink_to_fit();
  bytes = 0;
  waiting = 0;
}

void SegmentMailboxStore::forget_empty_mailboxes() {
  if (empty_mailboxes_ <= mailboxes_.size() / 2 + kEmptyMailboxesKept) return;
  std::erase_if(mailboxes_, [](const auto& entry) { return entry.second.entries.empty(); });
  empty_mailboxes_ = 0;
}

}  // namespace martlet::store
