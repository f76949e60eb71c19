#pragma once

#include <openssl/ssl.h>

#include <memory>

namespace martlet::bench {

struct ReleaseTls {
  void operator()(SSL* handle) const noexcept { SSL_free(handle); }
  void operator()(SSL_CTX* handle) const noexcept { SSL_CTX_free(handle); }
};
using SslPtr = std::unique_ptr<SSL, ReleaseTls>;
using TlsContextPtr = std::unique_ptr<SSL_CTX, ReleaseTls>;

/// TLS 1.3 alone, with OpenSSL's own choice of cipher; no tickets, no cache, no verification:
/// loopback only.
TlsContextPtr make_tls_context();
/// A P-256 certificate for localhost, made now.
void use_fresh_certificate(SSL_CTX* context);

}  // namespace martlet::bench
