#pragma once

#include "base/bytes.h"

namespace martlet::store {

/// CRC32C (Castagnoli; RFC 3720 appendix B.4) of `bytes`, going on from `before`: the sum of a
/// whole is that of its parts one after the other. By the processor's instruction where it has one.
std::uint32_t crc32c(ByteView bytes, std::uint32_t before = 0);
/// The same without that instruction. For tests.
std::uint32_t crc32c_by_table(ByteView bytes, std::uint32_t before = 0);

}  // namespace martlet::store
