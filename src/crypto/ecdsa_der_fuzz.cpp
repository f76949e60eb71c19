#include "base/check.h"
#include "crypto/ecdsa_der.h"

/// No input crashes the parser, and what it accepts has one encoding only.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  const ByteView der{data, size};
  const auto raw = crypto::raw_from_der(der);
  if (raw.ok()) {
    CHECK(crypto::is_strict_der_signature(der));
    CHECK(equal(crypto::der_from_raw(raw.value()).view(), der));
  }
  return 0;
}
