#include "crypto/algorithms.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>
#include <string>

namespace martlet::crypto {
namespace {

/// HMAC with its digest chosen. OpenSSL copies such a thing only once it has some key.
EVP_MAC_CTX* make_hmac_sha256() {
  EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  CHECK(hmac != nullptr);
  EVP_MAC_CTX* made = EVP_MAC_CTX_new(hmac);
  EVP_MAC_free(hmac);
  CHECK(made != nullptr);
  std::string digest{"SHA2-256"};
  const std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  const std::array<std::uint8_t, 32> no_key{};
  CHECK(EVP_MAC_init(made, no_key.data(), no_key.size(), parameters.data()) == 1);
  return made;
}

/// Copying a key on the curve costs a quarter of making one from the curve's name.
EVP_PKEY* make_p256() {
  const PkeyCtx ctx{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
  CHECK(ctx);
  CHECK(EVP_PKEY_fromdata_init(ctx.get()) == 1);
  std::string group{"P-256"};
  // SEC 2 section 2.4.2, the generator in compressed form.
  std::array<std::uint8_t, 33> generator{0x03, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47,
                                         0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77,
                                         0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1,
                                         0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96};
  std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, generator.data(),
                                        generator.size()),
      OSSL_PARAM_construct_end()};
  EVP_PKEY* made = nullptr;
  CHECK(EVP_PKEY_fromdata(ctx.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.data()) == 1);
  return made;
}

}  // namespace

Algorithms::Algorithms()
    : sha1{EVP_MD_fetch(nullptr, "SHA1", nullptr)},
      sha256{EVP_MD_fetch(nullptr, "SHA2-256", nullptr)},
      aes_128_ctr{EVP_CIPHER_fetch(nullptr, "AES-128-CTR", nullptr)},
      aes_256_gcm{EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)},
      hmac_sha256{make_hmac_sha256()},
      hkdf{EVP_KDF_fetch(nullptr, "HKDF", nullptr)},
      p256{make_p256()} {
  CHECK(sha1 != nullptr && sha256 != nullptr && aes_128_ctr != nullptr);
  CHECK(aes_256_gcm != nullptr && hkdf != nullptr);
}

Algorithms::~Algorithms() {
  EVP_PKEY_free(p256);
  EVP_KDF_free(hkdf);
  EVP_MAC_CTX_free(hmac_sha256);
  EVP_CIPHER_free(aes_256_gcm);
  EVP_CIPHER_free(aes_128_ctr);
  EVP_MD_free(sha256);
  EVP_MD_free(sha1);
}

const Algorithms& algorithms() {
  static const Algorithms fetched;
  return fetched;
}

}  // namespace martlet::crypto
