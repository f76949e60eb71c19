#include "server/token_bucket.h"

#include <gtest/gtest.h>

namespace martlet::server {
namespace {

constexpr UnixMillis kStart{Milliseconds{1'800'000'000'000}};

TEST(TokenBucket, LetsItsCapacityThroughThenSoManyAMinute) {
  TokenBucket bucket{6, kStart};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(bucket.take(kStart).count(), 0);
  const auto wait = bucket.take(kStart);
  EXPECT_GT(wait, Milliseconds{9'990});
  EXPECT_LE(wait, Milliseconds{10'001});
  EXPECT_GT(bucket.take(kStart + Milliseconds{5'000}).count(), 0);
  EXPECT_EQ(bucket.take(kStart + Milliseconds{10'001}).count(), 0);
  EXPECT_GT(bucket.take(kStart + Milliseconds{10'002}).count(), 0);
}

TEST(TokenBucket, NeverHoldsMoreThanItsCapacity) {
  TokenBucket bucket{3, kStart};
  const auto later = kStart + std::chrono::hours{24 * 365};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.take(later).count(), 0);
  EXPECT_GT(bucket.take(later).count(), 0);
}

TEST(TokenBucket, AClockThatStepsBackEarnsNothing) {
  TokenBucket bucket{1, kStart};
  EXPECT_EQ(bucket.take(kStart).count(), 0);
  EXPECT_GT(bucket.take(kStart - std::chrono::hours{1}).count(), 0);
  EXPECT_EQ(bucket.take(kStart).count(), 0);  // an hour passed by the stepped clock
}

TEST(TokenBucket, ADebtIsEarnedBeforeTheNextAndHasABound) {
  for (const std::size_t amount : {7U, 12U, 1'000'000U}) {
    SCOPED_TRACE(amount);
    TokenBucket bucket{6, kStart};
    EXPECT_EQ(bucket.wait(kStart).count(), 0);
    bucket.spend(amount);
    const auto debt = std::min<std::size_t>(amount, 12) - 6;
    const auto wait = Milliseconds{static_cast<std::int64_t>(debt + 1) * 10'000};
    EXPECT_EQ(bucket.wait(kStart), wait);
    EXPECT_EQ(bucket.wait(kStart + wait - Milliseconds{1}).count(), 1);
    EXPECT_EQ(bucket.take(kStart + wait).count(), 0);
    EXPECT_GT(bucket.take(kStart + wait).count(), 0);
  }
}

TEST(TokenBucket, ManySmallStepsEarnAsMuchAsOneBigOne) {
  TokenBucket bucket{120, kStart};
  for (int i = 0; i < 120; ++i) ASSERT_EQ(bucket.take(kStart).count(), 0);
  int passed = 0;
  for (int ms = 1; ms <= 10'000; ++ms) {
    if (bucket.take(kStart + Milliseconds{ms}).count() == 0) ++passed;
  }
  EXPECT_EQ(passed, 20);
}

}  // namespace
}  // namespace martlet::server
