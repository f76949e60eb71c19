#pragma once

#include <algorithm>

#include "base/random.h"
#include "base/time.h"

namespace martlet::server {

inline constexpr Milliseconds kReturnSpacing{1};  ///< what logging in one device takes, about
inline constexpr Milliseconds kReturnSpreadMax{10'000};

/// How long a device that is sent away should stay away: drawn for each anew, so that `devices` of
/// them come back one after the other and not all at once.
inline Milliseconds drawn_return(std::size_t devices, Random& random) {
  const auto most = static_cast<std::size_t>(kReturnSpreadMax / kReturnSpacing);
  const auto spread = kReturnSpacing * static_cast<std::int64_t>(std::min(devices, most));
  return Milliseconds{
      static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(spread.count()) + 1))};
}

}  // namespace martlet::server
