#include "crypto/certificate.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <chrono>

#include "crypto/hash.h"
#include "crypto/openssl_ptr.h"

namespace martlet::crypto {
namespace {

using namespace std::chrono_literals;

const UnixMillis kNow = unix_millis(1'778'352'902'004);  // 2026-05-09T18:55:02.004Z

X509Ptr certificate_in(const std::string& pem) {
  const Bio bio{BIO_new_mem_buf(pem.data(), to_int(pem.size()))};
  return X509Ptr{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)};
}
Pkey private_key_in(const std::string& pem) {
  const Bio bio{BIO_new_mem_buf(pem.data(), to_int(pem.size()))};
  return Pkey{PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr)};
}
bool names_host(X509* x509, const char* host) {
  return X509_check_host(x509, host, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1;
}

TEST(MakeSelfSigned, NamesTheHost) {
  const auto files = make_self_signed("chat.example.org", kNow, 365);
  const auto x509 = certificate_in(files.certificate_pem);
  ASSERT_TRUE(x509);
  EXPECT_TRUE(names_host(x509.get(), "chat.example.org"));
  EXPECT_FALSE(names_host(x509.get(), "example.org"));
  EXPECT_FALSE(names_host(x509.get(), "x.chat.example.org"));
  EXPECT_NE(X509_check_ip_asc(x509.get(), "127.0.0.1", 0), 1);
}

TEST(MakeSelfSigned, NamesAnAddress) {
  for (const auto* address : {"127.0.0.1", "::1", "2001:db8::17"}) {
    SCOPED_TRACE(address);
    const auto x509 = certificate_in(make_self_signed(address, kNow, 365).certificate_pem);
    ASSERT_TRUE(x509);
    EXPECT_EQ(X509_check_ip_asc(x509.get(), address, 0), 1);
    EXPECT_NE(X509_check_ip_asc(x509.get(), "127.0.0.2", 0), 1);
  }
}

TEST(MakeSelfSigned, TakesAHostNameLongerThanACommonName) {
  const std::string host = std::string(60, 'a') + "." + std::string(60, 'b') + ".example.org";
  const auto x509 = certificate_in(make_self_signed(host, kNow, 1).certificate_pem);
  ASSERT_TRUE(x509);
  EXPECT_TRUE(names_host(x509.get(), host.c_str()));
}

TEST(MakeSelfSigned, IsSignedByItsOwnP256Key) {
  const auto files = make_self_signed("localhost", kNow, 365);
  const auto x509 = certificate_in(files.certificate_pem);
  const auto key = private_key_in(files.key_pem);
  ASSERT_TRUE(x509 && key);
  EXPECT_EQ(X509_verify(x509.get(), X509_get0_pubkey(x509.get())), 1);
  EXPECT_EQ(X509_check_private_key(x509.get(), key.get()), 1);
  EXPECT_EQ(EVP_PKEY_get_bits(key.get()), 256);
  EXPECT_EQ(X509_get_signature_nid(x509.get()), NID_ecdsa_with_SHA256);
  EXPECT_EQ(X509_check_ca(x509.get()), 0);
}

TEST(MakeSelfSigned, IsValidFromADayBeforeForSoManyDays) {
  const auto x509 = certificate_in(make_self_signed("localhost", kNow, 365).certificate_pem);
  ASSERT_TRUE(x509);
  const auto when = [](UnixMillis time) {
    return static_cast<time_t>(std::chrono::floor<Seconds>(time.time_since_epoch()).count());
  };
  EXPECT_EQ(ASN1_TIME_cmp_time_t(X509_get0_notBefore(x509.get()), when(kNow - 24h)), 0);
  EXPECT_EQ(ASN1_TIME_cmp_time_t(X509_get0_notAfter(x509.get()), when(kNow + 365 * 24h)), 0);
}

TEST(MakeSelfSigned, MakesAnotherKeyAndNumberEachTime) {
  const auto one = make_self_signed("localhost", kNow, 365);
  const auto two = make_self_signed("localhost", kNow, 365);
  EXPECT_NE(public_key_fingerprint(one.certificate_pem).value(),
            public_key_fingerprint(two.certificate_pem).value());
  const auto a = certificate_in(one.certificate_pem);
  const auto b = certificate_in(two.certificate_pem);
  EXPECT_NE(ASN1_INTEGER_cmp(X509_get0_serialNumber(a.get()), X509_get0_serialNumber(b.get())), 0);
}

TEST(PublicKeyFingerprint, IsTheHashOfSubjectPublicKeyInfo) {
  const auto files = make_self_signed("localhost", kNow, 365);
  const auto key = private_key_in(files.key_pem);
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  ASSERT_EQ(size, 91);
  const auto expected = sha256(ByteView{der, static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  EXPECT_EQ(public_key_fingerprint(files.certificate_pem).value(), expected);
  // The first certificate of a chain counts.
  const auto other = make_self_signed("other", kNow, 365);
  EXPECT_EQ(public_key_fingerprint(files.certificate_pem + other.certificate_pem).value(),
            expected);
}

TEST(PublicKeyFingerprint, RefusesWhatIsNoCertificate) {
  const auto files = make_self_signed("localhost", kNow, 365);
  const auto& pem = files.certificate_pem;
  const struct {
    const char* name;
    std::string pem;
  } cases[] = {
      {"nothing", ""},
      {"text", "hello"},
      {"a private key", files.key_pem},
      {"cut in half", pem.substr(0, pem.size() / 2)},
      {"damaged base64", pem.substr(0, 60) + "!" + pem.substr(61)},
      {"empty", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto fingerprint = public_key_fingerprint(c.pem);
    ASSERT_FALSE(fingerprint.ok());
    EXPECT_EQ(fingerprint.error().failure, Failure::malformed);
    EXPECT_EQ(ERR_peek_error(), 0U);
  }
}

}  // namespace
}  // namespace martlet::crypto
