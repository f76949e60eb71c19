#pragma once

#include <algorithm>

#include "base/time.h"

namespace martlet::server {

/// Lets `capacity` through at once and so many a period in the long run. Time is given in; a clock
/// that steps back earns nothing and costs nothing.
template <std::int64_t kPeriodMs>
class BasicTokenBucket {
 public:
  static constexpr Milliseconds kPeriod{kPeriodMs};

  BasicTokenBucket(std::size_t capacity, UnixMillis now)
      : capacity_{static_cast<std::int64_t>(capacity)}, filled_{capacity_ * kToken}, since_{now} {}

  /// Zero: one was taken. Else: come back after so long, and nothing was taken.
  Milliseconds take(UnixMillis now) {
    const auto left = wait(now);
    if (left.count() == 0) spend(1);
    return left;
  }
  /// How long until there is one to take; zero: now. Takes nothing.
  Milliseconds wait(UnixMillis now) {
    const auto passed = std::clamp<std::int64_t>((now - since_).count(), 0, 2 * kToken);
    since_ = now;
    filled_ = std::min(filled_ + passed * capacity_, capacity_ * kToken);
    if (filled_ >= kToken) return Milliseconds{0};
    return Milliseconds{(kToken - filled_ + capacity_ - 1) / capacity_};
  }
  /// Takes so many whether they are there or not: what is missing has to be earned before the next.
  /// The debt is never more than the capacity.
  void spend(std::size_t amount) {
    const auto most = filled_ + capacity_ * kToken;
    filled_ -= std::min(static_cast<std::int64_t>(amount), most / kToken) * kToken;
  }

 private:
  static constexpr std::int64_t kToken = kPeriodMs;  ///< a millisecond earns `capacity` parts of it
  std::int64_t capacity_;
  std::int64_t filled_;
  UnixMillis since_;
};

using TokenBucket = BasicTokenBucket<60'000>;  ///< so many a minute
using HourlyTokenBucket = BasicTokenBucket<3'600'000>;

}  // namespace martlet::server
