#include "base/check.h"
#include "crypto/classic_rsa.h"

/// No input crashes the parser, what it accepts has one encoding only, and any modulus encrypts.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  const ByteView der{data, size};
  const auto key = crypto::ClassicEncryptionKey::from_der(der);
  if (key.ok()) {
    CHECK(equal(key.value().der(), der));
    (void)key.value().encrypt(bytes_of("hello"));
  }
  return 0;
}
