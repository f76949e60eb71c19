#include "crypto/classic_rsa.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "crypto/algorithms.h"
#include "crypto/hash.h"
#include "crypto/pem.h"

namespace martlet::crypto {
namespace {

using Operation = std::shared_ptr<const EVP_PKEY_CTX>;
using PublicDer = std::array<std::uint8_t, kClassicRsaPublicDerBytes>;

constexpr std::array<std::uint8_t, 7> kDerFront{0x30, 0x81, 0xa9, 0x02, 0x81, 0xa1, 0x00};
constexpr std::array<std::uint8_t, 5> kDerBack{0x02, 0x03, 0x01, 0x00, 0x01};
static_assert(kDerFront.size() + kClassicRsaBytes + kDerBack.size() == kClassicRsaPublicDerBytes);
constexpr unsigned long kExponent = 65'537;
constexpr std::size_t kOaepInputBytesMax = kClassicRsaBytes - 2 * 20 - 2;  // RFC 8017 section 7.1.1

/// OAEP made oaep_ready once and copied for each use.
Operation oaep_ready(EVP_PKEY* key, int (*init)(EVP_PKEY_CTX*)) {
  PkeyCtx ctx{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
  CHECK(ctx);
  CHECK(init(ctx.get()) == 1);
  CHECK(EVP_PKEY_CTX_set_rsa_padding(ctx.get(), RSA_PKCS1_OAEP_PADDING) == 1);
  CHECK(EVP_PKEY_CTX_set_rsa_oaep_md(ctx.get(), algorithms().sha1) == 1);
  CHECK(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx.get(), algorithms().sha1) == 1);
  return Operation{ctx.release(), EVP_PKEY_CTX_free};
}

/// The one encoding that a public key of the suite has; from_der judges the modulus.
Result<PublicDer> der_of(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") != 1) return Error{Failure::malformed, "not an RSA key"};
  const auto n = number_of(key, OSSL_PKEY_PARAM_RSA_N);
  const auto e = number_of(key, OSSL_PKEY_PARAM_RSA_E);
  if (!n || !e || BN_num_bits(n.get()) != 8 * kClassicRsaBytes) {
    return Error{Failure::malformed, "not an RSA key of 1,280 bits"};
  }
  if (BN_is_word(e.get(), kExponent) != 1) return Error{Failure::malformed, "e is not 65537"};
  PublicDer der;
  auto at = std::ranges::copy(kDerFront, der.begin()).out;
  CHECK(BN_bn2binpad(n.get(), &*at, kClassicRsaBytes) == kClassicRsaBytes);
  std::ranges::copy(kDerBack, at + kClassicRsaBytes);
  return der;
}

Pkey public_key(ByteView modulus) {
  const BigNumber n{BN_bin2bn(modulus.data(), to_int(modulus.size()), nullptr)};
  CHECK(n);
  std::array<std::uint8_t, kClassicRsaBytes> native;
  CHECK(BN_bn2nativepad(n.get(), native.data(), kClassicRsaBytes) == kClassicRsaBytes);
  unsigned long e = kExponent;
  std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, native.data(), native.size()),
      OSSL_PARAM_construct_ulong(OSSL_PKEY_PARAM_RSA_E, &e), OSSL_PARAM_construct_end()};
  const PkeyCtx ctx{EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr)};
  CHECK(ctx);
  CHECK(EVP_PKEY_fromdata_init(ctx.get()) == 1);
  EVP_PKEY* key = nullptr;
  CHECK(EVP_PKEY_fromdata(ctx.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.data()) == 1);
  return Pkey{key};
}

}  // namespace

ClassicEncryptionKey::ClassicEncryptionKey(ByteView der) {
  std::ranges::copy(der, der_.begin());
  const auto key = public_key(der.subspan(kDerFront.size(), kClassicRsaBytes));
  encryptor_ = oaep_ready(key.get(), EVP_PKEY_encrypt_init);
}

Result<ClassicEncryptionKey> ClassicEncryptionKey::from_der(ByteView der) {
  if (der.size() != kClassicRsaPublicDerBytes) {
    return Error{Failure::malformed, "an RSA key of the wrong length"};
  }
  const auto modulus = der.subspan(kDerFront.size(), kClassicRsaBytes);
  if (!equal(der.first(kDerFront.size()), kDerFront) ||
      !equal(der.last(kDerBack.size()), kDerBack)) {
    return Error{Failure::malformed, "not RSAPublicKey with 1,280 bits and e = 65537"};
  }
  if (modulus.front() < 0x80 || modulus.back() % 2 == 0) {
    return Error{Failure::malformed, "a modulus that is small or even"};
  }
  return ClassicEncryptionKey{der};
}

Result<ClassicEncryptionKey> ClassicEncryptionKey::from_pem(std::string_view pem) {
  const QuietErrors quiet;
  const auto key = key_from_pem(pem);
  if (!key) return Error{Failure::malformed, "no key in the PEM"};
  return from_der(TRY(der_of(key.get())));
}

std::array<std::uint8_t, kClassicRsaBytes> ClassicEncryptionKey::encrypt(ByteView input) const {
  CHECK(!input.empty() && input.size() <= kOaepInputBytesMax);
  const PkeyCtx ctx{EVP_PKEY_CTX_dup(encryptor_.get())};
  CHECK(ctx);
  std::array<std::uint8_t, kClassicRsaBytes> block;
  std::size_t size = block.size();
  CHECK(EVP_PKEY_encrypt(ctx.get(), block.data(), &size, input.data(), input.size()) == 1);
  CHECK(size == block.size());
  return block;
}

ClassicDecryptionKey::ClassicDecryptionKey(evp_pkey_st* key, ClassicEncryptionKey public_half)
    : decryptor_{oaep_ready(key, EVP_PKEY_decrypt_init)}, public_{std::move(public_half)} {}

Result<ClassicDecryptionKey> ClassicDecryptionKey::from_key(evp_pkey_st* key) {
  const auto der = TRY(der_of(key));
  auto public_half = TRY(ClassicEncryptionKey::from_der(der));
  if (!number_of(key, OSSL_PKEY_PARAM_RSA_D)) return Error{Failure::malformed, "no private key"};
  ClassicDecryptionKey made{key, std::move(public_half)};
  // A damaged private key is found out now, not by a message that cannot be opened.
  const std::array<std::uint8_t, 16> probe{1};
  const auto opened = made.decrypt(made.public_.encrypt(probe));
  if (!opened.ok() || !equal_secretly(opened.value().reveal(), probe)) {
    return Error{Failure::malformed, "the halves of the key do not fit"};
  }
  return made;
}

ClassicDecryptionKey ClassicDecryptionKey::generate() {
  const Pkey key{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", 8 * kClassicRsaBytes)};
  CHECK(key);
  auto made = from_key(key.get());
  CHECK(made.ok());
  return std::move(made).take();
}

Result<ClassicDecryptionKey> ClassicDecryptionKey::from_der(ByteView pkcs8) {
  const QuietErrors quiet;
  const unsigned char* at = pkcs8.data();
  const Pkcs8 info{d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, to_int(pkcs8.size()))};
  if (!info || at != pkcs8.data() + pkcs8.size()) {
    return Error{Failure::malformed, "not one PKCS#8 key"};
  }
  const Pkey key{EVP_PKCS82PKEY(info.get())};
  if (!key) return Error{Failure::malformed, "not an RSA key in PKCS#8"};
  return from_key(key.get());
}

Result<ClassicDecryptionKey> ClassicDecryptionKey::from_pem(std::string_view pem) {
  const QuietErrors quiet;
  const auto key = key_from_pem(pem);
  if (!key) return Error{Failure::malformed, "no key in the PEM"};
  return from_key(key.get());
}

EncodedKey ClassicDecryptionKey::encode() const {
  CHECK(decryptor_);
  const Pkcs8 info{
      EVP_PKEY2PKCS8(EVP_PKEY_CTX_get0_pkey(const_cast<EVP_PKEY_CTX*>(decryptor_.get())))};
  CHECK(info);
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr);
  CHECK(size > 0);
  return EncodedKey{static_cast<std::size_t>(size), [&](std::span<std::uint8_t> out) {
                      unsigned char* at = out.data();
                      CHECK(i2d_PKCS8_PRIV_KEY_INFO(info.get(), &at) == size);
                      return out.size();
                    }};
}

Result<Plaintext> ClassicDecryptionKey::decrypt(ByteView block) const {
  CHECK(decryptor_);
  if (block.size() != kClassicRsaBytes) return Error{Failure::forged, "does not decrypt"};
  const QuietErrors quiet;
  const PkeyCtx ctx{EVP_PKEY_CTX_dup(decryptor_.get())};
  CHECK(ctx);
  bool decrypted = false;
  Plaintext plain{kClassicRsaBytes, [&](std::span<std::uint8_t> out) {
                    std::size_t size = out.size();
                    decrypted = EVP_PKEY_decrypt(ctx.get(), out.data(), &size, block.data(),
                                                 block.size()) == 1;
                    return decrypted ? size : 0;
                  }};
  if (!decrypted) return Error{Failure::forged, "does not decrypt"};
  return plain;
}

}  // namespace martlet::crypto
