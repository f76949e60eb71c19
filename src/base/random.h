#pragma once

#include <cstdint>
#include <span>

#include "base/ids.h"

namespace martlet {

/// Where a pure core gets its randomness from: the system's (crypto/system_random.h), or, in
/// simulations only, a seed (base/seeded_random.h).
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> bytes) = 0;

  template <class IdType>
  IdType id() {
    std::array<std::uint8_t, IdType::kBytes> bytes;
    fill(bytes);
    return IdType{bytes};
  }
  /// Uniform in [0, bound); bound at least 1.
  std::uint64_t below(std::uint64_t bound);
};

}  // namespace martlet
