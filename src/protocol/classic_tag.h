#pragma once

#include "base/ids.h"

namespace martlet::protocol::classic {

inline constexpr std::uint8_t kVersion = 0x02;
inline constexpr std::size_t kSaltBytes = 11;  ///< L, 88 random bits
inline constexpr std::size_t kTagBytes = 5;    ///< T, 40 bits
using Tag = std::array<std::uint8_t, kTagBytes>;

/// T: the first bytes of HMAC-SHA256(L, plain | 02 | H(sender) | H(receiver)). L | T is the message
/// key, so compare tags with crypto::equal_secretly only (spec/sealing-classic.md, "Key and tag").
Tag tag_of(ByteView salt, ByteView plain, const Digest& sender, const Digest& receiver);

}  // namespace martlet::protocol::classic
