#include "store/rocks/rocks_mailbox_store.h"

#include <rocksdb/write_batch.h>

#include <algorithm>

#include "base/check.h"
#include "store/rocks/mailbox_rows.h"
#include "store/rocks/rocks_database.h"

namespace martlet::store {
namespace {

constexpr std::size_t kMailboxWriteBufferBytes = 4 * 1024 * 1024;
constexpr std::size_t kMailboxCacheBytes = 8 * 1024 * 1024;
constexpr unsigned kCounterBits = 40;               // a boot appends at most 2^40 items
constexpr std::size_t kKnownMax = 256;              // in one mailbox: four delivery windows
constexpr std::size_t kKnownTotalMax = 128 * 1024;  // some 10 MB
constexpr Sequence kLastSequence = ~Sequence{0};
const std::uint8_t kMetaKey[] = {static_cast<std::uint8_t>(MailboxTable::meta)};

/// The expiry table from `first` on. Ends where the next table would begin.
Result<void> scan_expiry(RocksDatabase& database, UnixMillis first,
                         const std::function<Result<bool>(const ExpiryRow&)>& visit) {
  const std::uint8_t end[] = {static_cast<std::uint8_t>(MailboxTable::expiry) + 1};
  return database.scan(expiry_key(first, 0, {}), end,
                       [&](ByteView key, ByteView row) -> Result<bool> {
                         return visit(TRY(load_expiry(key, row)));
                       });
}

}  // namespace

Result<std::unique_ptr<RocksMailboxStore>> RocksMailboxStore::open(
    const std::string& path, const RocksMailboxOptions& options, std::string* damaged_file) {
  auto database = TRY(RocksDatabase::open(
      path, {kMailboxWriteBufferBytes, kMailboxCacheBytes, options.env}, damaged_file));
  std::unique_ptr<RocksMailboxStore> store{
      new RocksMailboxStore{std::move(database), options.limits}};
  TRY(store->load());
  return store;
}

RocksMailboxStore::RocksMailboxStore(std::unique_ptr<RocksDatabase> database,
                                     const MailboxLimits& limits)
    : database_{std::move(database)}, limits_{limits} {}

RocksMailboxStore::~RocksMailboxStore() = default;

Result<void> RocksMailboxStore::load() {
  const auto meta = TRY(database_->get(kMetaKey));
  const auto boots = (meta ? TRY(load_boots(*meta)) : 0) + 1;
  rocksdb::WriteBatch batch;
  if (meta) RocksDatabase::erase(batch, kMetaKey);
  RocksDatabase::put(batch, kMetaKey, {boots_row(boots)});
  TRY(database_->write(std::move(batch)));
  next_ = (boots << kCounterBits) + 1;

  std::uint64_t row_bytes = 0;
  TRY(scan_expiry(*database_, UnixMillis::min(), [&](const ExpiryRow& row) -> Result<bool> {
    count_in(mailboxes_[row.recipient], row.bytes);
    next_due_ = std::min(next_due_, row.expires);
    row_bytes += row.bytes + sizeof(ItemHeader) + sizeof(Sequence) + sizeof row.bytes;
    return true;
  }));
  // Items that an earlier process erased may still be in the files.
  const auto among_erased = TRY(database_->row_bytes_among_erased());
  if (among_erased > 0) {
    scrubbable_bytes_ = among_erased > row_bytes ? among_erased - row_bytes : 1;
  }
  return {};
}

Result<Sequence> RocksMailboxStore::append(const MailboxItem& item) {
  TRY(database_->mend());
  auto found = mailboxes_.find(item.recipient);
  if (found != mailboxes_.end()) {
    if (const auto waiting = TRY(find_waiting(found->second, item))) return *waiting;
  }
  const auto held = found == mailboxes_.end() ? MailboxSummary{} : found->second.summary;
  if (held.items >= limits_.items_max || held.bytes + item.sealed.size() > limits_.bytes_max) {
    return Error{Failure::limit_reached, "the mailbox is full"};
  }
  const auto sequence = next_++;
  if (found == mailboxes_.end()) {
    found = mailboxes_.try_emplace(item.recipient).first;
    found->second.floor = sequence - 1;
  }
  auto& mailbox = found->second;
  count_in(mailbox, item.sealed.size());
  mailbox.staged += 1;
  remember(mailbox, Known::of(sequence, item));
  next_due_ = std::min(next_due_, item.expires);
  appends_.push_back({sequence, item, false});
  return sequence;
}

Result<std::optional<Sequence>> RocksMailboxStore::find_waiting(const Mailbox& mailbox,
                                                                const MailboxItem& item) {
  const auto same = [&](const auto& other) {
    return other.message == item.message && other.sender == item.sender && other.kind == item.kind;
  };
  const auto known = std::ranges::find_if(mailbox.known, same);
  if (known != mailbox.known.end()) return std::optional{known->sequence};
  if (mailbox.known.size() == mailbox.summary.items) return std::optional<Sequence>{};
  if (mailbox.staged > 0) {
    for (const auto& append : appends_) {
      if (!append.removed && append.item.recipient == item.recipient && same(append.item)) {
        return std::optional{append.sequence};
      }
    }
  }
  const auto row =
      TRY(database_->get(index_key(item.recipient, item.kind, item.sender, item.message)));
  if (!row) return std::optional<Sequence>{};
  const auto sequence = TRY(load_index(*row));
  if (removed_.contains(sequence)) return std::optional<Sequence>{};
  return std::optional{sequence};
}

Result<void> RocksMailboxStore::remove(const DeviceId& recipient, Sequence sequence) {
  TRY(database_->mend());
  const auto mailbox = mailboxes_.find(recipient);
  if (mailbox == mailboxes_.end()) return {};
  if (const auto item = TRY(find(recipient, mailbox->second, sequence))) drop(recipient, *item);
  return {};
}

Result<std::optional<RocksMailboxStore::Known>> RocksMailboxStore::find(const DeviceId& recipient,
                                                                        const Mailbox& mailbox,
                                                                        Sequence sequence) {
  const auto known = std::ranges::lower_bound(mailbox.known, sequence, {}, &Known::sequence);
  if (known != mailbox.known.end() && known->sequence == sequence) return std::optional{*known};
  if (mailbox.known.size() == mailbox.summary.items) return std::optional<Known>{};
  if (removed_.contains(sequence)) return std::optional<Known>{};
  if (const auto* append = find_staged(recipient, sequence)) {
    if (append->removed) return std::optional<Known>{};
    return std::optional{Known::of(sequence, append->item)};
  }
  const auto key = item_key(recipient, sequence);
  const auto row = TRY(database_->get(key));
  if (!row) return std::optional<Known>{};
  return std::optional{Known::of(sequence, TRY(load_item(key, *row)).item)};
}

/// Rows go table by table and in the order of their keys: RocksDB finds the place of each from the
/// one before, which makes a batch cheaper.
void RocksMailboxStore::write_rows(rocksdb::WriteBatch& batch) {
  std::ranges::stable_sort(removals_, {}, &StagedRemoval::recipient);
  std::vector<const StagedAppend*> appends;
  for (const auto& append : appends_) {
    if (!append.removed) appends.push_back(&append);
  }
  std::ranges::stable_sort(appends, {}, [](const auto* append) { return append->item.recipient; });
  for (const auto& [recipient, item] : removals_) {
    RocksDatabase::erase(batch, item_key(recipient, item.sequence));
  }
  for (const auto* append : appends) {
    const auto& item = append->item;
    RocksDatabase::put(batch, item_key(item.recipient, append->sequence),
                       {item_header(item), item.sealed});
  }
  for (const auto& [recipient, item] : removals_) {
    RocksDatabase::erase(batch, index_key(recipient, item.kind, item.sender, item.message));
  }
  for (const auto* append : appends) {
    const auto& item = append->item;
    RocksDatabase::put(batch, index_key(item.recipient, item.kind, item.sender, item.message),
                       {index_row(append->sequence)});
  }
  std::ranges::sort(removals_, {}, [](const auto& r) {
    return std::pair{r.item.expires, r.item.sequence};
  });
  std::ranges::sort(appends, {}, [](const auto* append) {
    return std::pair{append->item.expires, append->sequence};
  });
  for (const auto& [recipient, item] : removals_) {
    RocksDatabase::erase(batch, expiry_key(item.expires, item.sequence, recipient));
  }
  for (const auto* append : appends) {
    const auto& item = append->item;
    RocksDatabase::put(batch, expiry_key(item.expires, append->sequence, item.recipient),
                       {expiry_row(item.sealed.size())});
  }
}

Result<void> RocksMailboxStore::sync() {
  rocksdb::WriteBatch batch;
  std::uint64_t erased = 0;
  for (const auto& removal : removals_) erased += removal.item.bytes;
  write_rows(batch);
  const auto written = batch.Count() == 0 ? database_->mend() : database_->write(std::move(batch));
  if (!written.ok()) {
    undo();
    return written;
  }
  scrubbable_bytes_ += erased;
  forget_staged();
  return {};
}

Result<std::vector<WaitingItem>> RocksMailboxStore::read(const DeviceId& recipient, Sequence after,
                                                         std::size_t items_max,
                                                         std::size_t bytes_max) {
  std::vector<WaitingItem> out;
  const auto found = mailboxes_.find(recipient);
  if (found == mailboxes_.end() || items_max == 0 || after == kLastSequence) return out;
  auto& mailbox = found->second;
  std::size_t bytes = 0;
  bool full = false;
  const auto take = [&](WaitingItem waiting) {
    bytes += waiting.item.sealed.size();
    full = !out.empty() && bytes > bytes_max;
    if (!full) out.push_back(std::move(waiting));
    full = full || out.size() == items_max;
  };
  if (mailbox.summary.items > mailbox.staged) {
    const auto first = item_key(recipient, std::max(after, mailbox.floor) + 1);
    const auto end = item_key(recipient, kLastSequence);
    TRY(database_->scan(first, end, [&](ByteView key, ByteView row) -> Result<bool> {
      auto waiting = TRY(load_item(key, row));
      if (!removed_.contains(waiting.sequence)) take(std::move(waiting));
      return !full;
    }));
    if (!out.empty() && after <= mailbox.floor) mailbox.floor = out.front().sequence - 1;
    for (const auto& waiting : out) remember(mailbox, Known::of(waiting.sequence, waiting.item));
  }
  if (mailbox.staged == 0) return out;
  for (const auto& [sequence, item, removed] : appends_) {
    if (full) break;
    if (!removed && sequence > after && item.recipient == recipient) take({sequence, item});
  }
  return out;
}

Result<std::vector<WaitingItem>> RocksMailboxStore::expire(UnixMillis now, std::size_t items_max) {
  TRY(database_->mend());
  if (now < next_due_ || items_max == 0) return std::vector<WaitingItem>{};
  auto items = TRY(due(now, items_max));
  for (auto& [sequence, item] : items) {
    drop(item.recipient, Known::of(sequence, item));
    item.sealed = {};
  }
  return items;
}

/// The items that expire() drops, and from when on it has to look again.
Result<std::vector<WaitingItem>> RocksMailboxStore::due(UnixMillis now, std::size_t items_max) {
  std::vector<ExpiryRow> rows;
  auto next_due = UnixMillis::max();
  TRY(scan_expiry(*database_, next_due_, [&](const ExpiryRow& row) -> Result<bool> {
    if (removed_.contains(row.sequence)) return true;
    if (row.expires > now || rows.size() == items_max) {
      next_due = row.expires;
      return false;
    }
    rows.push_back(row);
    return true;
  }));
  for (const auto& [sequence, item, removed] : appends_) {
    if (removed) continue;
    if (item.expires <= now) {
      rows.push_back({item.expires, sequence, item.recipient, 0});
    } else {
      next_due = std::min(next_due, item.expires);
    }
  }
  std::ranges::sort(rows, {}, [](const auto& row) { return std::pair{row.expires, row.sequence}; });
  if (rows.size() > items_max) {
    next_due = std::min(next_due, rows[items_max].expires);
    rows.resize(items_max);
  }
  std::vector<WaitingItem> out;
  out.reserve(rows.size());
  for (const auto& row : rows) {
    out.push_back({row.sequence, TRY(load(row.recipient, row.sequence))});
  }
  next_due_ = next_due;
  return out;
}

Result<MailboxItem> RocksMailboxStore::load(const DeviceId& recipient, Sequence sequence) {
  if (const auto* append = find_staged(recipient, sequence)) return append->item;
  const auto key = item_key(recipient, sequence);
  const auto row = TRY(database_->get(key));
  if (!row) return Error{Failure::corrupt, "an item that expires is not there"};
  return TRY(load_item(key, *row)).item;
}

MailboxSummary RocksMailboxStore::summary(const DeviceId& recipient) const {
  const auto found = mailboxes_.find(recipient);
  return found == mailboxes_.end() ? MailboxSummary{} : found->second.summary;
}

std::vector<std::pair<DeviceId, MailboxSummary>> RocksMailboxStore::mailboxes() const {
  std::vector<std::pair<DeviceId, MailboxSummary>> out;
  out.reserve(mailboxes_.size());
  for (const auto& [recipient, mailbox] : mailboxes_) out.emplace_back(recipient, mailbox.summary);
  return out;
}

Result<void> RocksMailboxStore::scrub() {
  if (scrubbable_bytes_ == 0) return {};
  TRY(database_->scrub());
  scrubbable_bytes_ = 0;
  return {};
}

RocksMailboxStore::Known RocksMailboxStore::Known::of(Sequence sequence, const MailboxItem& item) {
  return {sequence,    item.expires, item.message,
          item.sender, item.kind,    static_cast<std::uint32_t>(item.sealed.size())};
}

RocksMailboxStore::StagedAppend* RocksMailboxStore::find_staged(const DeviceId& recipient,
                                                                Sequence sequence) {
  const auto at = std::ranges::lower_bound(appends_, sequence, {}, &StagedAppend::sequence);
  const bool there =
      at != appends_.end() && at->sequence == sequence && at->item.recipient == recipient;
  return there ? &*at : nullptr;
}

/// Stages the removal of an item that waits.
void RocksMailboxStore::drop(const DeviceId& recipient, const Known& item) {
  if (auto* append = find_staged(recipient, item.sequence)) {
    append->removed = true;
    append->item.sealed = {};
    mailboxes_.at(recipient).staged -= 1;
  } else {
    removals_.push_back({recipient, item});
    removed_.insert(item.sequence);
  }
  count_out(recipient, item);
}

void RocksMailboxStore::count_in(Mailbox& mailbox, std::uint64_t bytes) {
  for (auto* sum : {&mailbox.summary, &total_}) {
    sum->items += 1;
    sum->bytes += bytes;
  }
}

void RocksMailboxStore::count_out(const DeviceId& recipient, const Known& item) {
  const auto found = mailboxes_.find(recipient);
  CHECK(found != mailboxes_.end());
  auto& mailbox = found->second;
  for (auto* sum : {&mailbox.summary, &total_}) {
    sum->items -= 1;
    sum->bytes -= item.bytes;
  }
  const auto known = std::ranges::lower_bound(mailbox.known, item.sequence, {}, &Known::sequence);
  if (known != mailbox.known.end() && known->sequence == item.sequence) {
    mailbox.known.erase(known);
    known_items_ -= 1;
  }
  if (mailbox.summary.items == 0) mailboxes_.erase(found);
}

/// Keeps `item` at hand. Where there are too many, those go that will be removed last.
void RocksMailboxStore::remember(Mailbox& mailbox, const Known& item) {
  auto& known = mailbox.known;
  const auto at = std::ranges::lower_bound(known, item.sequence, {}, &Known::sequence);
  if (at != known.end() && at->sequence == item.sequence) return;
  if (known.size() < kKnownMax && known_items_ < kKnownTotalMax) {
    known.insert(at, item);
    known_items_ += 1;
  } else if (at != known.end()) {
    std::move_backward(at, known.end() - 1, known.end());
    *at = item;
  }
}

/// Takes back what was staged. Its places are never given again.
void RocksMailboxStore::undo() {
  for (const auto& [sequence, item, removed] : appends_) {
    if (removed) continue;
    mailboxes_.at(item.recipient).staged -= 1;
    count_out(item.recipient, Known::of(sequence, item));
  }
  for (const auto& [recipient, item] : removals_) {
    auto& mailbox = mailboxes_[recipient];
    count_in(mailbox, item.bytes);
    mailbox.floor = 0;
    next_due_ = std::min(next_due_, item.expires);
  }
  appends_.clear();
  removals_.clear();
  removed_.clear();
}

/// What was staged is durable now.
void RocksMailboxStore::forget_staged() {
  for (const auto& append : appends_) {
    const auto mailbox = mailboxes_.find(append.item.recipient);
    if (mailbox != mailboxes_.end()) mailbox->second.staged = 0;
  }
  appends_.clear();
  removals_.clear();
  removed_.clear();
}

}  // namespace martlet::store
