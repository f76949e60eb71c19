#pragma once

#include <functional>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "store/resealing_store.h"
#include "store/vault_records.h"

namespace martlet::store {

/// The changes of one transaction, newest last, each able to swap what is with what was.
class Journal {
 public:
  void add(std::function<void()> swap) { swaps_.push_back(std::move(swap)); }
  bool empty() const { return swaps_.empty(); }
  void clear() { swaps_.clear(); }
  void undo() {
    for (auto it = swaps_.rbegin(); it != swaps_.rend(); ++it) (*it)();
  }
  void redo() {
    for (const auto& swap : swaps_) swap();
  }

 private:
  std::vector<std::function<void()>> swaps_;
};

/// Rows by key; every change goes into the journal. Stays where it is: the journal points to it.
template <class Key, class Row>
class Table {
 public:
  explicit Table(Journal& journal) : journal_{journal} {}
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  const std::map<Key, Row>& rows() const { return rows_; }
  bool contains(const Key& key) const { return rows_.contains(key); }
  std::optional<Row> find(const Key& key) const {
    const auto it = rows_.find(key);
    return it == rows_.end() ? std::nullopt : std::optional<Row>{it->second};
  }
  void copy_rows(const Table& other) { rows_ = other.rows_; }
  void put(const Key& key, Row row) { change(key, std::move(row)); }
  void erase(const Key& key) {
    if (contains(key)) change(key, std::nullopt);
  }

 private:
  void change(const Key& key, std::optional<Row> row) {
    exchange(key, row);
    journal_.add([this, key, was = std::move(row)]() mutable { exchange(key, was); });
  }
  void exchange(const Key& key, std::optional<Row>& row) {
    auto was = find(key);
    if (row) {
      rows_.insert_or_assign(key, std::move(*row));
    } else {
      rows_.erase(key);
    }
    row = std::move(was);
  }

  Journal& journal_;
  std::map<Key, Row> rows_;
};

/// All that a memory vault keeps. `by_*`, `unread` and `outbox_place` are indexes of the others.
struct MemoryVaultTables {
  struct Nothing {};
  using Order = std::uint64_t;
  using Authored = std::pair<MessageId, DeviceId>;
  using Placed = std::pair<ChatId, Order>;

  Journal journal;  ///< of the transaction under way
  Journal limbo;    ///< undone, but written: what the next vault finds
  bool open = false;

  Table<int, ProfileRecord> profile{journal};
  Table<AccountId, ChainRecord> chains{journal};
  Table<std::string, HandleRecord> handles{journal};
  Table<DeviceId, DeviceNameRecord> device_names{journal};
  Table<std::string, ContactRecord> contacts{journal};
  Table<Order, MessageRecord> messages{journal};
  Table<Authored, Order> by_id{journal};
  Table<Placed, Nothing> by_chat{journal};
  Table<Placed, Nothing> unread{journal};
  Table<Order, OutboxRecord> outbox{journal};
  Table<MessageId, Order> outbox_place{journal};
  Table<std::pair<MessageId, DeviceId>, DeliveryRecord> deliveries{journal};
  Table<std::pair<DeviceId, MessageId>, UnixMillis> seen{journal};
  Table<std::pair<UnixMillis, std::pair<DeviceId, MessageId>>, Nothing> by_seen{journal};
  Table<Cursor, EventRecord> events{journal};
  Table<std::string, Cursor> consumed{journal};
  Table<Order, KeptRecord> kept{journal};
  Table<MessageId, Order> kept_place{journal};
  Table<std::pair<MessageId, DeviceId>, std::uint32_t> kept_targets{journal};  ///< requests
  Table<std::pair<DeviceId, MessageId>, UnopenedRecord> unopened{journal};
  Table<std::string, Bytes> notes{journal};

  void copy_rows(const MemoryVaultTables& other) {
    profile.copy_rows(other.profile);
    chains.copy_rows(other.chains);
    handles.copy_rows(other.handles);
    contacts.copy_rows(other.contacts);
    messages.copy_rows(other.messages);
    by_id.copy_rows(other.by_id);
    by_chat.copy_rows(other.by_chat);
    unread.copy_rows(other.unread);
    outbox.copy_rows(other.outbox);
    outbox_place.copy_rows(other.outbox_place);
    deliveries.copy_rows(other.deliveries);
    seen.copy_rows(other.seen);
    by_seen.copy_rows(other.by_seen);
    events.copy_rows(other.events);
    consumed.copy_rows(other.consumed);
    kept.copy_rows(other.kept);
    kept_place.copy_rows(other.kept_place);
    kept_targets.copy_rows(other.kept_targets);
    unopened.copy_rows(other.unopened);
    notes.copy_rows(other.notes);
  }
};

/// The number after the last one of a table whose rows are numbered from 1.
template <class Row>
std::uint64_t next_number(const Table<std::uint64_t, Row>& table) {
  return table.rows().empty() ? 1 : table.rows().rbegin()->first + 1;
}

}  // namespace martlet::store
