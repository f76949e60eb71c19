#include "crypto/ecdsa_der.h"

#include <algorithm>

#include "base/check.h"
#include "base/reader.h"

namespace martlet::crypto {
namespace {

constexpr std::uint8_t kSequence = 0x30;
constexpr std::uint8_t kInteger = 0x02;
constexpr std::size_t kNumberBytes = 32;

/// A positive INTEGER in its shortest form (X.690 sections 8.3 and 10.1), without the zero byte
/// that keeps a number with its top bit set positive.
Result<ByteView> take_number(Reader& in) {
  if (TRY(in.u8()) != kInteger) return Error{Failure::malformed, "not an INTEGER"};
  const auto size = TRY(in.u8());
  if (size >= 0x80) return Error{Failure::malformed, "a length in its long form"};
  auto number = TRY(in.take(size));
  if (number.empty()) return Error{Failure::malformed, "an INTEGER without bytes"};
  if (number[0] >= 0x80) return Error{Failure::malformed, "a negative number"};
  if (number[0] != 0) return number;
  number = number.subspan(1);
  if (number.empty()) return Error{Failure::malformed, "zero"};
  if (number[0] < 0x80) return Error{Failure::malformed, "a number with a needless zero in front"};
  return number;
}

struct Numbers {
  ByteView r;
  ByteView s;
};

Result<Numbers> parse_der(ByteView der) {
  Reader in{der};
  if (TRY(in.u8()) != kSequence) return Error{Failure::malformed, "not a SEQUENCE"};
  const auto size = TRY(in.u8());
  if (size >= 0x80 || size != in.left()) return Error{Failure::malformed, "wrong length"};
  const auto r = TRY(take_number(in));
  const auto s = TRY(take_number(in));
  TRY(in.finish());
  return Numbers{r, s};
}

std::size_t put_number(std::span<std::uint8_t> out, ByteView number) {
  while (number.size() > 1 && number[0] == 0) number = number.subspan(1);
  const std::size_t sign = number[0] >= 0x80 ? 1 : 0;
  out[0] = kInteger;
  out[1] = static_cast<std::uint8_t>(number.size() + sign);
  out[2] = 0;
  std::ranges::copy(number, out.subspan(2 + sign).begin());
  return 2 + sign + number.size();
}

}  // namespace

bool is_strict_der_signature(ByteView der) { return parse_der(der).ok(); }

DerSignature der_from_raw(const Signature& raw) {
  const ByteView both{raw};
  DerSignature der{};
  const std::span out{der.bytes};
  der.size = 2;
  der.size += put_number(out.subspan(der.size), both.first(kNumberBytes));
  der.size += put_number(out.subspan(der.size), both.last(kNumberBytes));
  out[0] = kSequence;
  out[1] = static_cast<std::uint8_t>(der.size - 2);
  return der;
}

Result<Signature> raw_from_der(ByteView der) {
  const auto numbers = TRY(parse_der(der));
  if (numbers.r.size() > kNumberBytes || numbers.s.size() > kNumberBytes) {
    return Error{Failure::malformed, "a number of more than 32 bytes"};
  }
  Signature raw{};
  std::ranges::copy_backward(numbers.r, raw.begin() + kNumberBytes);
  std::ranges::copy_backward(numbers.s, raw.end());
  return raw;
}

}  // namespace martlet::crypto
