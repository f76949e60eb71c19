#include "crypto/openssl_ptr.h"
#include "crypto/signing_key.h"

namespace martlet::crypto {
namespace {

constexpr std::size_t kEd25519Bytes = 32;  ///< a seed, or a public key

/// Ed25519 hashes its message twice, so OpenSSL wants it in one piece.
Bytes joined(std::string_view context, ByteView message) {
  return concat({bytes_of(context), message});
}

Pkey key_of_seed(ByteView seed) {
  CHECK(seed.size() == kEd25519Bytes);
  Pkey key{EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, seed.data(), seed.size())};
  CHECK(key);
  return key;
}

}  // namespace

Result<void> verify_ed25519(ByteView public_key, std::string_view context, ByteView message,
                            ByteView signature) {
  const QuietErrors quiet;
  const Pkey key{EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, public_key.data(),
                                                public_key.size())};
  if (!key || signature.size() != kSignatureBytes) {
    return Error{Failure::forged, "wrong signature"};
  }
  const DigestCtx ctx{EVP_MD_CTX_new()};
  CHECK(ctx);
  CHECK(EVP_DigestVerifyInit_ex(ctx.get(), nullptr, nullptr, nullptr, nullptr, key.get(),
                                nullptr) == 1);
  const auto signed_bytes = joined(context, message);
  // OpenSSL refuses S >= L and compares R byte for byte, without the cofactor.
  if (EVP_DigestVerify(ctx.get(), signature.data(), signature.size(), signed_bytes.data(),
                       signed_bytes.size()) != 1) {
    return Error{Failure::forged, "wrong signature"};
  }
  return {};
}

Signature sign_ed25519(ByteView seed, std::string_view context, ByteView message) {
  const auto key = key_of_seed(seed);
  const DigestCtx ctx{EVP_MD_CTX_new()};
  CHECK(ctx);
  CHECK(EVP_DigestSignInit_ex(ctx.get(), nullptr, nullptr, nullptr, nullptr, key.get(), nullptr) ==
        1);
  const auto to_sign = joined(context, message);
  Signature signature;
  std::size_t size = signature.size();
  CHECK(EVP_DigestSign(ctx.get(), signature.data(), &size, to_sign.data(), to_sign.size()) == 1);
  return signature;
}

std::array<std::uint8_t, kEd25519Bytes> ed25519_public(ByteView seed) {
  const auto key = key_of_seed(seed);
  std::array<std::uint8_t, kEd25519Bytes> bytes;
  std::size_t size = bytes.size();
  CHECK(EVP_PKEY_get_raw_public_key(key.get(), bytes.data(), &size) == 1);
  return bytes;
}

}  // namespace martlet::crypto
