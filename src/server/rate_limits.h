#pragma once

#include "base/limits.h"

/// What an account may do, all its devices together: so much at once, and as much a minute in the
/// long run. Beyond it limit_reached with retry_after. Lookups: limits::kLookupsAMinute.
namespace martlet::server::rate_limits {

// --- What it sends: the operator may set these ---
inline constexpr std::size_t kSendsAMinute = 1'200;
inline constexpr std::size_t kEnvelopesAMinute = 60'000;  ///< to a group of 250 devices: 4 a second
inline constexpr std::size_t kBytesAMinute = 256 * 1024 * 1024;
static_assert(kEnvelopesAMinute >= limits::kEnvelopesASendMax);
static_assert(kBytesAMinute >= limits::kFrameBytesMax);

// --- What it asks besides ---
inline constexpr std::size_t kAppendsAMinute = 30;  ///< links of account chains
inline constexpr std::size_t kHandleRequestsAMinute = 120;

/// Accounts told apart, among those active within minutes; further ones share one allowance.
inline constexpr std::size_t kAccountsMax = 262'144;
static_assert(kAccountsMax > limits::kConnectionsMax);

}  // namespace martlet::server::rate_limits
