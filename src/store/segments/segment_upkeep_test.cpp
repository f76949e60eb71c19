// Upkeep comes in steps of a bounded size, and others have their turn between two of them.
#include "store/segments/segment_store_test.h"

namespace martlet::store::server_contract {
namespace {

constexpr std::uint64_t kStep = 2'048;
constexpr std::size_t kSealed = 1'000;
constexpr std::uint64_t kRecord = 1'200;    // with such sealed bytes, at most
constexpr std::uint64_t kRemovals = 2'048;  // of all that is removed here
constexpr std::uint64_t kSyncsAStep = 3;    // a new segment's header, and what follows

class SegmentUpkeep : public SegmentStoreTest {
 protected:
  SegmentUpkeep() {
    options_.step_bytes = kStep;
    restart();
  }
  void remove_four_of_five() {
    for (auto at = model_.begin(); at != model_.end();) {
      const auto sequence = (at++)->first;
      if (sequence % 5 != 0) remove(sequence);
    }
    sync();
  }
  /// True: there is more.
  bool scrub_step() {
    const auto bytes = disk_.bytes_written;
    const auto syncs = disk_.syncs;
    const bool more = value_of(store_->scrub_step());
    EXPECT_LE(disk_.bytes_written - bytes, kStep + kRecord + kRemovals);
    EXPECT_LE(disk_.syncs - syncs, kSyncsAStep);
    return more;
  }
};

TEST_F(SegmentUpkeep, AStepOfAScrubIsShort) {
  fill(0, 300, kSealed);
  remove_four_of_five();
  EXPECT_GT(store_->scrubbable_bytes(), 20 * kStep);
  int steps = 1;
  while (scrub_step() && steps < 1'000) ++steps;
  EXPECT_GT(steps, 20);
  EXPECT_LT(steps, 1'000);
  EXPECT_EQ(store_->scrubbable_bytes(), 0U);
  expect_contents(*store_, model_);
  kill();
  open();
  expect_contents(*store_, model_);
}

TEST_F(SegmentUpkeep, BetweenTwoStepsMailboxesGoOn) {
  fill(0, 300, kSealed);
  remove_four_of_five();
  std::uint32_t number = 10'000;
  int steps = 0;
  for (bool more = true; more && steps < 1'000; ++steps) {
    more = scrub_step();
    if (steps % 3 == 0) append(envelope(3, number++, kSealed));
    if (steps % 3 == 1) remove(model_.begin()->first);
    if (steps % 3 == 2) sync();
    expect_contents(*store_, model_);
  }
  EXPECT_LT(steps, 1'000) << "a scrub that others never let end";
  sync();
  kill();
  open();
  expect_contents(*store_, model_);
  const auto gone = envelope(4, 20'000, kSealed);
  const auto sequence = append(gone);
  sync();
  remove(sequence);
  sync();
  expect_ok(store_->scrub());
  EXPECT_FALSE(is_on_disk(gone));
  EXPECT_EQ(store_->scrubbable_bytes(), 0U);
}

TEST_F(SegmentUpkeep, AFailedStepIsTriedAgain) {
  fill(0, 100, kSealed);
  remove_four_of_five();
  int left = 0;
  disk_.fault = [&] { return left-- == 0 ? WriteFault::lost : WriteFault::none; };
  for (int failing = 0; failing < 40; ++failing) {
    left = failing % 7;
    const auto step = store_->scrub_step();
    EXPECT_TRUE(step.ok() || step.error().failure == Failure::unavailable);
    expect_contents(*store_, model_);
  }
  left = -1;
  expect_ok(store_->scrub());
  EXPECT_EQ(store_->scrubbable_bytes(), 0U);
  kill();
  open();
  expect_contents(*store_, model_);
}

TEST_F(SegmentUpkeep, AnIndexGoesAlongWithSyncsInParts) {
  options_.step_bytes = 256;
  restart();
  EXPECT_FALSE(std::ranges::count(disk_.names(), kIndexFile));
  bool has_new = false;
  for (std::uint32_t i = 0; i < 400; ++i) {
    append(envelope(static_cast<std::uint8_t>(i % 10), i, kSealed));
    const auto bytes = disk_.bytes_written;
    sync();
    EXPECT_LE(disk_.bytes_written - bytes, options_.step_bytes + kRecord);
    has_new = has_new || std::ranges::count(disk_.names(), "index.new") > 0;
  }
  EXPECT_TRUE(has_new);
  EXPECT_TRUE(std::ranges::count(disk_.names(), kIndexFile));

  // It stands for what was before it, though the log went on while it was written.
  kill();
  disk_.reads = 0;
  open();
  const auto with_index = disk_.reads;
  expect_contents(*store_, model_);
  kill();
  disk_.erase(kIndexFile);
  disk_.reads = 0;
  open();
  EXPECT_LT(with_index, disk_.reads);
  expect_contents(*store_, model_);
}

TEST_F(SegmentUpkeep, AnIndexThatFailsFailsNothingElse) {
  options_.step_bytes = 256;
  restart();
  // The batch is written and synced, in a new segment behind a header; whatever else is asked for
  // fails.
  int kind = 1'000;
  int failed = 0;
  disk_.fault = [&] {
    if (kind-- > 0) return WriteFault::none;
    ++failed;
    return WriteFault::lost;
  };
  for (std::uint32_t i = 0; i < 400; ++i) {
    append(envelope(static_cast<std::uint8_t>(i % 10), i, kSealed));
    const auto before = logs();
    const auto work = value_of(store_->begin_sync());
    kind = logs() > before ? 5 : 2;
    const auto written = work->perform();
    kind = 1'000;
    expect_ok(store_->finish_sync(written));
  }
  EXPECT_GT(failed, 10);
  EXPECT_FALSE(std::ranges::count(disk_.names(), kIndexFile));
  kill();
  disk_.fault = {};
  open();
  expect_contents(*store_, model_);
}

}  // namespace
}  // namespace martlet::store::server_contract
