#pragma once

#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"

namespace martlet {

/// Appends big-endian fields; the counterpart of Reader.
class Writer {
 public:
  Writer& u8(std::uint8_t value) { return number(value, 1); }
  Writer& u16(std::uint16_t value) { return number(value, 2); }
  Writer& u24(std::uint32_t value) { return number(value, 3); }
  Writer& u32(std::uint32_t value) { return number(value, 4); }
  Writer& u64(std::uint64_t value) { return number(value, 8); }
  Writer& bytes(ByteView part) {
    const auto at = out_.size();
    out_.resize(at + part.size());
    std::copy(part.begin(), part.end(), out_.begin() + static_cast<std::ptrdiff_t>(at));
    return *this;
  }
  /// The caller has checked the length: at most 255 or 65,535 bytes.
  Writer& prefixed_u8(ByteView part) {
    CHECK(part.size() <= 0xff);
    return u8(static_cast<std::uint8_t>(part.size())).bytes(part);
  }
  Writer& prefixed_u16(ByteView part) {
    CHECK(part.size() <= 0xffff);
    return u16(static_cast<std::uint16_t>(part.size())).bytes(part);
  }
  Bytes take() && { return std::move(out_); }
  ByteView view() const { return out_; }

 private:
  Writer& number(std::uint64_t value, unsigned size) {
    while (size-- > 0) out_.push_back(static_cast<std::uint8_t>(value >> (8 * size)));
    return *this;
  }
  Bytes out_;
};

}  // namespace martlet
