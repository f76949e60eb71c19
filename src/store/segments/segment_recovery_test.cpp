// What a store finds again: with and without its index, and after damage.
#include "store/segments/segment_store_test.h"

namespace martlet::store::server_contract {
namespace {

class SegmentRecovery : public SegmentStoreTest {};

TEST_F(SegmentRecovery, OneStoreADisk) {
  expect_failure(SegmentMailboxStore::open(disk_.files(), options_), Failure::in_use);
  restart();
}

TEST_F(SegmentRecovery, TheIndexMayBeMissingOldOrDamaged) {
  fill(0, 60);
  for (int i = 0; i < 10; ++i) remove(std::next(model_.begin(), i)->first);
  sync();
  restart();
  const auto old = disk_.content("index");
  const auto after_restart = disk_.reads;
  restart();
  EXPECT_LT(disk_.reads - after_restart, 20U) << "the index was not used";
  fill(100, 60);
  for (int i = 0; i < 20; ++i) remove(std::next(model_.begin(), 2 * i)->first);
  sync();
  expect_ok(store_->scrub());
  restart();
  const auto good = disk_.content("index");
  const auto reopen_with = [&](Bytes index) {
    kill();
    disk_.set_content("index", std::move(index));
    open();
    expect_contents(*store_, model_);
  };
  reopen_with(old);
  kill();
  disk_.erase("index");
  open();
  expect_contents(*store_, model_);
  for (std::size_t at = 0; at < good.size() && !HasFailure(); at += 1 + at / 40) {
    SCOPED_TRACE(at);
    auto damaged = good;
    damaged[at] ^= 0x10U;
    reopen_with(damaged);
  }
  reopen_with({});
  reopen_with(Bytes(good.begin(), good.begin() + 50));
  // A whole one of another store.
  SeededRandom random{77};
  MemorySegmentDisk other{random};
  {
    auto store = value_of(SegmentMailboxStore::open(other.files(), options_));
    value_of(store->append(envelope(1, 1)));
    expect_ok(store->sync());
  }
  reopen_with(other.content("index"));
}

/// No crash, no item that was never there, nothing of another mailbox; and what is not near the
/// damage is still there.
TEST_F(SegmentRecovery, EachByteOfALogFlipped) {
  for (std::uint32_t i = 0; i < 12; ++i) {
    append(envelope(static_cast<std::uint8_t>(i % 3), i, 40));
    if (i % 3 == 2) sync();
  }
  remove(std::next(model_.begin(), 4)->first);
  sync();
  append(envelope(1, 50, 40));
  sync();
  kill();
  const auto name = SegmentLog::name_of(1);
  const auto good = disk_.content(name);
  auto removed_may_be_back = model_;
  removed_may_be_back.emplace(model_.begin()->first + 4, envelope(1, 4, 40));
  std::size_t refused = 0;
  std::size_t lost = 0;
  for (std::size_t at = 0; at < good.size() && !HasFailure(); ++at) {
    SCOPED_TRACE(at);
    auto damaged = good;
    damaged[at] ^= 0x21U;
    disk_.set_content(name, damaged);
    options_.accept_damage = false;
    const auto opened = try_open();
    if (!opened.ok()) {
      ++refused;
      EXPECT_EQ(opened.error().failure, Failure::corrupt);
      EXPECT_EQ(damaged_file_, name);
      options_.accept_damage = true;
      open();
      EXPECT_EQ(damaged_file_, name);
    }
    std::size_t found = 0;
    for (const auto& [sequence, item] : removed_may_be_back) {
      const auto items = store_->read(item.recipient, sequence - 1, 1, kAll);
      if (!items.ok()) {
        EXPECT_EQ(items.error().failure, Failure::corrupt);
        continue;
      }
      if (items.value().empty() || items.value()[0].sequence != sequence) continue;
      expect_same(items.value()[0].item, item);
      ++found;
    }
    if (found < model_.size()) ++lost;
    kill();
    disk_.erase(SegmentLog::name_of(2));
  }
  EXPECT_GT(refused, 500U);
  EXPECT_GT(lost, 1'000U);
}

TEST_F(SegmentRecovery, DamagedFilesAreKeptAndTheRestWorks) {
  fill(0, 60);
  kill();
  const auto name = SegmentLog::name_of(2);
  auto bytes = disk_.content(name);
  std::fill(bytes.begin() + 5'000, bytes.begin() + 7'000, std::uint8_t{0xee});
  disk_.set_content(name, bytes);
  expect_failure(try_open(), Failure::corrupt);
  EXPECT_EQ(damaged_file_, name);
  options_.accept_damage = true;
  open();
  const auto rest = contents(*store_);
  EXPECT_GE(rest.size(), 56U);
  EXPECT_LT(rest.size(), 60U);
  model_ = rest;
  fill(100, 20);
  EXPECT_TRUE(same(contents(*store_), model_));
  remove_all();
  expect_ok(store_->scrub());
  EXPECT_LE(store_->total().items, 1U);  // one whose sealed bytes only were hit
  EXPECT_EQ(disk_.content(name), bytes) << "it stays for whoever may save something";
  kill();
  open();
  EXPECT_EQ(damaged_file_, name);
}

TEST_F(SegmentRecovery, ASealedByteFlippedIsNoticedWhenItIsRead) {
  fill(0, 30);
  kill();
  const auto victim = model_.begin()->second;
  const auto name = SegmentLog::name_of(1);
  auto bytes = disk_.content(name);
  const auto sealed = victim.sealed.view();
  const auto at = std::search(bytes.begin(), bytes.end(), sealed.begin(), sealed.end());
  ASSERT_NE(at, bytes.end());
  at[500] ^= 1U;
  disk_.set_content(name, bytes);
  open();
  // The others of its mailbox, and other mailboxes, can be read.
  const auto others = value_of(store_->read(victim.recipient, 0, 10, kAll));
  ASSERT_EQ(others.size(), 2U);
  EXPECT_EQ(value_of(store_->read(device(1), 0, 10, kAll)).size(), 3U);
  for (const auto& other : others) remove(other.sequence);
  sync();
  expect_failure(store_->read(victim.recipient, 0, 10, kAll), Failure::corrupt);
}

TEST_F(SegmentRecovery, FilesOfOthersAreLeftAlone) {
  for (const auto* name : {"1.log", "000000000000000g.log", "notes", "0000000000000001.log.bak"}) {
    disk_.set_content(name, {1, 2, 3});
  }
  fill(0, 30);
  kill();
  open();
  expect_contents(*store_, model_);
  EXPECT_EQ(disk_.content("notes"), (Bytes{1, 2, 3}));
}

}  // namespace
}  // namespace martlet::store::server_contract
