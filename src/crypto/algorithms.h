#pragma once

#include "crypto/openssl_ptr.h"

namespace martlet::crypto {

/// The algorithms that we use, fetched once. Immutable, so thread-safe. One for the process, since
/// handing it down would put an OpenSSL type into every signature that hashes a byte.
struct Algorithms {
  EVP_MD* sha1;  ///< inside the classic suite alone
  EVP_MD* sha256;
  EVP_CIPHER* aes_128_ctr;
  EVP_CIPHER* aes_256_gcm;
  EVP_MAC_CTX* hmac_sha256;  ///< to be copied, then keyed
  EVP_KDF* hkdf;
  EVP_PKEY* p256;  ///< to be copied, then given its point; it is the generator

  Algorithms();
  ~Algorithms();
  Algorithms(const Algorithms&) = delete;
  Algorithms& operator=(const Algorithms&) = delete;
};

/// Fetched at the first call. A libcrypto without them ends the program.
const Algorithms& algorithms();

}  // namespace martlet::crypto
