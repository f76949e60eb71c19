#pragma once

#include <algorithm>

#include "base/time.h"

namespace martlet::server {

/// Lets `capacity` through at once and so many a minute in the long run. Time is given in; a clock
/// that steps back earns nothing and costs nothing.
class TokenBucket {
 public:
  TokenBucket(std::size_t capacity, UnixMillis now)
      : milli_tokens_{static_cast<std::int64_t>(capacity) * kMilli},
        per_minute_{static_cast<std::int64_t>(capacity)},
        filled_{now} {}

  /// Zero: one was taken. Else: come back after so long, and nothing was taken.
  Milliseconds take(UnixMillis now) {
    const auto passed = std::clamp<std::int64_t>((now - filled_).count(), 0, kMinuteMs);
    filled_ = now;
    milli_tokens_ =
        std::min(milli_tokens_ + passed * per_minute_ * kMilli / kMinuteMs, per_minute_ * kMilli);
    if (milli_tokens_ >= kMilli) {
      milli_tokens_ -= kMilli;
      return Milliseconds{0};
    }
    const auto missing = kMilli - milli_tokens_;
    return Milliseconds{missing * kMinuteMs / (per_minute_ * kMilli) + 1};
  }

 private:
  static constexpr std::int64_t kMilli = 1'000;
  static constexpr std::int64_t kMinuteMs = 60'000;
  std::int64_t milli_tokens_;
  std::int64_t per_minute_;
  UnixMillis filled_;
};

}  // namespace martlet::server
