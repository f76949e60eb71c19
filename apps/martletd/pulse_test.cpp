#include "apps/martletd/pulse.h"

#include <gtest/gtest.h>

namespace martlet::daemon {
namespace {

bool becomes(const std::function<bool()>& what) {
  for (int i = 0; i < 3'000 && !what(); ++i) std::this_thread::sleep_for(Milliseconds{10});
  return what();
}
std::uint64_t answers(const Pulse& pulse, std::size_t index) {
  std::uint64_t all = 0;
  for (const auto count : pulse.lag(index).counts().counts) all += count;
  return all;
}

TEST(Pulse, AsksAgainAndAgain) {
  Pulse pulse{{[](const std::function<void()>& work) {
                work();
                return true;
              }},
              Milliseconds{1}};
  EXPECT_TRUE(becomes([&] { return answers(pulse, 0) >= 3; }));
}

TEST(Pulse, AThreadThatIsStuckShowsWhileItIsAndIsNotAskedTwice) {
  std::mutex mutex;
  std::vector<std::function<void()>> held;
  const auto size = [&] {
    const std::lock_guard lock{mutex};
    return held.size();
  };
  Pulse pulse{{[&](std::function<void()> work) {
                 const std::lock_guard lock{mutex};
                 held.push_back(std::move(work));
                 return true;
               },
               [](const std::function<void()>& work) {
                 work();
                 return true;
               }},
              Milliseconds{1}};
  ASSERT_TRUE(becomes([&] { return pulse.lag_now(0) >= 30'000; }));
  EXPECT_EQ(size(), 1U);
  EXPECT_EQ(answers(pulse, 0), 0U);
  EXPECT_GE(answers(pulse, 1), 1U);  // others are asked meanwhile
  held.front()();
  EXPECT_EQ(answers(pulse, 0), 1U);
  EXPECT_GE(pulse.lag(0).counts().sum, 30'000U);
  EXPECT_TRUE(becomes([&] { return size() == 2; }));
}

TEST(Pulse, WhatCouldNotBeAskedIsAskedAgain) {
  std::atomic<int> tries = 0;
  const Pulse pulse{{[&](const std::function<void()>&) {
                      ++tries;
                      return false;
                    }},
                    Milliseconds{1}};
  EXPECT_TRUE(becomes([&] { return tries >= 3; }));
  EXPECT_EQ(answers(pulse, 0), 0U);
}

TEST(Pulse, AnAnswerAfterItsEndIsHarmless) {
  std::function<void()> late;
  std::atomic<bool> asked = false;
  {
    Pulse pulse{{[&](std::function<void()> work) {
                  late = std::move(work);
                  asked = true;
                  return true;
                }},
                Milliseconds{1}};
    ASSERT_TRUE(becomes([&] { return asked.load(); }));
  }
  late();
}

}  // namespace
}  // namespace martlet::daemon
