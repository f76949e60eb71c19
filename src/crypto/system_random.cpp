#include "crypto/system_random.h"

#include <openssl/rand.h>

#include "crypto/openssl_ptr.h"

namespace martlet::crypto {

void SystemRandom::fill(std::span<std::uint8_t> bytes) {
  if (!bytes.empty()) CHECK(RAND_bytes(bytes.data(), to_int(bytes.size())) == 1);
}

}  // namespace martlet::crypto
