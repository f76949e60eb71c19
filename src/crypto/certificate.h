#pragma once

#include <string>

#include "base/ids.h"
#include "base/time.h"

namespace martlet::crypto {

/// What a server shows at the TLS handshake. The key part is secret: write it 0600, never print it.
struct CertificateFiles {
  std::string certificate_pem;
  std::string key_pem;
};

/// A self-signed P-256 certificate for `name` (also as a subject alternative name, DNS or IP),
/// valid from one day before `now` for `days` days.
CertificateFiles make_self_signed(std::string_view name, UnixMillis now, int days);

/// SHA-256 of the SubjectPublicKeyInfo of the first certificate: what an invitation pins.
Result<Digest> public_key_fingerprint(std::string_view certificate_pem);

}  // namespace martlet::crypto
