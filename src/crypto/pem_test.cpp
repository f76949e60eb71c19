#include "crypto/pem.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/encoder.h>
#include <openssl/pem.h>

#include <cstring>
#include <functional>
#include <string>

#include "crypto/classic_rsa.h"
#include "crypto/signing_key.h"

namespace martlet::crypto {
namespace {

std::string written(const std::function<bool(BIO*)>& write) {
  const Bio bio{BIO_new(BIO_s_mem())};
  EXPECT_TRUE(write(bio.get()));
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string pkcs8(const Pkey& key, const char* passphrase = nullptr) {
  return written([&](BIO* out) {
    return PEM_write_bio_PKCS8PrivateKey(
               out, key.get(), passphrase ? EVP_aes_128_cbc() : nullptr, passphrase,
               passphrase ? to_int(std::strlen(passphrase)) : 0, nullptr, nullptr) == 1;
  });
}
std::string traditional(const Pkey& key, const char* passphrase = nullptr) {
  return written([&](BIO* out) {
    return PEM_write_bio_PrivateKey_traditional(
               out, key.get(), passphrase ? EVP_aes_128_cbc() : nullptr,
               reinterpret_cast<const unsigned char*>(passphrase),
               passphrase ? to_int(std::strlen(passphrase)) : 0, nullptr, nullptr) == 1;
  });
}
std::string public_pem(const Pkey& key) {
  return written([&](BIO* out) { return PEM_write_bio_PUBKEY(out, key.get()) == 1; });
}
std::string pkcs1_public(const Pkey& key) {
  return written([&](BIO* out) {
    const OpensslPtr<OSSL_ENCODER_CTX, OSSL_ENCODER_CTX_free> encoder{OSSL_ENCODER_CTX_new_for_pkey(
        key.get(), EVP_PKEY_PUBLIC_KEY, "PEM", "type-specific", nullptr)};
    return encoder && OSSL_ENCODER_to_bio(encoder.get(), out) == 1;
  });
}

Pkey ec_key(const char* curve = "P-256") {
  return Pkey{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve)};
}
Pkey rsa_key(std::size_t bits = 1280) {
  return Pkey{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits)};
}
const char* const kParameters =
    "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";

TEST(Pem, TakesEveryFormOfAP256Key) {
  const auto key = ec_key();
  const auto expected = VerifyingKey::from_pem(public_pem(key)).value().uncompressed();
  ASSERT_EQ(EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                           "compressed"),
            1);
  const auto compressed = public_pem(key);
  const struct {
    const char* name;
    std::string pem;
    bool has_private;
  } cases[] = {
      {"compressed public", compressed, false},
      {"PKCS#8", pkcs8(key), true},
      {"SEC 1", traditional(key), true},
      {"SEC 1 behind its parameters", kParameters + traditional(key), true},
      {"text in front", "made by hand\n" + pkcs8(key), true},
      {"lines of Windows",
       [&] {
         std::string crlf;
         for (const char c : pkcs8(key)) crlf += c == '\n' ? std::string{"\r\n"} : std::string{c};
         return crlf;
       }(),
       true},
      {"another key behind", pkcs8(key) + pkcs8(ec_key()), true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto verifying = VerifyingKey::from_pem(c.pem);
    ASSERT_TRUE(verifying.ok());
    EXPECT_EQ(verifying.value().uncompressed(), expected);
    const auto signing = SigningKey::from_pem(c.pem);
    ASSERT_EQ(signing.ok(), c.has_private);
    if (signing.ok()) {
      EXPECT_EQ(signing.value().verifying_key().uncompressed(), expected);
    }
  }
}

TEST(Pem, ExplicitParametersAreAcceptedOnlyForOurCurve) {
  const auto key = ec_key();
  const auto expected = VerifyingKey::from_pem(public_pem(key)).value().uncompressed();
  ASSERT_EQ(EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_ENCODING, "explicit"), 1);
  const auto read = VerifyingKey::from_pem(public_pem(key));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value().uncompressed(), expected);
  const auto other = ec_key("secp256k1");
  ASSERT_EQ(EVP_PKEY_set_utf8_string_param(other.get(), OSSL_PKEY_PARAM_EC_ENCODING, "explicit"),
            1);
  EXPECT_FALSE(VerifyingKey::from_pem(public_pem(other)).ok());
}

TEST(Pem, TakesEveryFormOfAClassicRsaKey) {
  const auto key = rsa_key();
  const auto expected = ClassicEncryptionKey::from_pem(public_pem(key)).value().der();
  const struct {
    const char* name;
    std::string pem;
    bool has_private;
  } cases[] = {
      {"SubjectPublicKeyInfo", public_pem(key), false},
      {"PKCS#1 public", pkcs1_public(key), false},
      {"PKCS#8", pkcs8(key), true},
      {"PKCS#1", traditional(key), true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto encryption = ClassicEncryptionKey::from_pem(c.pem);
    ASSERT_TRUE(encryption.ok());
    EXPECT_EQ(encryption.value().der(), expected);
    const auto decryption = ClassicDecryptionKey::from_pem(c.pem);
    ASSERT_EQ(decryption.ok(), c.has_private);
    if (decryption.ok()) {
      EXPECT_EQ(decryption.value().encryption_key().der(), expected);
    }
  }
}

TEST(Pem, RefusesEveryOtherFile) {
  const auto ec = ec_key();
  const auto whole = pkcs8(ec);
  const auto small_exponent = [] {
    const PkeyCtx ctx{EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr)};
    std::size_t bits = 1280;
    unsigned e = 3;
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_RSA_BITS, &bits),
                               OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &e),
                               OSSL_PARAM_construct_end()};
    EVP_PKEY* key = nullptr;
    EXPECT_EQ(EVP_PKEY_keygen_init(ctx.get()), 1);
    EXPECT_EQ(EVP_PKEY_CTX_set_params(ctx.get(), parameters), 1);
    EXPECT_EQ(EVP_PKEY_generate(ctx.get(), &key), 1);
    return Pkey{key};
  }();
  const Pkey ed25519{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
  const struct {
    const char* name;
    std::string pem;
  } cases[] = {
      {"nothing", ""},
      {"text", "hello\n"},
      {"parameters alone", kParameters},
      {"cut in half", whole.substr(0, whole.size() / 2)},
      {"damaged base64", whole.substr(0, 60) + "!" + whole.substr(61)},
      {"encrypted PKCS#8", pkcs8(ec, "secret")},
      {"encrypted SEC 1", traditional(ec, "secret")},
      {"P-384", pkcs8(ec_key("P-384"))},
      {"P-224", pkcs8(ec_key("P-224"))},
      {"secp256k1", pkcs8(ec_key("secp256k1"))},
      {"Ed25519", pkcs8(ed25519)},
      {"RSA of 2,048 bits", pkcs8(rsa_key(2048))},
      {"RSA of 1,024 bits", public_pem(rsa_key(1024))},
      {"RSA of 1,288 bits", public_pem(rsa_key(1288))},
      {"RSA with e = 3", pkcs8(small_exponent)},
      {"public key under a private name",
       "-----BEGIN PRIVATE KEY-----\n" +
           public_pem(ec).substr(sizeof "-----BEGIN PUBLIC KEY-----")},
      {"certificate", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"},
      {"empty sequence", "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_FALSE(VerifyingKey::from_pem(c.pem).ok());
    EXPECT_FALSE(SigningKey::from_pem(c.pem).ok());
    EXPECT_FALSE(ClassicEncryptionKey::from_pem(c.pem).ok());
    EXPECT_FALSE(ClassicDecryptionKey::from_pem(c.pem).ok());
    EXPECT_EQ(ERR_peek_error(), 0U) << "an error of ours lies in OpenSSL's queue";
  }
}

TEST(Pem, OneKindIsNotTakenForTheOther) {
  const auto ec = pkcs8(ec_key());
  const auto rsa = pkcs8(rsa_key());
  EXPECT_FALSE(VerifyingKey::from_pem(rsa).ok());
  EXPECT_FALSE(SigningKey::from_pem(rsa).ok());
  EXPECT_FALSE(ClassicEncryptionKey::from_pem(ec).ok());
  EXPECT_FALSE(ClassicDecryptionKey::from_pem(ec).ok());
}

}  // namespace
}  // namespace martlet::crypto
