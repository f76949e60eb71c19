#pragma once

#include <chrono>
#include <string>

namespace martlet {

using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
/// Milliseconds since 1970, UTC.
using UnixMillis = std::chrono::time_point<std::chrono::system_clock, Milliseconds>;

/// Pure cores are told the time; only `main` owns a clock.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual UnixMillis now() const = 0;
};

/// The machine's clock. Thread-safe. The one place that reads it.
class SystemClock final : public Clock {
 public:
  UnixMillis now() const override;
};

inline UnixMillis unix_millis(std::int64_t milliseconds) {
  return UnixMillis{Milliseconds{milliseconds}};
}
inline std::int64_t count_of(UnixMillis time) { return time.time_since_epoch().count(); }

/// RFC 3339 in UTC with milliseconds: 2026-05-09T18:55:02.004Z. Years 1970 to 9999.
std::string rfc3339(UnixMillis time);

}  // namespace martlet
