#include "base/meter.h"

#include <gtest/gtest.h>

#include <numeric>

namespace martlet {
namespace {

TEST(Meter, AddsAndIsSet) {
  Meter meter;
  EXPECT_EQ(meter.get(), 0U);
  meter.add();
  meter.add(41);
  EXPECT_EQ(meter.get(), 42U);
  meter.set(7);
  EXPECT_EQ(meter.get(), 7U);
}

TEST(Histogram, AValueOnABoundBelongsToTheBucketBelowIt) {
  struct Case {
    std::uint64_t value;
    std::size_t bucket;
  };
  constexpr auto kLast = MicrosecondBuckets::kBounds.size();
  for (const auto [value, bucket] :
       {Case{0, 0}, Case{50, 0}, Case{51, 1}, Case{100, 1}, Case{10'000'000, kLast - 1},
        Case{10'000'001, kLast}, Case{~std::uint64_t{0}, kLast}}) {
    SCOPED_TRACE(value);
    DurationHistogram histogram;
    histogram.observe(value);
    const auto read = histogram.counts();
    EXPECT_EQ(read.counts.at(bucket), 1U);
    EXPECT_EQ(std::accumulate(read.counts.begin(), read.counts.end(), std::uint64_t{0}), 1U);
    EXPECT_EQ(read.sum, value);
  }
}

TEST(Histogram, BoundsGrow) {
  EXPECT_TRUE(std::ranges::is_sorted(DurationHistogram::kBounds, std::less_equal<>{}));
  EXPECT_TRUE(std::ranges::is_sorted(SizeHistogram::kBounds, std::less_equal<>{}));
}

}  // namespace
}  // namespace martlet
