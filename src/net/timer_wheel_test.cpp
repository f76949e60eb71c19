#include "net/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "base/seeded_random.h"

namespace martlet::net {
namespace {

std::vector<WheelEntry*> woken_until(TimerWheel& wheel, std::uint64_t now) {
  std::vector<WheelEntry*> woken;
  wheel.advance(now, [&](WheelEntry& entry) { woken.push_back(&entry); });
  return woken;
}

TEST(TimerWheel, WakesAtTheTickAndNotBefore) {
  const std::uint64_t starts[] = {0, 1, 63, 64, 4'095, 4'096, 1'234'567};
  const std::uint64_t waits[] = {1,       2,          63,         64,         65,         127,
                                 128,     4'095,      4'096,      4'097,      262'143,    262'144,
                                 262'145, 16'777'215, 16'777'216, 16'777'217, 100'000'000};
  for (const auto start : starts) {
    for (const auto wait : waits) {
      SCOPED_TRACE(std::to_string(wait) + " from " + std::to_string(start));
      TimerWheel wheel{start};
      WheelEntry entry;
      wheel.arm(entry, start + wait);
      EXPECT_TRUE(woken_until(wheel, start + wait - 1).empty());
      EXPECT_TRUE(entry.is_armed());
      ASSERT_TRUE(wheel.next_stop().has_value());
      EXPECT_LE(*wheel.next_stop(), start + wait);
      EXPECT_EQ(woken_until(wheel, start + wait), std::vector{&entry});
      EXPECT_FALSE(entry.is_armed());
      EXPECT_TRUE(woken_until(wheel, start + 2 * wait).empty());
    }
  }
}

TEST(TimerWheel, WhatIsDueAlreadyComesWithTheNextTick) {
  TimerWheel wheel{1'000};
  WheelEntry late;
  WheelEntry now;
  wheel.arm(late, 3);
  wheel.arm(now, 1'000);
  EXPECT_TRUE(woken_until(wheel, 1'000).empty());
  EXPECT_EQ(woken_until(wheel, 1'001).size(), 2U);
}

TEST(TimerWheel, WhoLeavesIsNotWoken) {
  TimerWheel wheel{0};
  WheelEntry disarmed;
  wheel.arm(disarmed, 10);
  disarmed.disarm();
  disarmed.disarm();
  {
    WheelEntry gone;
    wheel.arm(gone, 10);
  }
  EXPECT_TRUE(woken_until(wheel, 1'000'000).empty());
}

TEST(TimerWheel, NobodyWaitsMeansNoStop) {
  TimerWheel wheel{5};
  EXPECT_FALSE(wheel.next_stop().has_value());
  WheelEntry entry;
  wheel.arm(entry, 70);
  woken_until(wheel, 100);
  EXPECT_FALSE(wheel.next_stop().has_value());
  EXPECT_EQ(wheel.now(), 100U);
}

TEST(TimerWheel, TimeThatStandsStillOrGoesBackChangesNothing) {
  TimerWheel wheel{100};
  WheelEntry entry;
  wheel.arm(entry, 110);
  EXPECT_TRUE(woken_until(wheel, 100).empty());
  EXPECT_TRUE(woken_until(wheel, 50).empty());
  EXPECT_EQ(wheel.now(), 100U);
  EXPECT_EQ(woken_until(wheel, 110).size(), 1U);
}

TEST(TimerWheel, WhoIsWokenMayChangeEverything) {
  TimerWheel wheel{0};
  WheelEntry again;
  WheelEntry victim;
  auto destroyed = std::make_unique<WheelEntry>();
  wheel.arm(again, 5);
  wheel.arm(victim, 5);
  wheel.arm(*destroyed, 5);
  int wakes = 0;
  wheel.advance(200, [&](WheelEntry& entry) {
    ASSERT_EQ(&entry, &again);
    ++wakes;
    victim.disarm();
    destroyed.reset();
    wheel.arm(again, wheel.now());  // at once: but not within this tick, for ever
    if (wheel.now() >= 9) again.disarm();
  });
  EXPECT_EQ(wakes, 5);
}

TEST(TimerWheel, DoesWhatASortedListDoes) {
  SeededRandom random{7};
  for (int round = 0; round < 20; ++round) {
    std::uint64_t now = random.below(1'000'000);
    TimerWheel wheel{now};
    std::vector<WheelEntry> entries(200);
    std::map<const WheelEntry*, std::uint64_t> model;
    for (int step = 0; step < 2'000; ++step) {
      auto& entry = entries[random.below(entries.size())];
      const auto far = std::uint64_t{1} << random.below(26);
      switch (random.below(3)) {
        case 0:
          wheel.arm(entry, now + random.below(far));
          model[&entry] = now;  // replaced below: what counts is the armed time
          break;
        case 1:
          entry.disarm();
          model.erase(&entry);
          continue;
        default: {
          const auto to = now + random.below(far / 8 + 2);
          std::uint64_t last = 0;
          wheel.advance(to, [&](WheelEntry& woken) {
            const auto found = model.find(&woken);
            ASSERT_NE(found, model.end());
            EXPECT_EQ(found->second, wheel.now());
            EXPECT_GE(wheel.now(), last);
            last = wheel.now();
            model.erase(found);
          });
          now = to;
          for (const auto& [who, due] : model) EXPECT_GT(due, now) << "forgotten";
          continue;
        }
      }
      const auto due = now + random.below(far);
      wheel.arm(entry, due);  // moves it
      model[&entry] = std::max(due, now + 1);
    }
  }
}

}  // namespace
}  // namespace martlet::net
