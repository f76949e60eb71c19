#include "tls_ptr.h"

#include <openssl/pem.h>

#include "base/time.h"
#include "crypto/certificate.h"
#include "process.h"

namespace martlet::bench {

TlsContextPtr make_tls_context() {
  TlsContextPtr context{SSL_CTX_new(TLS_method())};
  if (context == nullptr) give_up("no TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  return context;
}

void use_fresh_certificate(SSL_CTX* context) {
  const auto files = crypto::make_self_signed("localhost", SystemClock{}.now(), 30);
  const auto bio_of = [](const auto& pem) {
    return BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  };
  BIO* bio = bio_of(files.certificate_pem);
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  bio = bio_of(files.key_pem);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  if (SSL_CTX_use_certificate(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey(context, key) != 1) {
    give_up("no certificate");
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
}

}  // namespace martlet::bench
