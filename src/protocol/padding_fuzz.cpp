#include "base/check.h"
#include "protocol/padding.h"

/// No input crashes it, and what it accepts is what pad() makes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  const ByteView padded{data, size};
  const auto content = protocol::unpad(padded);
  if (content.ok()) CHECK(equal(protocol::pad(content.value()).reveal(), padded));
  CHECK(equal(protocol::unpad(protocol::pad(padded).reveal()).value(), padded));
  return 0;
}
