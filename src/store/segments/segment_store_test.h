#pragma once

// A segment store on a disk in memory, for tests that look below the contract.

#include "store/mailbox_store_contract_items.h"
#include "store/segments/memory_segment_files.h"
#include "store/segments/segment_mailbox_store.h"

namespace martlet::store::server_contract {

class SegmentStoreTest : public ::testing::Test {
 protected:
  using Unsynced = MemorySegmentDisk::Unsynced;

  SegmentStoreTest() {
    options_.segment_bytes = 16 * 1024;
    open();
  }
  Result<void> try_open() {
    damaged_file_.clear();
    store_ = TRY(SegmentMailboxStore::open(disk_.files(), options_, &damaged_file_));
    return {};
  }
  void open() { expect_ok(try_open()); }
  /// In order: the index is saved.
  void restart() {
    store_.reset();
    open();
  }
  void kill() {
    disk_.switch_off();
    store_.reset();
    disk_.cut_power(Unsynced::lost);
  }
  Sequence append(const MailboxItem& item) {
    const auto sequence = value_of(store_->append(item));
    model_[sequence] = item;
    return sequence;
  }
  void remove(Sequence sequence) {
    expect_ok(store_->remove(model_.at(sequence).recipient, sequence));
    model_.erase(sequence);
  }
  void sync() { expect_ok(store_->sync()); }
  /// `count` envelopes for ten devices, eight a sync.
  void fill(std::uint32_t first, std::uint32_t count, std::size_t size = 1'000) {
    for (auto i = first; i < first + count; ++i) {
      append(envelope(static_cast<std::uint8_t>(i % 10), i, size));
      if (i % 8 == 7) sync();
    }
    sync();
  }
  void remove_all() {
    while (!model_.empty()) {
      for (int i = 0; i < 8 && !model_.empty(); ++i) remove(model_.begin()->first);
      sync();
    }
  }
  std::size_t logs() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        disk_.names(), [](const auto& name) { return SegmentLog::number_of(name).has_value(); }));
  }
  bool is_on_disk(const MailboxItem& item) const {
    const auto part = item.sealed.view().last(std::min<std::size_t>(item.sealed.size(), 64));
    return std::ranges::any_of(disk_.names(), [&](const auto& name) {
      const auto bytes = disk_.content(name);
      return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
    });
  }

  SeededRandom random_{9};
  MemorySegmentDisk disk_{random_};
  SegmentMailboxOptions options_;
  std::unique_ptr<SegmentMailboxStore> store_;
  std::string damaged_file_;
  Model model_;
};

}  // namespace martlet::store::server_contract
