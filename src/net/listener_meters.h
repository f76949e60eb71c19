#pragma once

#include <array>

#include "base/meter.h"
#include "net/connection.h"

namespace martlet::net {

inline constexpr std::size_t kCloseReasons =
    static_cast<std::size_t>(CloseReason::out_of_resources) + 1;

/// What a listener has done on one of its reactors. Written by that reactor's thread, read by any.
struct ListenerMeters {
  // --- Of the first reactor alone, which accepts for all ---
  Meter accepted;
  Meter refused_full;       ///< connections_max were open: closed at once
  Meter refused_resources;  ///< accepting failed for want of descriptors or memory

  Meter handshakes;                        ///< TLS handshakes that ended well
  std::array<Meter, kCloseReasons> shut;   ///< ended before their handshake did, by CloseReason
  std::array<Meter, kCloseReasons> ended;  ///< ended after it, by CloseReason
};

}  // namespace martlet::net
