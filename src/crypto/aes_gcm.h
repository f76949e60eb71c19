#pragma once

#include "crypto/secret.h"

namespace martlet::crypto {

inline constexpr std::size_t kGcmTagBytes = 16;
using Aes256Key = Secret<32, struct Aes256KeyKind>;

/// AES-256-GCM (NIST SP 800-38D) without additional data; the 12-byte nonce is `counter`,
/// big-endian. **A counter may be used once only with a key.** Gives ciphertext | tag[16].
Bytes aes_256_gcm_seal(const Aes256Key& key, std::uint64_t counter, ByteView plain);

/// The counterpart. Fails with `malformed` where there is no room for a tag, else with `forged`;
/// nothing of what did not verify is given back.
Result<Plaintext> aes_256_gcm_open(const Aes256Key& key, std::uint64_t counter, ByteView sealed);

}  // namespace martlet::crypto
