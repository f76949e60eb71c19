#include "server/account_rates.h"

#include <gtest/gtest.h>

namespace martlet::server {
namespace {

using namespace std::chrono_literals;
constexpr UnixMillis kRatesStart{Milliseconds{1'800'000'000'000}};
constexpr std::size_t kEnvelopes = limits::kEnvelopesASendMax;
constexpr std::size_t kBytes = limits::kFrameBytesMax;

AccountId account(std::uint32_t number) {
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < 4; ++i) bytes.at(i) = static_cast<std::uint8_t>(number >> (8 * i));
  return AccountId{bytes};
}

struct AccountRatesTest : ::testing::Test {
  Milliseconds charge(std::uint32_t who, std::size_t envelopes = 1, std::size_t bytes = 100) {
    return rates.charge(account(who), envelopes, bytes, now, limited);
  }
  std::uint64_t times(RateKind kind) const {
    return limited.at(static_cast<std::size_t>(kind)).get();
  }

  UnixMillis now = kRatesStart;
  AccountRates rates{{60, kEnvelopes, kBytes}, kRatesStart, 100};
  std::array<Meter, kRateKinds> limited;
};

TEST_F(AccountRatesTest, EachKindHasItsOwnLimitAndTellsWhenToComeAgain) {
  struct Case {
    const char* name;
    std::size_t envelopes, bytes;
    int pass;  ///< so many at once
    RateKind kind;
    Milliseconds wait;
  };
  std::uint32_t who = 0;
  for (const auto& [name, envelopes, bytes, pass, kind, wait] : {
           Case{"sends", 1, 100, 60, RateKind::sends, 1'000ms},
           Case{"envelopes", kEnvelopes / 4, 100, 4, RateKind::envelopes, 1'000ms},
           Case{"bytes", 1, kBytes / 8, 8, RateKind::bytes, 1'000ms},
           Case{"a debt of envelopes", kEnvelopes - 1, 100, 2, RateKind::envelopes, 59'986ms},
       }) {
    SCOPED_TRACE(name);
    ++who;
    const auto before = times(kind);
    for (int i = 0; i < pass; ++i) EXPECT_EQ(charge(who, envelopes, bytes), 0ms);
    EXPECT_EQ(charge(who, envelopes, bytes), wait);
    EXPECT_EQ(times(kind), before + 1);
  }
  EXPECT_EQ(charge(99), 0ms);  // others are not held up
}

TEST_F(AccountRatesTest, WhoWaitsAsToldPasses) {
  for (int i = 0; i < 60; ++i) ASSERT_EQ(charge(1), 0ms);
  for (int round = 0; round < 50; ++round) {
    const auto wait = charge(1);
    ASSERT_GT(wait, 0ms);
    now += wait - 1ms;
    ASSERT_GT(charge(1), 0ms);
    now += 1ms;
    ASSERT_EQ(charge(1), 0ms);
  }
}

TEST_F(AccountRatesTest, WhatIsRefusedCostsNothing) {
  for (int i = 0; i < 60; ++i) ASSERT_EQ(charge(1), 0ms);
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(charge(1, kEnvelopes, kBytes), 1'000ms);
  now += 1s;
  EXPECT_EQ(charge(1), 0ms);
}

TEST_F(AccountRatesTest, TheLargestSendPassesAndIsPaidForAfterwards) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(charge(1, kEnvelopes, kBytes), 0ms);
    EXPECT_GT(charge(1), 0ms);
    now += 61s;
  }
  EXPECT_EQ(charge(2, 1, kBytes - 1), 0ms);
  EXPECT_EQ(charge(2, 1, kBytes), 0ms);  // one byte was left
  now += 59s;
  EXPECT_GT(charge(2), 0ms);
  now += 2s;
  EXPECT_EQ(charge(2), 0ms);
}

TEST_F(AccountRatesTest, NoLimitIsNone) {
  for (const auto& [given, kind] : {std::pair{SendRates{0, kEnvelopes, kBytes}, RateKind::sends},
                                    std::pair{SendRates{1'000'000, 0, 0}, RateKind::bytes},
                                    std::pair{SendRates{}, RateKind::sends}}) {
    SCOPED_TRACE(name_of(kind));
    AccountRates generous{given, kRatesStart};
    for (int i = 0; i < 4'000; ++i) {
      ASSERT_EQ(generous.charge(account(1), 1, kind == RateKind::bytes ? kBytes : 1, now, limited),
                0ms);
    }
    EXPECT_EQ(generous.accounts(), given.sends + given.envelopes + given.bytes == 0 ? 0U : 1U);
  }
}

TEST_F(AccountRatesTest, WhoIsIdleIsForgottenAndGainsNothingByIt) {
  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_EQ(charge(i), 0ms);
  EXPECT_EQ(rates.accounts(), 100U);
  now += 5min;
  EXPECT_EQ(charge(1), 0ms);
  EXPECT_EQ(rates.accounts(), 1U);
  for (int i = 1; i < 60; ++i) EXPECT_EQ(charge(1), 0ms);
  EXPECT_EQ(charge(1), 1s);
}

TEST_F(AccountRatesTest, AccountsBeyondTheBoundShareOneAllowance) {
  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_EQ(charge(i), 0ms);
  for (std::uint32_t i = 100; i < 160; ++i) EXPECT_EQ(charge(i), 0ms);
  EXPECT_EQ(charge(160), 1s);
  EXPECT_EQ(charge(50), 0ms);  // known ones keep theirs
  EXPECT_EQ(rates.accounts(), 100U);
}

TEST_F(AccountRatesTest, AClockThatStepsBackLocksNobodyOut) {
  for (int i = 0; i < 60; ++i) ASSERT_EQ(charge(1), 0ms);
  now -= std::chrono::hours{24};
  EXPECT_EQ(charge(1), 1s);
  now += 1s;
  EXPECT_EQ(charge(1), 0ms);
}

}  // namespace
}  // namespace martlet::server
