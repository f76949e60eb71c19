#include "base/random.h"

#include <limits>

#include "base/check.h"

namespace martlet {

std::uint64_t Random::below(std::uint64_t bound) {
  CHECK(bound > 0);
  // Values of the last, incomplete round are drawn again, so none is favoured.
  const std::uint64_t excess = (std::numeric_limits<std::uint64_t>::max() % bound + 1) % bound;
  const std::uint64_t last = std::numeric_limits<std::uint64_t>::max() - excess;
  while (true) {
    std::array<std::uint8_t, 8> bytes;
    fill(bytes);
    std::uint64_t value = 0;
    for (const auto byte : bytes) value = (value << 8U) | byte;
    if (value <= last) return value % bound;
  }
}

}  // namespace martlet
