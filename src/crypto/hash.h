#pragma once

#include <initializer_list>

#include "base/ids.h"

namespace martlet::crypto {

/// SHA-256 over the parts joined (FIPS 180-4). Never fails. Thread-safe.
Digest sha256(std::initializer_list<ByteView> parts);
inline Digest sha256(ByteView bytes) { return sha256({bytes}); }

/// HMAC-SHA256 over the parts joined (RFC 2104). The key may be of any length, and may be secret.
Digest hmac_sha256(ByteView key, std::initializer_list<ByteView> parts);

/// Equal or not, in time that depends on the lengths only. Different lengths are not equal.
bool equal_secretly(ByteView a, ByteView b);

}  // namespace martlet::crypto
