// How much of the disk and of memory the store takes, and that it gives it back.
#include "store/segments/segment_store_test.h"

namespace martlet::store::server_contract {
namespace {

class SegmentDiskUse : public SegmentStoreTest {};

TEST_F(SegmentDiskUse, GoesBackToBaselineWhenAllIsDelivered) {
  fill(0, 200);
  EXPECT_GT(logs(), 10U);
  EXPECT_GT(disk_.total_bytes(), 200'000U);
  remove_all();
  EXPECT_LE(disk_.total_bytes(), 3 * options_.segment_bytes);
  expect_ok(store_->scrub());
  EXPECT_EQ(logs(), 1U);
  EXPECT_LE(disk_.total_bytes(), options_.segment_bytes / 8);
  EXPECT_EQ(store_->disk_bytes(), disk_.total_bytes());
  expect_contents(*store_, {});
}

TEST_F(SegmentDiskUse, CountsItsFiles) {
  for (int i = 0; i < 3; ++i) {
    fill(static_cast<std::uint32_t>(i) * 100, 100);
    for (int j = 0; j < 60; ++j) remove(model_.begin()->first);
    sync();
    expect_ok(store_->scrub());
    EXPECT_EQ(store_->disk_bytes(), disk_.total_bytes());
    if (i == 1) restart();
    EXPECT_EQ(store_->disk_bytes(), disk_.total_bytes());
  }
  expect_contents(*store_, model_);
}

TEST_F(SegmentDiskUse, SparseSegmentsAreRewrittenAndNothingComesBack) {
  fill(0, 200);
  const auto full = disk_.total_bytes();
  for (auto at = model_.begin(); at != model_.end();) {
    const auto sequence = (at++)->first;
    if (sequence % 5 != 0) remove(sequence);
  }
  sync();
  expect_ok(store_->scrub());
  EXPECT_EQ(store_->scrubbable_bytes(), 0U);
  EXPECT_LT(disk_.total_bytes(), full / 2);
  expect_contents(*store_, model_);
  kill();
  open();
  expect_contents(*store_, model_);
  // Also when what removed them has been deleted or rewritten since, and without the index.
  for (int round = 0; round < 5; ++round) {
    fill(1'000 + 100 * static_cast<std::uint32_t>(round), 50);
    for (int i = 0; i < 45; ++i) remove(std::prev(model_.end())->first);
    sync();
    expect_ok(store_->scrub());
    kill();
    disk_.erase("index");
    open();
    expect_contents(*store_, model_);
  }
}

TEST_F(SegmentDiskUse, BeyondTheCeilingEnvelopesAreRefusedAndNothingElse) {
  store_.reset();
  options_.disk_bytes_max = 100'000;
  open();
  std::uint32_t number = 0;
  auto answer = store_->append(envelope(1, number, 1'000));
  for (; answer.ok() && number < 1'000; ++number) {
    model_[answer.value()] = envelope(1, number, 1'000);
    if (number % 8 == 7) sync();
    answer = store_->append(envelope(1, number + 1, 1'000));
  }
  // A full store is not a full mailbox: the sender is told to come again.
  expect_failure(answer, Failure::unavailable);
  EXPECT_GT(number, 70U);
  sync();
  EXPECT_LE(disk_.total_bytes(), options_.disk_bytes_max + options_.segment_bytes / 8);
  expect_contents(*store_, model_);
  append(notice(2, 1));
  sync();
  expect_failure(store_->append(envelope(1, 5'000, 1'000)), Failure::unavailable);
  for (int i = 0; i < 40; ++i) remove(model_.begin()->first);
  sync();
  expect_ok(store_->scrub());
  append(envelope(1, 5'000, 1'000));
  sync();
  expect_contents(*store_, model_);
}

TEST_F(SegmentDiskUse, AFullDiskLosesNothingAndEmptiesItself) {
  disk_.bytes_max = 60'000;
  std::uint32_t number = 0;
  Result<void> answer;
  for (; answer.ok() && number < 1'000; ++number) {
    const auto sequence = store_->append(envelope(1, number, 1'000));
    answer = sequence.ok() ? store_->sync() : Result<void>{sequence.error()};
    if (answer.ok()) model_[sequence.value()] = envelope(1, number, 1'000);
  }
  expect_failure(answer, Failure::unavailable);
  expect_contents(*store_, model_);
  kill();
  open();  // also on a full disk
  expect_contents(*store_, model_);
  disk_.bytes_max = 62'000;  // a little room, as for a segment's beginning
  remove_all();
  expect_contents(*store_, {});
  append(envelope(1, 1, 1'000));
  sync();
  expect_contents(*store_, model_);
}

TEST_F(SegmentDiskUse, WhatIsRemovedBeforeItsSyncIsNeverWritten) {
  const auto gone = envelope(1, 1);
  remove(append(gone));
  append(envelope(1, 2));
  sync();
  EXPECT_FALSE(is_on_disk(gone));
  EXPECT_TRUE(is_on_disk(envelope(1, 2)));
  const auto before = disk_.reads;
  remove(append(envelope(1, 3)));
  sync();
  EXPECT_EQ(disk_.reads, before);
}

TEST_F(SegmentDiskUse, AScrubLeavesNoSealedBytesOfWhatIsGone) {
  fill(0, 60);
  std::vector<MailboxItem> gone;
  for (auto at = model_.begin(); at != model_.end();) {
    const auto [sequence, item] = *at++;
    if (item.message.view()[0] % 3 == 0) continue;
    gone.push_back(item);
    remove(sequence);
  }
  sync();
  EXPECT_TRUE(std::ranges::any_of(gone, [&](const auto& item) { return is_on_disk(item); }));
  for (int round = 0; round < 2; ++round) {
    expect_ok(store_->scrub());
    for (const auto& item : gone) ASSERT_FALSE(is_on_disk(item));
    for (const auto& [sequence, item] : model_) ASSERT_TRUE(is_on_disk(item));
    kill();
    disk_.erase("index");
    open();
    EXPECT_EQ(store_->scrubbable_bytes(), 0U);
    expect_contents(*store_, model_);
    // Now what was removed before a kill.
    gone = {model_.begin()->second};
    remove(model_.begin()->first);
    sync();
    kill();
    open();
    EXPECT_GT(store_->scrubbable_bytes(), 0U);
  }
}

TEST_F(SegmentDiskUse, MemoryHoldsAtMost32BytesAnEnvelope) {
  static_assert(sizeof(Entry) <= 32);
  store_.reset();
  options_.segment_bytes = 1024 * 1024;
  open();
  // A small mailbox has room for a few, which are not counted.
  const auto allowed = [&](std::size_t mailboxes) {
    return 32 * store_->total().items + mailboxes * 10 * sizeof(Entry);
  };
  std::vector<Sequence> sequences;
  for (std::uint32_t i = 0; i < 60'000; ++i) {
    const auto to = static_cast<std::uint8_t>(i % 20 == 0 ? i / 20 % 20 : 50);
    auto item = envelope(to, i, 0);
    item.sealed = {};
    sequences.push_back(value_of(store_->append(item)));
    if (i % 1'000 == 999) sync();
    if (i % 97 == 0) {
      ASSERT_LE(store_->index_memory_bytes(), allowed(21)) << i;
    }
  }
  for (std::uint32_t i = 0; i < 57'000; ++i) {  // from the front, and here and there
    const auto index = i % 2 == 0 ? i / 2 : sequences.size() - 1 - i;
    const auto to = static_cast<std::uint8_t>(index % 20 == 0 ? index / 20 % 20 : 50);
    expect_ok(store_->remove(device(to), sequences[index]));
    if (i % 1'000 == 999) sync();
    if (i % 97 == 0) {
      ASSERT_LE(store_->index_memory_bytes(), allowed(21)) << i;
    }
  }
  EXPECT_LT(store_->total().items, 20'000U);
  restart();
  EXPECT_LE(store_->index_memory_bytes(), allowed(21));
}

TEST_F(SegmentDiskUse, AppendingToALongMailboxDoesNotRead) {
  for (std::uint32_t i = 0; i < 3'000; ++i) append(envelope(1, i, 10));
  sync();
  const auto before = disk_.reads;
  for (std::uint32_t i = 3'000; i < 5'000; ++i) append(envelope(1, i, 10));
  sync();
  EXPECT_LE(disk_.reads - before, 2U);  // two of five thousand may look alike
  const auto again = value_of(store_->append(envelope(1, 17, 10)));
  EXPECT_EQ(model_.at(again).message, message(17));
  EXPECT_GT(disk_.reads, before);
}

}  // namespace
}  // namespace martlet::store::server_contract
