#include "crypto/hash.h"

#include <openssl/crypto.h>

#include "crypto/algorithms.h"

namespace martlet::crypto {

// OpenSSL fails in none of these but when memory is gone or we misuse it.

Digest sha256(std::initializer_list<ByteView> parts) {
  const DigestCtx ctx{EVP_MD_CTX_new()};
  CHECK(ctx);
  CHECK(EVP_DigestInit_ex2(ctx.get(), algorithms().sha256, nullptr) == 1);
  for (const auto part : parts) CHECK(EVP_DigestUpdate(ctx.get(), part.data(), part.size()) == 1);
  Digest digest;
  CHECK(EVP_DigestFinal_ex(ctx.get(), digest.data(), nullptr) == 1);
  return digest;
}

Digest hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) {
  const MacCtx ctx{EVP_MAC_CTX_dup(algorithms().hmac_sha256)};
  CHECK(ctx);
  // To OpenSSL a null key means "the one before", not "the empty one".
  const std::uint8_t nothing = 0;
  const auto* bytes = key.empty() ? &nothing : key.data();
  CHECK(EVP_MAC_init(ctx.get(), bytes, key.size(), nullptr) == 1);
  for (const auto part : parts) CHECK(EVP_MAC_update(ctx.get(), part.data(), part.size()) == 1);
  Digest digest;
  std::size_t size = 0;
  CHECK(EVP_MAC_final(ctx.get(), digest.data(), &size, digest.size()) == 1);
  return digest;
}

bool equal_secretly(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace martlet::crypto
