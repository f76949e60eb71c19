#include <algorithm>

#include "base/check.h"
#include "crypto/signing_key.h"

/// No input crashes the parser; what it accepts is one of the two encodings of its point, and
/// either of them gives the same key.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  using crypto::VerifyingKey;
  const ByteView point{data, size};
  const auto key = VerifyingKey::from_point(point);
  if (key.ok()) {
    const auto& compressed = key.value().compressed();
    const auto& uncompressed = key.value().uncompressed();
    CHECK(equal(compressed, point) || equal(uncompressed, point));
    CHECK(VerifyingKey::from_point(compressed).value().uncompressed() == uncompressed);
    CHECK(VerifyingKey::from_point(uncompressed).value().compressed() == compressed);
  }
  return 0;
}
