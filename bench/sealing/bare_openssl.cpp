#include "bare_openssl.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <string>

#include "base/check.h"

namespace martlet::bench {
namespace {

constexpr std::size_t kBlockBytes = 160;
constexpr std::size_t kHeadBytes = 100;
constexpr std::size_t kSaltBytes = 11;
constexpr std::size_t kTaggedBehind = 1 + 2 * 32;  // version and two hashes

EVP_PKEY_CTX* operation(EVP_PKEY* key, int (*init)(EVP_PKEY_CTX*)) {
  EVP_PKEY_CTX* ctx = EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr);
  CHECK(ctx != nullptr);
  CHECK(init(ctx) == 1);
  return ctx;
}

EVP_PKEY_CTX* oaep(EVP_PKEY* key, int (*init)(EVP_PKEY_CTX*), const EVP_MD* sha1) {
  EVP_PKEY_CTX* ctx = operation(key, init);
  CHECK(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1);
  CHECK(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, sha1) == 1);
  CHECK(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, sha1) == 1);
  return ctx;
}

}  // namespace

struct BareOpenssl::Handles {
  EVP_MD* sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  EVP_CIPHER* aes = EVP_CIPHER_fetch(nullptr, "AES-128-CTR", nullptr);
  EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_PKEY* rsa = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{8 * kBlockBytes});
  EVP_PKEY* p256 = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  EVP_PKEY_CTX* encrypt = oaep(rsa, EVP_PKEY_encrypt_init, sha1);
  EVP_PKEY_CTX* decrypt = oaep(rsa, EVP_PKEY_decrypt_init, sha1);
  EVP_PKEY_CTX* sign = operation(p256, EVP_PKEY_sign_init);
  EVP_PKEY_CTX* verify = operation(p256, EVP_PKEY_verify_init);
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  EVP_MAC_CTX* mac = EVP_MAC_CTX_new(hmac);

  Handles() = default;
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  ~Handles() {
    EVP_MAC_CTX_free(mac);
    EVP_MD_CTX_free(digest);
    EVP_CIPHER_CTX_free(cipher);
    for (auto* ctx : {encrypt, decrypt, sign, verify}) EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(p256);
    EVP_PKEY_free(rsa);
    EVP_MAC_free(hmac);
    EVP_CIPHER_free(aes);
    EVP_MD_free(sha1);
  }
};

BareOpenssl::BareOpenssl(std::size_t plain_bytes)
    : handles_{std::make_unique<Handles>()},
      plain_(plain_bytes + kTaggedBehind, 'm'),
      plain_bytes_{plain_bytes},
      sealed_(plain_bytes),
      body_(kBlockBytes + plain_bytes - kHeadBytes) {
  CHECK(plain_bytes >= kHeadBytes);
  std::string sha256{"SHA2-256"};
  const std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256.data(), 0),
      OSSL_PARAM_construct_end()};
  CHECK(EVP_MAC_init(handles_->mac, key_.data(), kSaltBytes, parameters.data()) == 1);
}

BareOpenssl::~BareOpenssl() = default;

void BareOpenssl::tag() {
  std::array<std::uint8_t, 32> whole;
  std::size_t size = 0;
  CHECK(EVP_MAC_init(handles_->mac, key_.data(), kSaltBytes, nullptr) == 1);
  CHECK(EVP_MAC_update(handles_->mac, plain_.data(), plain_.size()) == 1);
  CHECK(EVP_MAC_final(handles_->mac, whole.data(), &size, whole.size()) == 1);
  std::copy_n(whole.begin(), key_.size() - kSaltBytes, key_.begin() + kSaltBytes);
}

void BareOpenssl::crypt() {
  std::array<std::uint8_t, 16> counter{};
  counter.back() = 1;
  int size = 0;
  CHECK(EVP_EncryptInit_ex2(handles_->cipher, handles_->aes, key_.data(), counter.data(),
                            nullptr) == 1);
  CHECK(EVP_EncryptUpdate(handles_->cipher, sealed_.data(), &size, plain_.data(),
                          static_cast<int>(plain_bytes_)) == 1);
}

void BareOpenssl::seal() {
  CHECK(RAND_bytes(key_.data(), kSaltBytes) == 1);
  tag();
  crypt();
  std::array<std::uint8_t, 16 + kHeadBytes> input;
  std::copy_n(sealed_.begin(), kHeadBytes, std::ranges::copy(key_, input.begin()).out);
  std::copy(sealed_.begin() + kHeadBytes, sealed_.end(), body_.begin() + kBlockBytes);
  std::size_t block_bytes = kBlockBytes;
  CHECK(EVP_PKEY_encrypt(handles_->encrypt, body_.data(), &block_bytes, input.data(),
                         input.size()) == 1);
  std::array<std::uint8_t, 20> digest;
  CHECK(EVP_DigestInit_ex2(handles_->digest, handles_->sha1, nullptr) == 1);
  CHECK(EVP_DigestUpdate(handles_->digest, body_.data(), body_.size()) == 1);
  CHECK(EVP_DigestFinal_ex(handles_->digest, digest.data(), nullptr) == 1);
  signature_bytes_ = signature_.size();
  CHECK(EVP_PKEY_sign(handles_->sign, signature_.data(), &signature_bytes_, digest.data(),
                      digest.size()) == 1);
}

void BareOpenssl::open() {
  std::array<std::uint8_t, 20> digest;
  CHECK(EVP_DigestInit_ex2(handles_->digest, handles_->sha1, nullptr) == 1);
  CHECK(EVP_DigestUpdate(handles_->digest, body_.data(), body_.size()) == 1);
  CHECK(EVP_DigestFinal_ex(handles_->digest, digest.data(), nullptr) == 1);
  CHECK(EVP_PKEY_verify(handles_->verify, signature_.data(), signature_bytes_, digest.data(),
                        digest.size()) == 1);
  std::size_t size = opened_.size();
  CHECK(EVP_PKEY_decrypt(handles_->decrypt, opened_.data(), &size, body_.data(), kBlockBytes) == 1);
  crypt();  // in counter mode the way back is the way there
  tag();
}

}  // namespace martlet::bench
