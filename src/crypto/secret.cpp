#include "crypto/secret.h"

#include <openssl/crypto.h>

namespace martlet::crypto {

void wipe(std::span<std::uint8_t> bytes) noexcept { OPENSSL_cleanse(bytes.data(), bytes.size()); }

}  // namespace martlet::crypto
