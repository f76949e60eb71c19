#pragma once

#include "base/random.h"

namespace martlet::crypto {

/// OpenSSL's generator, seeded by the system. Thread-safe. A failure of it is fatal.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override;
};

}  // namespace martlet::crypto
