#include "server/token_bucket.h"

#include <gtest/gtest.h>

namespace martlet::server {
namespace {

constexpr UnixMillis kBucketStart{Milliseconds{1'800'000'000'000}};

TEST(TokenBucket, LetsItsCapacityThroughThenSoManyAMinute) {
  TokenBucket bucket{6, kBucketStart};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(bucket.take(kBucketStart).count(), 0);
  const auto wait = bucket.take(kBucketStart);
  EXPECT_GT(wait, Milliseconds{9'990});
  EXPECT_LE(wait, Milliseconds{10'001});
  EXPECT_GT(bucket.take(kBucketStart + Milliseconds{5'000}).count(), 0);
  EXPECT_EQ(bucket.take(kBucketStart + Milliseconds{10'001}).count(), 0);
  EXPECT_GT(bucket.take(kBucketStart + Milliseconds{10'002}).count(), 0);
}

TEST(TokenBucket, NeverHoldsMoreThanItsCapacity) {
  TokenBucket bucket{3, kBucketStart};
  const auto later = kBucketStart + std::chrono::hours{24 * 365};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.take(later).count(), 0);
  EXPECT_GT(bucket.take(later).count(), 0);
}

TEST(TokenBucket, AClockThatStepsBackEarnsNothing) {
  TokenBucket bucket{1, kBucketStart};
  EXPECT_EQ(bucket.take(kBucketStart).count(), 0);
  EXPECT_GT(bucket.take(kBucketStart - std::chrono::hours{1}).count(), 0);
  EXPECT_EQ(bucket.take(kBucketStart).count(), 0);  // an hour passed by the stepped clock
}

TEST(TokenBucket, ADebtIsEarnedBeforeTheNextAndHasABound) {
  for (const std::size_t amount : {7U, 12U, 1'000'000U}) {
    SCOPED_TRACE(amount);
    TokenBucket bucket{6, kBucketStart};
    EXPECT_EQ(bucket.wait(kBucketStart).count(), 0);
    bucket.spend(amount);
    const auto debt = std::min<std::size_t>(amount, 12) - 6;
    const auto wait = Milliseconds{static_cast<std::int64_t>(debt + 1) * 10'000};
    EXPECT_EQ(bucket.wait(kBucketStart), wait);
    EXPECT_EQ(bucket.wait(kBucketStart + wait - Milliseconds{1}).count(), 1);
    EXPECT_EQ(bucket.take(kBucketStart + wait).count(), 0);
    EXPECT_GT(bucket.take(kBucketStart + wait).count(), 0);
  }
}

TEST(TokenBucket, ManySmallStepsEarnAsMuchAsOneBigOne) {
  TokenBucket bucket{120, kBucketStart};
  for (int i = 0; i < 120; ++i) ASSERT_EQ(bucket.take(kBucketStart).count(), 0);
  int passed = 0;
  for (int ms = 1; ms <= 10'000; ++ms) {
    if (bucket.take(kBucketStart + Milliseconds{ms}).count() == 0) ++passed;
  }
  EXPECT_EQ(passed, 20);
}

}  // namespace
}  // namespace martlet::server
