#pragma once

#include <cstddef>

#include "base/time.h"

/// Bounds on what leaves for a gateway and comes back from it.
namespace martlet::gateways::limits {

using namespace std::chrono_literals;

inline constexpr Milliseconds kConnectTimeout = 10s;       ///< then the gateway counts as down
inline constexpr Milliseconds kAnswerTimeout = 20s;        ///< the same, connecting included
inline constexpr std::size_t kAnswerBytesMax = 16 * 1024;  ///< more: the gateway is broken
inline constexpr std::size_t kSmsTextBytesMax = 480;       ///< longer is not sent; three SMS joined
inline constexpr std::size_t kUrlBytesMax = 1'000;         ///< as configured
inline constexpr std::size_t kSecretBytesMax = 512;        ///< of a password or key
inline constexpr std::size_t kCallbackKeyBytesMin = 16;    ///< a shorter one could be guessed

inline constexpr std::size_t kCallbackBytesMax = 8 * 1024;  ///< query and body each; then malformed
inline constexpr std::size_t kCallbackFieldsMax = 32;       ///< then malformed
inline constexpr std::size_t kIncomingTextBytesMax = 1'600;  ///< ten SMS joined; then malformed

}  // namespace martlet::gateways::limits
