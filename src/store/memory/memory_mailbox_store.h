#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "store/mailbox_store.h"
#include "store/write_fault.h"

namespace martlet::store {

/// What survives a kill. Outlives every store opened on it, one at a time.
struct MemoryMailboxDisk {
  std::uint64_t boots = 0;
  std::map<std::pair<DeviceId, Sequence>, MailboxItem> items;
};

/// Mailboxes in memory, for simulations: drop the store to kill it, open another on its disk.
/// Opening and each sync that has something to do are one durable write each. Owned by one thread.
class MemoryMailboxStore final : public MailboxStore {
 public:
  /// Fails with `unavailable` only, when `fault` says so. `disk` outlives the store.
  static Result<std::unique_ptr<MemoryMailboxStore>> open(MemoryMailboxDisk& disk,
                                                          FaultHook fault = {},
                                                          const MailboxLimits& limits = {});

  Result<Sequence> append(const MailboxItem& item) override;
  Result<void> remove(const DeviceId& recipient, Sequence sequence) override;
  Result<void> sync() override;
  Result<std::unique_ptr<SyncWork>> begin_sync() override;
  Result<void> finish_sync(const Result<void>& written) override;
  Result<std::vector<WaitingItem>> read(const DeviceId& recipient, Sequence after,
                                        std::size_t items_max, std::size_t bytes_max) override;
  Result<std::vector<WaitingItem>> expire(UnixMillis now, std::size_t items_max) override;
  MailboxSummary summary(const DeviceId& recipient) const override;
  MailboxSummary total() const override { return total_; }
  std::vector<std::pair<DeviceId, MailboxSummary>> mailboxes() const override;
  Result<void> scrub() override;
  std::uint64_t scrubbable_bytes() const override { return scrubbable_bytes_; }

 private:
  using Key = std::pair<DeviceId, Sequence>;
  using Identity = std::tuple<ItemKind, DeviceId, MessageId>;  ///< kind, sender, message
  struct Mailbox {
    std::map<Sequence, MailboxItem> items;
    std::map<Identity, Sequence> waiting;
    MailboxSummary summary;
  };

  MemoryMailboxStore(MemoryMailboxDisk& disk, FaultHook fault, const MailboxLimits& limits);
  void insert(const Key& key, MailboxItem item);
  std::optional<MailboxItem> extract(const Key& key);
  /// What was there before, of each place that was changed.
  using Before = std::map<Key, std::optional<MailboxItem>>;
  /// A batch on its way to the disk.
  struct Batch;
  class Work;
  void undo(Before& changes);

  MemoryMailboxDisk& disk_;
  FaultHook fault_;
  MailboxLimits limits_;
  std::uint64_t counter_ = 0;
  std::map<DeviceId, Mailbox> mailboxes_;  ///< none of them empty
  std::set<std::tuple<UnixMillis, Sequence, DeviceId>> by_expiry_;
  MailboxSummary total_;
  Before staged_;  ///< since the last sync, or since it began
  std::shared_ptr<Batch> writing_;
  /// Places where the disk may differ from us, because an answer was lost.
  std::set<Key> unsure_;
  std::uint64_t scrubbable_bytes_ = 0;
};

}  // namespace martlet::store
