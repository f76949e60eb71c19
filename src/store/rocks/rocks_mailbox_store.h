#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "store/mailbox_store.h"

namespace rocksdb {
class Env;
class WriteBatch;
}  // namespace rocksdb

namespace martlet::store {

class RocksDatabase;

struct RocksMailboxOptions {
  MailboxLimits limits;
  rocksdb::Env* env = nullptr;  ///< outlives the store; none: the machine's. For tests.
};

/// Mailboxes in a RocksDB (spec/mailbox-rocks.md). Staged changes are in memory only, and what is
/// staged and removed again never touches the disk. Of waiting items memory holds sums, and for
/// short mailboxes what tells items apart, so that appending and removing seldom read.
class RocksMailboxStore final : public MailboxStore {
 public:
  /// Opens the folder `path`, or creates it in a folder that is there. Recovers from a crash by
  /// itself. Fails with `in_use`, `unavailable`, or `corrupt`: then `damaged_file`, if given, gets
  /// the name of the file that is damaged or missing (empty: it is not known).
  static Result<std::unique_ptr<RocksMailboxStore>> open(const std::string& path,
                                                         const RocksMailboxOptions& options = {},
                                                         std::string* damaged_file = nullptr);
  ~RocksMailboxStore() override;

  Result<Sequence> append(const MailboxItem& item) override;
  Result<void> remove(const DeviceId& recipient, Sequence sequence) override;
  Result<void> sync() override;
  Result<std::vector<WaitingItem>> read(const DeviceId& recipient, Sequence after,
                                        std::size_t items_max, std::size_t bytes_max) override;
  Result<std::vector<WaitingItem>> expire(UnixMillis now, std::size_t items_max) override;
  MailboxSummary summary(const DeviceId& recipient) const override;
  MailboxSummary total() const override { return total_; }
  std::vector<std::pair<DeviceId, MailboxSummary>> mailboxes() const override;
  /// Rewrites the whole store; the caller decides when that is worth it.
  Result<void> scrub() override;
  std::uint64_t scrubbable_bytes() const override { return scrubbable_bytes_; }

 private:
  /// A waiting item without its sealed bytes.
  struct Known {
    Sequence sequence = 0;
    UnixMillis expires{};
    MessageId message;
    DeviceId sender;
    ItemKind kind = ItemKind::envelope;
    std::uint32_t bytes = 0;
    static Known of(Sequence sequence, const MailboxItem& item);
  };
  struct Mailbox {
    MailboxSummary summary;
    std::uint64_t staged = 0;  ///< items of `summary` that are staged
    Sequence floor = 0;        ///< no durable item waits at or before it
    std::vector<Known> known;  ///< some of the waiting items, by place; all, if as many as items
  };
  using Mailboxes = std::unordered_map<DeviceId, Mailbox>;
  struct StagedAppend {
    Sequence sequence = 0;
    MailboxItem item;
    bool removed = false;
  };
  struct StagedRemoval {
    DeviceId recipient;
    Known item;
  };

  RocksMailboxStore(std::unique_ptr<RocksDatabase> database, const MailboxLimits& limits);
  Result<void> load();
  Result<std::optional<Sequence>> find_waiting(const Mailbox& mailbox, const MailboxItem& item);
  Result<std::optional<Known>> find(const DeviceId& recipient, const Mailbox& mailbox,
                                    Sequence sequence);
  Result<std::vector<WaitingItem>> due(UnixMillis now, std::size_t items_max);
  Result<MailboxItem> load(const DeviceId& recipient, Sequence sequence);
  StagedAppend* find_staged(const DeviceId& recipient, Sequence sequence);
  void drop(const DeviceId& recipient, const Known& item);
  void count_in(Mailbox& mailbox, std::uint64_t bytes);
  void count_out(const DeviceId& recipient, const Known& item);
  void remember(Mailbox& mailbox, const Known& item);
  void write_rows(rocksdb::WriteBatch& batch);
  void undo();
  void forget_staged();

  const std::unique_ptr<RocksDatabase> database_;
  const MailboxLimits limits_;
  Mailboxes mailboxes_;  ///< none of them empty
  MailboxSummary total_;
  Sequence next_ = 0;
  UnixMillis next_due_ = UnixMillis::max();  ///< nothing is due before it
  std::size_t known_items_ = 0;              ///< in all mailboxes
  std::uint64_t scrubbable_bytes_ = 0;

  std::vector<StagedAppend> appends_;  ///< by place
  std::vector<StagedRemoval> removals_;
  std::unordered_set<Sequence> removed_;  ///< the places of `removals_`
};

}  // namespace martlet::store
