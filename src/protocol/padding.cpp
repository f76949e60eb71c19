#include "protocol/padding.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/limits.h"

namespace martlet::protocol {
namespace {

constexpr std::uint8_t kTerminator = 0x80;

/// The next length whose low bits are zero, so that only about log log of it is told.
std::size_t padme(std::size_t size) {
  const auto exponent = static_cast<unsigned>(std::bit_width(size)) - 1;
  const auto kept = static_cast<unsigned>(std::bit_width(exponent));
  const std::size_t mask = (std::size_t{1} << (exponent - kept)) - 1;
  return (size + mask) & ~mask;
}

}  // namespace

std::size_t padded_size(std::size_t size) {
  return padme(std::max(size + 1, limits::kPaddingFloorBytes));
}

crypto::Plaintext pad(ByteView content) {
  return crypto::Plaintext{padded_size(content.size()), [&](std::span<std::uint8_t> out) {
                             *std::ranges::copy(content, out.begin()).out = kTerminator;
                             return out.size();
                           }};
}

Result<ByteView> unpad(ByteView padded) {
  const auto last = std::ranges::find_if(padded.rbegin(), padded.rend(),
                                         [](std::uint8_t byte) { return byte != 0; });
  if (last == padded.rend() || *last != kTerminator) {
    return Error{Failure::malformed, "no end of the content"};
  }
  const auto content = padded.first(static_cast<std::size_t>(padded.rend() - last) - 1);
  if (padded_size(content.size()) != padded.size()) {
    return Error{Failure::malformed, "padding of the wrong length"};
  }
  return content;
}

}  // namespace martlet::protocol
