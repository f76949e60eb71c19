#pragma once

#include <string_view>

#include "crypto/openssl_ptr.h"

namespace martlet::crypto {

/// The first key in `pem`, private or public, of whatever kind: SubjectPublicKeyInfo, PKCS#8, and
/// the older "EC PRIVATE KEY", "RSA PRIVATE KEY" and "RSA PUBLIC KEY". Null when there is none, or
/// when it is encrypted: we never ask for a passphrase.
Pkey key_from_pem(std::string_view pem);

}  // namespace martlet::crypto
