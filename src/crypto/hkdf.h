#pragma once

#include <span>

#include "base/bytes.h"

namespace martlet::crypto {

/// HKDF-SHA256 (RFC 5869), extract and expand, straight into `out` (1 to 8,160 bytes), which the
/// caller keeps in a Secret. `salt` may be empty, `secret` not. Never fails. Thread-safe.
void hkdf_sha256(ByteView salt, ByteView secret, ByteView info, std::span<std::uint8_t> out);

}  // namespace martlet::crypto
