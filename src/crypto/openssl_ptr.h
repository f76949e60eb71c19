#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <limits>
#include <memory>

#include "base/check.h"

/// OpenSSL's handles, owned. For .cpp files of this folder: no header of ours that others include
/// may include it.
namespace martlet::crypto {

template <auto release>
struct Release {
  void operator()(auto* handle) const noexcept { release(handle); }
};
template <class T, auto release>
using OpensslPtr = std::unique_ptr<T, Release<release>>;

using Bio = OpensslPtr<BIO, BIO_vfree>;
using BigNumber = OpensslPtr<BIGNUM, BN_clear_free>;
using CipherCtx = OpensslPtr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using DigestCtx = OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;
using KdfCtx = OpensslPtr<EVP_KDF_CTX, EVP_KDF_CTX_free>;
using MacCtx = OpensslPtr<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using Pkcs8 = OpensslPtr<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using Pkey = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using PkeyCtx = OpensslPtr<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using X509Ptr = OpensslPtr<X509, X509_free>;

/// Leaves OpenSSL's error queue of this thread as it was: a refused message of a stranger must not
/// surface later as the error of some TLS connection.
class QuietErrors {
 public:
  QuietErrors() { ERR_set_mark(); }
  ~QuietErrors() { ERR_pop_to_mark(); }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
};

/// One number of a key, or null when the key has no such part.
inline BigNumber number_of(const EVP_PKEY* key, const char* parameter) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1) return nullptr;
  return BigNumber{number};
}

/// OpenSSL counts in int; every length of ours is far below its limit.
inline int to_int(std::size_t size) {
  CHECK(size <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
  return static_cast<int>(size);
}

}  // namespace martlet::crypto
