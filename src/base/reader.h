#pragma once

#include "base/bytes.h"

namespace martlet {

/// Takes big-endian fields off the front of bytes that strangers sent. The first call that finds
/// too few bytes fails with `malformed`. The bytes must outlive the reader.
class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_{bytes} {}

  Result<ByteView> take(std::size_t size) {
    if (size > rest_.size()) return Error{Failure::malformed, "cut short"};
    const auto part = rest_.first(size);
    rest_ = rest_.subspan(size);
    return part;
  }
  Result<std::uint8_t> u8() { return number<std::uint8_t, 1>(); }
  Result<std::uint16_t> u16() { return number<std::uint16_t, 2>(); }
  Result<std::uint32_t> u24() { return number<std::uint32_t, 3>(); }
  Result<std::uint32_t> u32() { return number<std::uint32_t, 4>(); }
  Result<std::uint64_t> u64() { return number<std::uint64_t, 8>(); }
  template <std::size_t N>
  Result<std::array<std::uint8_t, N>> array() {
    const auto part = TRY(take(N));
    std::array<std::uint8_t, N> bytes;
    std::copy(part.begin(), part.end(), bytes.begin());
    return bytes;
  }
  template <class IdType>
  Result<IdType> id() {
    return IdType{TRY((array<IdType::kBytes>()))};
  }
  /// x<u8>, x<u16>: a length in front, then that many bytes.
  Result<ByteView> prefixed_u8() { return take(TRY(u8())); }
  Result<ByteView> prefixed_u16() { return take(TRY(u16())); }

  std::size_t left() const { return rest_.size(); }
  ByteView rest() const { return rest_; }
  /// Fails if anything follows.
  Result<void> finish() const {
    if (!rest_.empty()) return Error{Failure::malformed, "trailing bytes"};
    return {};
  }

 private:
  template <class Number, std::size_t N>
  Result<Number> number() {
    const auto part = TRY(take(N));
    std::uint64_t value = 0;
    for (const auto byte : part) value = (value << 8U) | byte;
    return static_cast<Number>(value);
  }
  ByteView rest_;
};

}  // namespace martlet
