#include "server/stranger_limits.h"

#include <gtest/gtest.h>

#include <string>

namespace martlet::server {
namespace {

using namespace std::chrono_literals;
constexpr UnixMillis kStrangersStart{Milliseconds{1'800'000'000'000}};

std::string numbered(std::uint32_t number) { return "192.0.2." + std::to_string(number); }

TEST(AddressBuckets, EachAddressHasItsOwn) {
  AddressBuckets<TokenBucket> buckets{3, kStrangersStart};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(buckets.take(numbered(1), kStrangersStart), 0ms);
  EXPECT_EQ(buckets.take(numbered(1), kStrangersStart), 20s);
  EXPECT_EQ(buckets.take(numbered(2), kStrangersStart), 0ms);
  EXPECT_EQ(buckets.take(numbered(1), kStrangersStart + 20s), 0ms);
  EXPECT_GT(buckets.take(numbered(1), kStrangersStart + 20s), 0ms);
}

TEST(AddressBuckets, ForgettingGivesNothingAway) {
  AddressBuckets<TokenBucket> buckets{60, kStrangersStart};  // one a second
  auto now = kStrangersStart + 59s;
  for (int i = 0; i < 60; ++i) EXPECT_EQ(buckets.take(numbered(1), now), 0ms);
  now += 2s;  // the period has turned
  EXPECT_EQ(buckets.take(numbered(2), now), 0ms);
  EXPECT_EQ(buckets.take(numbered(1), now), 0ms);
  EXPECT_EQ(buckets.take(numbered(1), now), 0ms);
  EXPECT_GT(buckets.take(numbered(1), now), 0ms);
  EXPECT_EQ(buckets.size(), 2U);
}

TEST(AddressBuckets, WhoStayedAwayIsForgotten) {
  AddressBuckets<TokenBucket> buckets{3, kStrangersStart};
  for (std::uint32_t i = 0; i < 100; ++i) buckets.take(numbered(i), kStrangersStart);
  EXPECT_EQ(buckets.size(), 100U);
  buckets.take(numbered(1), kStrangersStart + 60s);
  EXPECT_EQ(buckets.size(), 100U);
  buckets.take(numbered(1), kStrangersStart + 120s);
  EXPECT_EQ(buckets.size(), 1U);
  buckets.take(numbered(2), kStrangersStart + 10min);
  EXPECT_EQ(buckets.size(), 1U);
}

TEST(AddressBuckets, MemoryHasABoundAndTheRestShareOneBucket) {
  AddressBuckets<TokenBucket> buckets{3, kStrangersStart, 10};
  for (std::uint32_t i = 0; i < 10; ++i) EXPECT_EQ(buckets.take(numbered(i), kStrangersStart), 0ms);
  for (std::uint32_t i = 10; i < 13; ++i)
    EXPECT_EQ(buckets.take(numbered(i), kStrangersStart), 0ms);
  EXPECT_GT(buckets.take(numbered(13), kStrangersStart), 0ms);
  EXPECT_EQ(buckets.size(), 10U);
  EXPECT_EQ(buckets.take(numbered(0), kStrangersStart), 0ms);  // known ones keep theirs
  EXPECT_EQ(buckets.take(numbered(0), kStrangersStart + 61s), 0ms);
  EXPECT_EQ(buckets.size(), 10U);
}

TEST(AddressBuckets, AClockThatStepsBackLocksNobodyOut) {
  AddressBuckets<TokenBucket> buckets{1, kStrangersStart};
  EXPECT_EQ(buckets.take(numbered(1), kStrangersStart), 0ms);
  EXPECT_GT(buckets.take(numbered(1), kStrangersStart - 1h), 0ms);
  EXPECT_EQ(buckets.take(numbered(1), kStrangersStart - 1h + 1min), 0ms);
}

TEST(StrangerLimits, LookupsAreCountedByAddress) {
  StrangerLimits limits{kStrangersStart};
  for (std::size_t i = 0; i < limits::kStrangerLookupsAMinute; ++i) {
    EXPECT_EQ(limits.take_lookup(numbered(1), kStrangersStart), 0ms);
  }
  EXPECT_GT(limits.take_lookup(numbered(1), kStrangersStart), 0ms);
  EXPECT_EQ(limits.take_lookup(numbered(2), kStrangersStart), 0ms);
  EXPECT_EQ(limits.take_enrolment(numbered(1), kStrangersStart), 0ms);
  EXPECT_EQ(limits.lookups_refused(), 1U);
  EXPECT_EQ(limits.enrolments_refused(), 0U);
}

TEST(StrangerLimits, EnrolmentsAreCountedByAddressAndInTotal) {
  StrangerLimits limits{kStrangersStart};
  for (std::size_t i = 0; i < limits::kOpenEnrolmentsAnHour; ++i) {
    EXPECT_EQ(limits.take_enrolment(numbered(1), kStrangersStart), 0ms);
  }
  for (int i = 0; i < 1'000; ++i) {  // costs nobody else anything
    EXPECT_GT(limits.take_enrolment(numbered(1), kStrangersStart), 0ms);
  }
  const auto rest = limits::kOpenEnrolmentsAnHourTotal - limits::kOpenEnrolmentsAnHour;
  for (std::uint32_t i = 0; i < rest; ++i) {
    EXPECT_EQ(limits.take_enrolment(numbered(2 + i), kStrangersStart), 0ms);
  }
  const auto wait = limits.take_enrolment(numbered(9'999), kStrangersStart);
  EXPECT_EQ(wait, Milliseconds{1h} / limits::kOpenEnrolmentsAnHourTotal);
  EXPECT_EQ(limits.enrolments_refused(), 1'001U);
  EXPECT_EQ(limits.take_enrolment(numbered(9'999), kStrangersStart + wait), 0ms);
}

}  // namespace
}  // namespace martlet::server
