#pragma once

#include <array>

#include "base/meter.h"

namespace martlet::server {

/// What an account may do only so often (account_rates.h).
enum class RateKind : std::uint8_t { sends, envelopes, bytes, lookups, links, handles };
inline constexpr std::size_t kRateKinds = 6;
/// As settings and metrics call it.
constexpr const char* name_of(RateKind kind) {
  constexpr std::array<const char*, kRateKinds> kNames{"sends",   "envelopes", "bytes",
                                                       "lookups", "links",     "handles"};
  return kNames.at(static_cast<std::size_t>(kind));
}

/// Microseconds of a clock that only goes forward. The office is pure: it is given one.
using Stopwatch = std::uint64_t (*)();
inline std::uint64_t stopped_watch() { return 0; }

/// What the office has done since it was made. Written by its thread alone, read by any. No number
/// belongs to an account, device or handle.
struct OfficeMeters {
  Meter logins;
  Meter accepted_sends, accepted_envelopes, accepted_bytes;  ///< answered for, new ones
  Meter delivered_envelopes, delivered_bytes;                ///< repeats after a login included
  Meter acknowledged_envelopes, acknowledged_bytes;
  Meter expired_envelopes;
  Meter refused_sends;                    ///< for whatever reason, limits included
  std::array<Meter, kRateKinds> limited;  ///< refused with limit_reached, by RateKind
  Meter syncs, failed_syncs;
  DurationHistogram sync_us;
  SizeHistogram sync_sends;  ///< Sends that waited for one sync

  // --- As it is after each turn ---
  Meter online;
  Meter waiting_items, waiting_bytes;
};

}  // namespace martlet::server
