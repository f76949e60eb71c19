#include "base/bytes.h"

#include <algorithm>

namespace martlet {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64urlDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kBase32Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

/// Groups bits into digits of `bits` bits, most significant first; the last one is filled with
/// zeros.
std::string to_digits(ByteView bytes, unsigned bits, std::string_view digits) {
  std::string text;
  text.reserve((bytes.size() * 8 + bits - 1) / bits);
  std::uint32_t window = 0;
  unsigned held = 0;
  for (const auto byte : bytes) {
    window = (window << 8U) | byte;
    held += 8;
    while (held >= bits) {
      held -= bits;
      text.push_back(digits[(window >> held) & ((1U << bits) - 1U)]);
    }
  }
  if (held > 0) text.push_back(digits[(window << (bits - held)) & ((1U << bits) - 1U)]);
  return text;
}

/// The inverse. Refuses foreign digits, a useless last digit and filling bits that are not zero.
template <class Fold>
Result<Bytes> from_digits(std::string_view text, unsigned bits, std::string_view digits,
                          Fold fold) {
  Bytes bytes;
  bytes.reserve(text.size() * bits / 8);
  std::uint32_t window = 0;
  unsigned held = 0;
  for (const char c : text) {
    const auto digit = digits.find(fold(c));
    if (digit == std::string_view::npos) return Error{Failure::malformed, "foreign digit"};
    window = (window << bits) | static_cast<std::uint32_t>(digit);
    held += bits;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<std::uint8_t>(window >> held));
  }
  if (held >= bits) return Error{Failure::malformed, "cut short"};
  if ((window & ((1U << held) - 1U)) != 0) return Error{Failure::malformed, "not canonical"};
  return bytes;
}

}  // namespace

Bytes concat(std::initializer_list<ByteView> parts) {
  std::size_t size = 0;
  for (const auto part : parts) size += part.size();
  Bytes joined;
  joined.reserve(size);
  for (const auto part : parts) joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

bool equal(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

std::string to_hex(ByteView bytes) { return to_digits(bytes, 4, kHexDigits); }
Result<Bytes> from_hex(std::string_view text) {
  return from_digits(text, 4, kHexDigits, ascii_lower);
}
std::string to_base64url(ByteView bytes) { return to_digits(bytes, 6, kBase64urlDigits); }
Result<Bytes> from_base64url(std::string_view text) {
  return from_digits(text, 6, kBase64urlDigits, [](char c) { return c; });
}
std::string to_base32(ByteView bytes) { return to_digits(bytes, 5, kBase32Digits); }
Result<Bytes> from_base32(std::string_view text) {
  return from_digits(text, 5, kBase32Digits, upper);
}

}  // namespace martlet
