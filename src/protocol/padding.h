#pragma once

#include "base/bytes.h"
#include "crypto/secret.h"

namespace martlet::protocol {

/// The padded length of a content of `size` bytes: its terminator counted, at least
/// kPaddingFloorBytes, then Padme (Nikitin et al. 2019, section 4): at most 12 % more.
std::size_t padded_size(std::size_t size);

/// content | 80 | zeros, up to padded_size (spec/content.md, "Padding").
crypto::Plaintext pad(ByteView content);

/// The content inside, as a view of `padded`. `malformed` unless the padding is exactly pad()'s.
Result<ByteView> unpad(ByteView padded);

}  // namespace martlet::protocol
