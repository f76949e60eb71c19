#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace martlet {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes copy_of(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }

/// The parts, one behind the other, in one allocation.
Bytes concat(std::initializer_list<ByteView> parts);

/// Byte for byte, in time that depends on the content. Never for tags or keys: crypto/ has its own.
bool equal(ByteView a, ByteView b);

std::string to_hex(ByteView bytes);                   ///< lower case
Result<Bytes> from_hex(std::string_view text);        ///< either case; `malformed` otherwise
std::string to_base64url(ByteView bytes);             ///< RFC 4648 section 5, without padding
Result<Bytes> from_base64url(std::string_view text);  ///< canonical and unpadded, else `malformed`
std::string to_base32(ByteView bytes);             ///< RFC 4648 section 6, upper case, no padding
Result<Bytes> from_base32(std::string_view text);  ///< either case, canonical, unpadded

/// A to Z to a to z; anything else stays.
constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace martlet
