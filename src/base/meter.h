#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

namespace martlet {

/// A number that one thread writes and any thread may read, at any time. The writer pays for no
/// lock and no locked instruction: a load, an addition, a store. Readers see some recent value.
class Meter {
 public:
  void add(std::uint64_t amount = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// What a histogram held at some moment.
struct HistogramCounts {
  static constexpr std::size_t kBucketsMax = 24;
  std::array<std::uint64_t, kBucketsMax> counts{};  ///< of each bucket alone, not cumulative
  std::uint64_t sum = 0;
};

/// Where values fall, for durations in microseconds: 50 us to 10 s, then the rest.
struct MicrosecondBuckets {
  static constexpr std::array<std::uint64_t, 17> kBounds{
      50,     100,     250,     500,     1'000,     2'500,     5'000,     10'000,    25'000,
      50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};
};
/// The same for how many: 1 to 4,096, then the rest.
struct CountBuckets {
  static constexpr std::array<std::uint64_t, 13> kBounds{1,   2,   4,   8,     16,    32,   64,
                                                         128, 256, 512, 1'024, 2'048, 4'096};
};

/// Counts values by size; written by one thread, read by any, as a Meter is. Bucket i holds what
/// is at most kBounds[i]; the last one what is larger than all.
template <class Buckets>
class Histogram {
 public:
  static constexpr auto& kBounds = Buckets::kBounds;
  static_assert(kBounds.size() < HistogramCounts::kBucketsMax);

  void observe(std::uint64_t value) {
    const auto bucket = std::ranges::lower_bound(kBounds, value) - kBounds.begin();
    counts_[static_cast<std::size_t>(bucket)].add();
    sum_.add(value);
  }
  HistogramCounts counts() const {
    HistogramCounts read;
    for (std::size_t i = 0; i < counts_.size(); ++i) read.counts[i] = counts_[i].get();
    read.sum = sum_.get();
    return read;
  }

 private:
  std::array<Meter, kBounds.size() + 1> counts_;
  Meter sum_;
};

using DurationHistogram = Histogram<MicrosecondBuckets>;
using SizeHistogram = Histogram<CountBuckets>;

}  // namespace martlet
