#pragma once

#include "base/random.h"

namespace martlet {

/// The same bytes for the same seed on every machine (SplitMix64). For simulations and tests
/// only: anybody can compute the next byte from the last eight.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_{seed} {}
  void fill(std::span<std::uint8_t> bytes) override {
    std::size_t used = 8;
    std::uint64_t value = 0;
    for (auto& byte : bytes) {
      if (used == 8) {
        value = next();
        used = 0;
      }
      byte = static_cast<std::uint8_t>(value >> (8 * used++));
    }
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  std::uint64_t state_;
};

}  // namespace martlet
