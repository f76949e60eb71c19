#include "base/time.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/seeded_random.h"

namespace martlet {
namespace {

TEST(Time, WritesRfc3339) {
  EXPECT_EQ(rfc3339(unix_millis(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(unix_millis(1'778'352'902'004)), "2026-05-09T18:55:02.004Z");
  EXPECT_EQ(rfc3339(unix_millis(951'782'400'000)), "2000-02-29T00:00:00.000Z");
}

TEST(Random, ASeedRepeatsAndBelowStaysBelow) {
  SeededRandom one{7};
  SeededRandom two{7};
  SeededRandom other{8};
  EXPECT_EQ(one.id<MessageId>(), two.id<MessageId>());
  EXPECT_NE(one.id<MessageId>(), other.id<MessageId>());
  for (int i = 0; i < 1000; ++i) EXPECT_LT(one.below(6), 6U);
  EXPECT_EQ(one.below(1), 0U);
}

}  // namespace
}  // namespace martlet
