#include "crypto/aes_gcm.h"

#include "crypto/algorithms.h"

namespace martlet::crypto {
namespace {

/// EVP's default nonce of GCM has these 12 bytes.
std::array<std::uint8_t, 12> nonce_of(std::uint64_t counter) {
  std::array<std::uint8_t, 12> nonce{};
  for (unsigned i = 0; i < 8; ++i) {
    nonce[11 - i] = static_cast<std::uint8_t>(counter >> (8 * i));
  }
  return nonce;
}

}  // namespace

Bytes aes_256_gcm_seal(const Aes256Key& key, std::uint64_t counter, ByteView plain) {
  const CipherCtx ctx{EVP_CIPHER_CTX_new()};
  CHECK(ctx);
  const auto nonce = nonce_of(counter);
  CHECK(EVP_EncryptInit_ex2(ctx.get(), algorithms().aes_256_gcm, key.reveal().data(), nonce.data(),
                            nullptr) == 1);
  Bytes sealed(plain.size() + kGcmTagBytes);
  int size = 0;
  if (!plain.empty()) {
    CHECK(EVP_EncryptUpdate(ctx.get(), sealed.data(), &size, plain.data(), to_int(plain.size())) ==
          1);
  }
  CHECK(EVP_EncryptFinal_ex(ctx.get(), sealed.data() + size, &size) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_GET_TAG, to_int(kGcmTagBytes),
                            sealed.data() + plain.size()) == 1);
  return sealed;
}

Result<Plaintext> aes_256_gcm_open(const Aes256Key& key, std::uint64_t counter, ByteView sealed) {
  if (sealed.size() < kGcmTagBytes) return Error{Failure::malformed, "no room for a tag"};
  const QuietErrors quiet;
  const CipherCtx ctx{EVP_CIPHER_CTX_new()};
  CHECK(ctx);
  const auto nonce = nonce_of(counter);
  CHECK(EVP_DecryptInit_ex2(ctx.get(), algorithms().aes_256_gcm, key.reveal().data(), nonce.data(),
                            nullptr) == 1);
  const auto cipher = sealed.first(sealed.size() - kGcmTagBytes);
  Bytes tag = copy_of(sealed.last(kGcmTagBytes));  // OpenSSL wants it writable
  CHECK(EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_SET_TAG, to_int(tag.size()), tag.data()) == 1);
  bool verified = false;
  Plaintext plain{cipher.size(), [&](std::span<std::uint8_t> out) {
                    int size = 0;
                    if (!cipher.empty()) {
                      CHECK(EVP_DecryptUpdate(ctx.get(), out.data(), &size, cipher.data(),
                                              to_int(cipher.size())) == 1);
                    }
                    verified = EVP_DecryptFinal_ex(ctx.get(), out.data() + size, &size) == 1;
                    return out.size();
                  }};
  if (!verified) return Error{Failure::forged, "wrong tag"};
  return plain;
}

}  // namespace martlet::crypto
