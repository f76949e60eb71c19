#include "base/check.h"
#include "crypto/classic_rsa.h"
#include "crypto/signing_key.h"

/// No key file crashes us.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  const auto pem = text_of({data, size});
  const auto verifying = crypto::VerifyingKey::from_pem(pem);
  const auto signing = crypto::SigningKey::from_pem(pem);
  if (signing.ok() && verifying.ok()) CHECK(!crypto::ClassicEncryptionKey::from_pem(pem).ok());
  const auto encryption = crypto::ClassicEncryptionKey::from_pem(pem);
  if (encryption.ok()) CHECK(!verifying.ok() && !signing.ok());
  return 0;
}
