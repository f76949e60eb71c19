#include "store/memory/memory_mailbox_store.h"

#include "base/check.h"

namespace martlet::store {
namespace {

constexpr unsigned kCounterBits = 40;  // a boot appends at most 2^40 items

}  // namespace

Result<std::unique_ptr<MemoryMailboxStore>> MemoryMailboxStore::open(MemoryMailboxDisk& disk,
                                                                     FaultHook fault,
                                                                     const MailboxLimits& limits) {
  const auto what = fault ? fault() : WriteFault::none;
  if (what != WriteFault::lost) ++disk.boots;
  if (what != WriteFault::none) return Error{Failure::unavailable, "the disk did not answer"};
  return std::unique_ptr<MemoryMailboxStore>{
      new MemoryMailboxStore{disk, std::move(fault), limits}};
}

MemoryMailboxStore::MemoryMailboxStore(MemoryMailboxDisk& disk, FaultHook fault,
                                       const MailboxLimits& limits)
    : disk_{disk}, fault_{std::move(fault)}, limits_{limits} {
  for (const auto& [key, item] : disk.items) insert(key, item);
}

Result<Sequence> MemoryMailboxStore::append(const MailboxItem& item) {
  const auto found = mailboxes_.find(item.recipient);
  if (found != mailboxes_.end()) {
    const auto& mailbox = found->second;
    const auto same = mailbox.waiting.find({item.kind, item.sender, item.message});
    if (same != mailbox.waiting.end()) return same->second;
  }
  const auto held = summary(item.recipient);
  if (held.items >= limits_.items_max || held.bytes + item.sealed.size() > limits_.bytes_max) {
    return Error{Failure::limit_reached, "the mailbox is full"};
  }
  const Sequence sequence = (disk_.boots << kCounterBits) | ++counter_;
  const Key key{item.recipient, sequence};
  insert(key, item);
  staged_.emplace(key, std::nullopt);
  return sequence;
}

Result<void> MemoryMailboxStore::remove(const DeviceId& recipient, Sequence sequence) {
  const Key key{recipient, sequence};
  if (auto item = extract(key)) staged_.emplace(key, std::move(item));
  return {};
}

struct MemoryMailboxStore::Batch {
  Before before;
  Before after;  ///< what the disk is to hold at each place
  WriteFault outcome = WriteFault::lost;
};

/// Outlives the store if that is killed meanwhile.
class MemoryMailboxStore::Work final : public SyncWork {
 public:
  Work(MemoryMailboxDisk& disk, FaultHook fault, std::shared_ptr<Batch> batch)
      : disk_{disk}, fault_{std::move(fault)}, batch_{std::move(batch)} {}

  Result<void> perform() override {
    batch_->outcome = fault_ ? fault_() : WriteFault::none;
    if (batch_->outcome == WriteFault::lost) {
      return Error{Failure::unavailable, "the disk did not answer"};
    }
    for (const auto& [key, item] : batch_->after) {
      disk_.items.erase(key);
      if (item) disk_.items.emplace(key, *item);
    }
    if (batch_->outcome == WriteFault::written) {
      return Error{Failure::unavailable, "the disk's answer was lost"};
    }
    return {};
  }

 private:
  MemoryMailboxDisk& disk_;
  FaultHook fault_;
  std::shared_ptr<Batch> batch_;
};

Result<void> MemoryMailboxStore::sync() {
  const auto work = TRY(begin_sync());
  return work == nullptr ? Result<void>{} : finish_sync(work->perform());
}

Result<std::unique_ptr<SyncWork>> MemoryMailboxStore::begin_sync() {
  CHECK(writing_ == nullptr);
  if (staged_.empty() && unsure_.empty()) return std::unique_ptr<SyncWork>{};
  writing_ = std::make_shared<Batch>();
  writing_->before = std::exchange(staged_, {});
  const auto add = [this](const Key& key) {
    auto& after = writing_->after[key];
    const auto mailbox = mailboxes_.find(key.first);
    if (mailbox == mailboxes_.end()) return;
    const auto item = mailbox->second.items.find(key.second);
    if (item != mailbox->second.items.end()) after = item->second;
  };
  for (const auto& [key, before] : writing_->before) add(key);
  for (const auto& key : unsure_) add(key);
  return std::unique_ptr<SyncWork>{std::make_unique<Work>(disk_, fault_, writing_)};
}

Result<void> MemoryMailboxStore::finish_sync(const Result<void>& written) {
  const auto batch = std::exchange(writing_, nullptr);
  CHECK(batch != nullptr);
  if (written.ok()) {
    for (const auto& [key, before] : batch->before) {
      if (before) scrubbable_bytes_ += before->sealed.size();
    }
    unsure_.clear();
    return {};
  }
  // What was changed last is taken back first.
  undo(staged_);
  undo(batch->before);
  if (batch->outcome == WriteFault::written) {
    unsure_.clear();
    for (const auto& [key, after] : batch->after) unsure_.insert(key);
  }
  return written;
}

Result<std::vector<WaitingItem>> MemoryMailboxStore::read(const DeviceId& recipient, Sequence after,
                                                          std::size_t items_max,
                                                          std::size_t bytes_max) {
  std::vector<WaitingItem> out;
  const auto found = mailboxes_.find(recipient);
  if (found == mailboxes_.end()) return out;
  const auto& items = found->second.items;
  std::size_t bytes = 0;
  for (auto at = items.upper_bound(after); at != items.end() && out.size() < items_max; ++at) {
    bytes += at->second.sealed.size();
    if (!out.empty() && bytes > bytes_max) break;
    out.push_back({at->first, at->second});
  }
  return out;
}

Result<std::vector<WaitingItem>> MemoryMailboxStore::expire(UnixMillis now, std::size_t items_max) {
  std::vector<WaitingItem> out;
  while (out.size() < items_max && !by_expiry_.empty()) {
    const auto [expires, sequence, recipient] = *by_expiry_.begin();
    if (expires > now) break;
    auto item = extract({recipient, sequence});
    CHECK(item.has_value());
    out.push_back({sequence, *item});
    out.back().item.sealed = {};
    staged_.emplace(Key{recipient, sequence}, std::move(item));
  }
  return out;
}

MailboxSummary MemoryMailboxStore::summary(const DeviceId& recipient) const {
  const auto found = mailboxes_.find(recipient);
  return found == mailboxes_.end() ? MailboxSummary{} : found->second.summary;
}

std::vector<std::pair<DeviceId, MailboxSummary>> MemoryMailboxStore::mailboxes() const {
  std::vector<std::pair<DeviceId, MailboxSummary>> out;
  for (const auto& [device, mailbox] : mailboxes_) out.emplace_back(device, mailbox.summary);
  return out;
}

Result<void> MemoryMailboxStore::scrub() {
  scrubbable_bytes_ = 0;
  return {};
}

void MemoryMailboxStore::insert(const Key& key, MailboxItem item) {
  auto& mailbox = mailboxes_[key.first];
  const auto bytes = item.sealed.size();
  mailbox.waiting.emplace(Identity{item.kind, item.sender, item.message}, key.second);
  by_expiry_.emplace(item.expires, key.second, key.first);
  mailbox.items.emplace(key.second, std::move(item));
  mailbox.summary.items += 1;
  mailbox.summary.bytes += bytes;
  total_.items += 1;
  total_.bytes += bytes;
}

std::optional<MailboxItem> MemoryMailboxStore::extract(const Key& key) {
  const auto found = mailboxes_.find(key.first);
  if (found == mailboxes_.end()) return std::nullopt;
  auto& mailbox = found->second;
  auto node = mailbox.items.extract(key.second);
  if (node.empty()) return std::nullopt;
  auto item = std::move(node.mapped());
  mailbox.waiting.erase({item.kind, item.sender, item.message});
  by_expiry_.erase({item.expires, key.second, key.first});
  mailbox.summary.items -= 1;
  mailbox.summary.bytes -= item.sealed.size();
  total_.items -= 1;
  total_.bytes -= item.sealed.size();
  if (mailbox.items.empty()) mailboxes_.erase(found);
  return item;
}

/// Takes back what was staged: first what came, then what went, so that no identity is there twice.
void MemoryMailboxStore::undo(Before& changes) {
  for (const auto& [key, before] : changes) extract(key);
  for (auto& [key, before] : changes) {
    if (before) insert(key, std::move(*before));
  }
  changes.clear();
}

}  // namespace martlet::store
