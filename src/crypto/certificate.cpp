#include "crypto/certificate.h"

#include <openssl/pem.h>
#include <openssl/rand.h>

#include "crypto/algorithms.h"
#include "crypto/hash.h"

namespace martlet::crypto {
namespace {

constexpr std::size_t kCommonNameBytesMax = 64;  // RFC 5280 appendix A.1, ub-common-name
constexpr std::size_t kSerialBytes = 16;         // RFC 5280 section 4.1.2.2: at most 20

using Extension = OpensslPtr<X509_EXTENSION, X509_EXTENSION_free>;
using Names = OpensslPtr<GENERAL_NAMES, GENERAL_NAMES_free>;

void set_serial(X509* certificate) {
  std::array<std::uint8_t, kSerialBytes> random;
  CHECK(RAND_bytes(random.data(), to_int(random.size())) == 1);
  random[0] = static_cast<std::uint8_t>((random[0] & 0x7f) | 0x40);  // positive, of full length
  const BigNumber serial{BN_bin2bn(random.data(), to_int(random.size()), nullptr)};
  CHECK(serial);
  CHECK(BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr);
}

void set_names(X509* certificate, std::string_view name) {
  // Clients read the alternative name; a common name has no room for every host name.
  const auto common = name.size() <= kCommonNameBytesMax ? name : "martlet";
  X509_NAME* subject = X509_get_subject_name(certificate);
  CHECK(X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(common.data()),
                                   to_int(common.size()), -1, 0) == 1);
  CHECK(X509_set_issuer_name(certificate, subject) == 1);

  const Names names{sk_GENERAL_NAME_new_null()};
  GENERAL_NAME* alternative = GENERAL_NAME_new();
  CHECK(names && alternative != nullptr);
  CHECK(sk_GENERAL_NAME_push(names.get(), alternative) == 1);
  const QuietErrors quiet;  // most names are no addresses
  if (auto* address = a2i_IPADDRESS(std::string{name}.c_str())) {
    GENERAL_NAME_set0_value(alternative, GEN_IPADD, address);
  } else {
    ASN1_IA5STRING* host = ASN1_IA5STRING_new();
    CHECK(host != nullptr);
    CHECK(ASN1_STRING_set(host, name.data(), to_int(name.size())) == 1);
    GENERAL_NAME_set0_value(alternative, GEN_DNS, host);
  }
  CHECK(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) ==
        1);
}

void add_extension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension{X509V3_EXT_conf_nid(nullptr, &context, nid, value)};
  CHECK(extension);
  CHECK(X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::string text_in(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  CHECK(size > 0);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

CertificateFiles make_self_signed(std::string_view name, UnixMillis now, int days) {
  CHECK(!name.empty() && days > 0);
  const Pkey key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
  const X509Ptr certificate{X509_new()};
  CHECK(key && certificate);
  X509* const x509 = certificate.get();

  CHECK(X509_set_version(x509, X509_VERSION_3) == 1);
  set_serial(x509);
  set_names(x509, name);
  const auto start =
      static_cast<time_t>(std::chrono::floor<Seconds>(now.time_since_epoch()).count());
  CHECK(ASN1_TIME_adj(X509_getm_notBefore(x509), start, -1, 0) != nullptr);
  CHECK(ASN1_TIME_adj(X509_getm_notAfter(x509), start, days, 0) != nullptr);
  CHECK(X509_set_pubkey(x509, key.get()) == 1);
  add_extension(x509, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(x509, NID_key_usage, "critical,digitalSignature");
  add_extension(x509, NID_ext_key_usage, "serverAuth");
  add_extension(x509, NID_subject_key_identifier, "hash");
  CHECK(X509_sign(x509, key.get(), algorithms().sha256) > 0);

  const Bio certificate_out{BIO_new(BIO_s_mem())};
  const Bio key_out{BIO_new(BIO_s_secmem())};
  CHECK(certificate_out && key_out);
  CHECK(PEM_write_bio_X509(certificate_out.get(), x509) == 1);
  CHECK(PEM_write_bio_PKCS8PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                      nullptr) == 1);
  return {text_in(certificate_out.get()), text_in(key_out.get())};
}

Result<Digest> public_key_fingerprint(std::string_view certificate_pem) {
  const QuietErrors quiet;
  const Bio bio{BIO_new_mem_buf(certificate_pem.data(), to_int(certificate_pem.size()))};
  CHECK(bio);
  const X509Ptr certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)};
  if (!certificate) return Error{Failure::malformed, "no certificate in the PEM"};
  unsigned char* spki = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &spki);
  if (size <= 0) return Error{Failure::malformed, "a certificate without a public key"};
  const auto digest = sha256(ByteView{spki, static_cast<std::size_t>(size)});
  OPENSSL_free(spki);
  return digest;
}

}  // namespace martlet::crypto
