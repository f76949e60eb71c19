#pragma once

#include "base/bytes.h"

/// For tests: bytes of a literal that is known to be hex.
namespace martlet::crypto {

inline Bytes hex(std::string_view text) { return from_hex(text).value(); }

}  // namespace martlet::crypto
