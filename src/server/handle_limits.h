#pragma once

#include <cstddef>

#include "base/time.h"

/// Every bound on proving handles (spec/handles.md section 4).
namespace martlet::server::handle_limits {

using namespace std::chrono_literals;

// --- What proves a handle ---
inline constexpr std::size_t kMailTokenBytes = 16;      ///< random, in the mail's link
inline constexpr Milliseconds kMailTokenLifetime = 1h;  ///< from when its mail was made
inline constexpr std::size_t kSmsCodeDigits = 6;
inline constexpr Milliseconds kSmsCodeLifetime = 10min;
inline constexpr unsigned kCodeTries = 5;                  ///< then the proof is over
inline constexpr std::size_t kInboundCodeCharacters = 10;  ///< base32: 50 bits
inline constexpr Milliseconds kInboundCodeLifetime = 10min;

// --- Sending, when the mail server or gateway does not answer ---
inline constexpr Milliseconds kMailTriedFor = 4h;  ///< then given up
inline constexpr Milliseconds kSmsTriedFor = 10min;
inline constexpr Milliseconds kRetryFirst = 15s;  ///< doubled each time, up to
inline constexpr Milliseconds kRetryMost = 8min;
inline constexpr Milliseconds kResultPatience = 3min;  ///< no result so long: sent again

// --- Who may ask how often; beyond it limit_reached with retry_after ---
inline constexpr std::size_t kAddsAnAccountAnHour = 10;
inline constexpr std::size_t kAddsAHandleAnHour = 3;  ///< by whichever accounts
inline constexpr std::size_t kAddsAHandleADay = 6;
inline constexpr std::size_t kAddsANetworkAnHour = 30;   ///< an IPv4 address, an IPv6 /64
inline constexpr std::size_t kRateKeysMax = 100'000;     ///< then unknown ones wait
inline constexpr Milliseconds kAddRepeatedWithin = 20s;  ///< the same again: same answer, once

inline constexpr std::size_t kWorkATick = 64;  ///< a disk write each; the rest a second later

// --- What is kept ---
inline constexpr std::size_t kProofsMax = 100'000;      ///< of all accounts; then limit_reached
inline constexpr std::size_t kProofsAnAccountMax = 40;  ///< then the oldest finished one goes
inline constexpr Milliseconds kFinishedKept = 24h;      ///< so that lists and pages can tell
inline constexpr Milliseconds kMovedKept = std::chrono::days{7};
inline constexpr Milliseconds kClockSlack = 5min;  ///< begun later than that: the clock was wrong

}  // namespace martlet::server::handle_limits
