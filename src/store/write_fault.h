#pragma once

#include <cstdint>
#include <functional>

namespace martlet::store {

/// What the disk of an engine under test does with one commit.
enum class WriteFault : std::uint8_t {
  none,
  lost,    ///< nothing reached the disk, and the call fails
  written  ///< it reached the disk, but the call fails: the answer was lost
};
using FaultHook = std::function<WriteFault()>;  ///< asked once at each commit; empty: no faults

}  // namespace martlet::store
