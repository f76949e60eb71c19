#include "apps/martletd/duration.h"

#include <charconv>

namespace martlet::daemon {

std::optional<Milliseconds> parse_duration(const std::string& text) {
  std::int64_t count = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc{} || stopped + 1 != end || count < 1) return std::nullopt;
  Seconds unit{};
  switch (*stopped) {
    case 's':
      unit = Seconds{1};
      break;
    case 'm':
      unit = std::chrono::minutes{1};
      break;
    case 'h':
      unit = std::chrono::hours{1};
      break;
    case 'd':
      unit = std::chrono::days{1};
      break;
    case 'w':
      unit = std::chrono::weeks{1};
      break;
    default:
      return std::nullopt;
  }
  constexpr Seconds kMax = std::chrono::years{100};
  if (count > kMax / unit) return std::nullopt;
  return unit * count;
}

}  // namespace martlet::daemon
