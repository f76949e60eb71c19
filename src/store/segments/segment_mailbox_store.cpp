#include "store/segments/segment_mailbox_store.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "store/segments/crc32c.h"

namespace martlet::store {
namespace {

/// Sequences that a life may give before a sync tells the disk of them; the next life begins
/// behind.
constexpr Sequence kUntoldMax = (Sequence{1} << 24U) - 1;
constexpr std::size_t kDueMax = 65'536;

const Error kDamaged{Failure::corrupt, "a stored envelope is damaged"};

}  // namespace

SegmentMailboxStore::SegmentMailboxStore(std::unique_ptr<SegmentFiles> files,
                                         const SegmentMailboxOptions& options)
    : files_{std::move(files)}, options_{options}, log_{*files_, options.segment_bytes} {}

SegmentMailboxStore::~SegmentMailboxStore() {
  if (!is_idle() || log_since_index_ == 0) return;
  index_.reset();  // older
  begin_index();
  if (index_ != nullptr) static_cast<void>(index_->step(index_->bytes()).ok());
}

/// Before anything is staged: what failed before is cut off, and this life has a segment whose
/// header says where its sequences begin.
Result<void> SegmentMailboxStore::make_ready() {
  TRY(log_.mend(next_));
  if (!begun_) {
    begun_ = true;
    durable_ = next_;
    log_since_index_ += kSegmentHeaderBytes;
  }
  if (next_ - durable_ > kUntoldMax / 2 && !writing_) {
    TRY(log_.renew(next_));
    durable_ = next_;
  }
  if (next_ - durable_ >= kUntoldMax)
    return Error{Failure::unavailable, "too much waits for a sync"};
  return {};
}

Result<Sequence> SegmentMailboxStore::append(const MailboxItem& item) {
  const auto fingerprint = fingerprint_of(item.kind, item.message);
  auto found = mailboxes_.find(item.recipient);
  if (found != mailboxes_.end()) {
    if (const auto waiting = TRY(find_waiting(found->second, item, fingerprint))) return *waiting;
  }
  const auto size = item.sealed.size();
  const auto held = found == mailboxes_.end() ? 0 : found->second.entries.size();
  const auto held_bytes = found == mailboxes_.end() ? 0 : found->second.bytes;
  if (held >= options_.limits.items_max || held_bytes + size > options_.limits.bytes_max) {
    return Error{Failure::limit_reached, "the mailbox is full"};
  }
  if (size > kPayloadBytesMax) return Error{Failure::limit_reached, "an envelope too long"};
  auto& batch = batches_[staging_];
  const auto total = item_total_bytes(false, true, size);
  if (batch.bytes + total > kStagedBytesMax) {
    return Error{Failure::unavailable, "too much waits for a sync"};
  }
  if (options_.disk_bytes_max > 0 && item.kind == ItemKind::envelope &&
      disk_bytes() + batch.bytes + total > options_.disk_bytes_max) {
    return Error{Failure::unavailable, "the store has reached its ceiling"};
  }
  TRY(make_ready());
  if (found == mailboxes_.end()) {
    found = mailboxes_.try_emplace(item.recipient).first;
    ++empty_mailboxes_;
  }
  const auto sequence = next_++;
  const Entry entry{sequence,
                    item,
                    size,
                    fingerprint,
                    {staged_slot(staging_), static_cast<std::uint32_t>(batch.items.size())}};
  batch.items.push_back({sequence, item, &found->second, false, {}});
  batch.bytes += total;
  batch.waiting += 1;
  count_in(found->second, entry);
  note_due(entry);
  return sequence;
}

/// Strangers choose message ids: without the key they cannot choose which fingerprints are equal.
std::uint32_t SegmentMailboxStore::fingerprint_of(ItemKind kind, const MessageId& message) const {
  __extension__ using Wide = unsigned __int128;
  std::array<std::uint64_t, 2> words;
  std::memcpy(words.data(), message.array().data(), sizeof words);
  const auto fold = [](std::uint64_t a, std::uint64_t b) {
    const auto product = Wide{a} * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  };
  const auto once = fold(words[0] ^ fingerprint_key_[0], words[1] ^ fingerprint_key_[1]);
  const auto twice = fold(once ^ fingerprint_key_[1],
                          fingerprint_key_[0] ^ (static_cast<std::uint64_t>(kind) << 32U));
  return static_cast<std::uint32_t>(twice ^ (twice >> 32U));
}

Result<std::optional<Sequence>> SegmentMailboxStore::find_waiting(Mailbox& mailbox,
                                                                  const MailboxItem& item,
                                                                  std::uint32_t fingerprint) {
  if (mailbox.entries.empty() || !mailbox.entries.may_have(fingerprint)) {
    return std::optional<Sequence>{};
  }
  // What is sent again was sent lately.
  for (const auto* at = mailbox.entries.end(); at-- != mailbox.entries.begin();) {
    if (at->fingerprint() != fingerprint || at->kind() != item.kind) continue;
    const auto other = TRY(load(item.recipient, *at, false));
    if (other.message == item.message && other.sender == item.sender) {
      return std::optional{at->sequence()};
    }
  }
  return std::optional<Sequence>{};
}

Result<void> SegmentMailboxStore::remove(const DeviceId& recipient, Sequence sequence) {
  const auto mailbox = mailboxes_.find(recipient);
  if (mailbox == mailboxes_.end()) return {};
  auto* entry = mailbox->second.entries.find(sequence);
  if (entry == nullptr) return {};
  TRY(make_ready());
  drop(mailbox->second, entry);
  return {};
}

/// Stages the removal of an item that waits.
void SegmentMailboxStore::drop(Mailbox& mailbox, Entry* entry) {
  auto& batch = batches_[staging_];
  const auto removed = *entry;
  if (removed.slot() == staged_slot(staging_)) {
    auto& item = batch.items[removed.place()];
    item.removed = true;
    item.item.sealed = {};
    batch.waiting -= 1;
    batch.bytes -= item_total_bytes(false, true, removed.sealed_bytes());
  } else {
    batch.removals.push_back({&mailbox, removed});
  }
  mailbox.entries.erase(entry);
  count_out(mailbox, removed);
}

Result<std::vector<WaitingItem>> SegmentMailboxStore::read(const DeviceId& recipient,
                                                           Sequence after, std::size_t items_max,
                                                           std::size_t bytes_max) {
  std::vector<WaitingItem> out;
  const auto mailbox = mailboxes_.find(recipient);
  if (mailbox == mailboxes_.end()) return out;
  auto& entries = mailbox->second.entries;
  std::size_t bytes = 0;
  bool damaged = false;
  for (auto* at = entries.behind(after); at != entries.end() && out.size() < items_max; ++at) {
    if (!out.empty() && bytes + at->sealed_bytes() > bytes_max) break;
    auto item = load(recipient, *at, true);
    if (!item.ok() && item.error().failure == Failure::corrupt) {
      damaged = true;  // what is behind it can be read all the same
      continue;
    }
    if (!item.ok() && out.empty()) return item.error();
    if (!item.ok()) break;
    bytes += at->sealed_bytes();
    out.push_back({at->sequence(), std::move(item).take()});
  }
  if (damaged && out.empty()) return kDamaged;
  return out;
}

const SegmentMailboxStore::StagedItem* SegmentMailboxStore::staged(const Entry& entry) const {
  for (std::size_t i = 0; i < batches_.size(); ++i) {
    if (entry.slot() == staged_slot(i)) return &batches_[i].items[entry.place()];
  }
  return nullptr;
}

Result<MailboxItem> SegmentMailboxStore::load(const DeviceId& recipient, const Entry& entry,
                                              bool with_sealed) {
  if (const auto* item = staged(entry)) {
    auto copy = item->item;
    if (!with_sealed) copy.sealed = {};
    return copy;
  }
  auto* segment = log_.at(entry.slot());
  if (segment == nullptr) return kDamaged;
  std::array<std::uint8_t, kRecordHeaderBytes + kMetaBytesMax> buffer;
  const auto head = std::span{buffer}.first(item_head_bytes(entry.moved(), entry.sender_inline()));
  const auto offset = std::uint64_t{entry.place()} * kRecordUnit;
  read_.resize(kPayloadBytesMax);
  const auto sealed = std::span{read_}.first(with_sealed ? entry.sealed_bytes() : 0);
  if (!TRY(segment->file->read_both(offset, head, sealed))) return kDamaged;
  const auto header = peek_record(head);
  if (!header || header->meta_bytes != head.size() - kRecordHeaderBytes ||
      header->payload_bytes != entry.sealed_bytes() || !is_record(head, {segment->epoch, offset}) ||
      (with_sealed && crc32c(sealed) != header->payload_sum)) {
    return kDamaged;
  }
  auto meta = TRY(load_item_meta(*header, head.subspan(kRecordHeaderBytes)));
  if (meta.sequence != entry.sequence() || meta.item.recipient != recipient) return kDamaged;
  if (meta.sender_at) {
    const auto sender = TRY(load_sender(*segment, *meta.sender_at));
    meta.item.sender = sender.device;
    meta.item.sender_account = sender.account;
  }
  if (with_sealed) meta.item.sealed = SharedBytes{sealed};
  return std::move(meta.item);
}

Result<Sender> SegmentMailboxStore::load_sender(Segment& segment, std::uint64_t offset) {
  auto& known = known_senders_[(offset / kRecordUnit + segment.number) % known_senders_.size()];
  if (known.segment == segment.number && known.offset == offset) return known.sender;
  std::array<std::uint8_t, kRecordHeaderBytes + kMetaBytesMax> buffer;
  const auto got = TRY(segment.file->read(offset, buffer));
  const auto header = peek_record(ByteView{buffer}.first(got));
  if (!header || kRecordHeaderBytes + header->meta_bytes > got) return kDamaged;
  const auto head = ByteView{buffer}.first(kRecordHeaderBytes + header->meta_bytes);
  if (!is_record(head, {segment.epoch, offset})) return kDamaged;
  const auto sender = TRY(load_inline_sender(*header, head.subspan(kRecordHeaderBytes)));
  known = {segment.number, offset, sender};
  return sender;
}

Result<std::vector<WaitingItem>> SegmentMailboxStore::expire(UnixMillis now,
                                                             std::size_t items_max) {
  std::vector<WaitingItem> out;
  const auto now_millis = entry_millis(now);
  if (items_max == 0 || (due_.empty() && now_millis < next_due_)) return out;
  TRY(make_ready());
  while (out.size() < items_max) {
    if (due_.empty()) {
      if (now_millis < next_due_) break;
      find_due(now_millis);
      if (due_.empty()) break;
    }
    const auto due = due_.front();
    if (due.expires > now_millis) break;
    const auto mailbox = mailboxes_.find(due.recipient);
    auto* entry =
        mailbox == mailboxes_.end() ? nullptr : mailbox->second.entries.find(due.sequence);
    if (entry != nullptr) {
      auto item = load(due.recipient, *entry, false);
      if (!item.ok() && item.error().failure != Failure::corrupt) {
        if (out.empty()) return item.error();
        break;
      }
      if (item.ok()) {
        out.push_back({due.sequence, std::move(item).take()});
        drop(mailbox->second, entry);
      } else {
        entry->mark_damaged();  // it stays: somebody may still save what is in it
      }
    }
    due_.pop_front();
  }
  return out;
}

/// The oldest that are due, and from when on to look again.
void SegmentMailboxStore::find_due(std::uint64_t now) {
  const auto before = [](const Due& a, const Due& b) {
    return std::pair{a.expires, a.sequence} < std::pair{b.expires, b.sequence};
  };
  std::vector<Due> found;
  next_due_ = ~std::uint64_t{0};
  for (const auto& [recipient, mailbox] : mailboxes_) {
    for (const auto& entry : mailbox.entries) {
      if (entry.damaged()) continue;
      if (entry.expires() <= now) {
        found.push_back({entry.expires(), entry.sequence(), recipient});
      } else {
        next_due_ = std::min(next_due_, entry.expires());
      }
    }
  }
  if (found.size() > kDueMax) {
    std::nth_element(found.begin(), found.begin() + kDueMax, found.end(), before);
    next_due_ = found[kDueMax].expires;
    found.resize(kDueMax);
  }
  std::ranges::sort(found, before);
  due_.assign(found.begin(), found.end());
}

void SegmentMailboxStore::note_due(const Entry& entry) {
  if (!due_.empty() && entry.expires() <= due_.back().expires) {
    next_due_ = due_.front().expires;
    due_.clear();
  }
  next_due_ = std::min(next_due_, entry.expires());
}

void SegmentMailboxStore::count_in(Mailbox& mailbox, const Entry& entry) {
  if (mailbox.entries.empty()) --empty_mailboxes_;
  mailbox.entries.insert(entry);
  mailbox.bytes += entry.sealed_bytes();
  total_.items += 1;
  total_.bytes += entry.sealed_bytes();
}

/// The entry is gone already.
void SegmentMailboxStore::count_out(Mailbox& mailbox, const Entry& entry) {
  if (mailbox.entries.empty()) ++empty_mailboxes_;
  mailbox.bytes -= entry.sealed_bytes();
  total_.items -= 1;
  total_.bytes -= entry.sealed_bytes();
}

MailboxSummary SegmentMailboxStore::summary(const DeviceId& recipient) const {
  const auto found = mailboxes_.find(recipient);
  if (found == mailboxes_.end()) return {};
  return {found->second.entries.size(), found->second.bytes};
}

std::vector<std::pair<DeviceId, MailboxSummary>> SegmentMailboxStore::mailboxes() const {
  std::vector<std::pair<DeviceId, MailboxSummary>> out;
  for (const auto& [recipient, mailbox] : mailboxes_) {
    if (mailbox.entries.empty()) continue;
    out.emplace_back(recipient, MailboxSummary{mailbox.entries.size(), mailbox.bytes});
  }
  return out;
}

std::uint64_t SegmentMailboxStore::index_memory_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [recipient, mailbox] : mailboxes_) bytes += mailbox.entries.memory_bytes();
  return bytes;
}

}  // namespace martlet::store
