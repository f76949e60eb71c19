#pragma once

#include "base/limits.h"

namespace martlet::limits {

inline constexpr std::size_t kHandshakesUnderWayMax =
    512;  ///< a reactor; who comes then waits unread, in order, and his time does not run
inline constexpr Milliseconds kHandshakePatience =
    3s;  ///< of kHandshakeTimeout, while others wait: then closed
static_assert(kHandshakePatience < kHandshakeTimeout);
inline constexpr std::size_t kResumptionsMax =
    8;  ///< servers whose last TLS session a client remembers; then the oldest is forgotten

}  // namespace martlet::limits
