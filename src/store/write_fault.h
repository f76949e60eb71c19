#pragma once

#include <cstdint>
#include <functional>

namespace martlet::store {

/// What happens to one durable write. For tests and simulations of failing disks.
enum class WriteFault : std::uint8_t {
  none,    ///< it succeeds
  lost,    ///< nothing reaches the disk; the call fails with `unavailable`
  written  ///< it reaches the disk, but the answer is lost: the call fails with `unavailable`
};

/// Asked once at each durable write. Empty: no write ever fails.
using FaultHook = std::function<WriteFault()>;

}  // namespace martlet::store
