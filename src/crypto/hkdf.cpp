#include "crypto/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>
#include <string>

#include "crypto/algorithms.h"

namespace martlet::crypto {
namespace {

OSSL_PARAM octets(const char* name, ByteView bytes) {
  // OpenSSL only reads it.
  return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()),
                                           bytes.size());
}

}  // namespace

void hkdf_sha256(ByteView salt, ByteView secret, ByteView info, std::span<std::uint8_t> out) {
  CHECK(!secret.empty() && !out.empty());
  const KdfCtx ctx{EVP_KDF_CTX_new(algorithms().hkdf)};
  CHECK(ctx);
  std::string digest{"SHA2-256"};
  // RFC 5869 section 2.2: no salt is one of zeros, as long as the hash.
  const std::array<std::uint8_t, 32> no_salt{};
  const std::array<OSSL_PARAM, 5> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      octets(OSSL_KDF_PARAM_KEY, secret),
      octets(OSSL_KDF_PARAM_SALT, salt.empty() ? ByteView{no_salt} : salt),
      info.empty() ? OSSL_PARAM_construct_end() : octets(OSSL_KDF_PARAM_INFO, info),
      OSSL_PARAM_construct_end()};
  CHECK(EVP_KDF_derive(ctx.get(), out.data(), out.size(), parameters.data()) == 1);
}

}  // namespace martlet::crypto
