#pragma once

#include <memory>

#include "base/bytes.h"
#include "crypto/secret.h"

struct evp_pkey_st;
struct evp_pkey_ctx_st;

namespace martlet::crypto {

inline constexpr std::size_t kClassicRsaBytes = 160;  ///< k, modulus of 1,280 bits
inline constexpr std::size_t kClassicRsaPublicDerBytes =
    172;  ///< 30 81 A9 02 81 A1 00 n[160] 02 03 01 00 01

/// A device's public key for the classic suite. Immutable, cheap to copy, thread-safe.
class ClassicEncryptionKey {
 public:
  /// Exactly the 172-byte PKCS#1 RSAPublicKey with e = 65537, n odd with its top bit set.
  static Result<ClassicEncryptionKey> from_der(ByteView der);
  static Result<ClassicEncryptionKey> from_pem(
      std::string_view pem);  ///< a public or a private key

  const std::array<std::uint8_t, kClassicRsaPublicDerBytes>& der() const { return der_; }
  /// RSA-OAEP, SHA-1, MGF1 with SHA-1, empty label. `input` 1 to 118 bytes.
  std::array<std::uint8_t, kClassicRsaBytes> encrypt(ByteView input) const;

 private:
  explicit ClassicEncryptionKey(ByteView der);
  std::shared_ptr<const evp_pkey_ctx_st> encryptor_;  ///< copied for each use
  std::array<std::uint8_t, kClassicRsaPublicDerBytes> der_;
};

/// The private half. Movable only. Decryption is thread-safe.
class ClassicDecryptionKey {
 public:
  static ClassicDecryptionKey generate();
  static Result<ClassicDecryptionKey> from_der(ByteView pkcs8);
  static Result<ClassicDecryptionKey> from_pem(std::string_view pem);
  ClassicDecryptionKey(ClassicDecryptionKey&&) noexcept = default;
  ClassicDecryptionKey& operator=(ClassicDecryptionKey&&) noexcept = default;
  ClassicDecryptionKey(const ClassicDecryptionKey&) = delete;
  ClassicDecryptionKey& operator=(const ClassicDecryptionKey&) = delete;

  const ClassicEncryptionKey& encryption_key() const { return public_; }
  EncodedKey encode() const;  ///< PKCS#8 DER, for the vault
  /// Fails with `forged` for every kind of bad padding.
  Result<Plaintext> decrypt(ByteView block) const;

 private:
  static Result<ClassicDecryptionKey> from_key(evp_pkey_st* key);
  ClassicDecryptionKey(evp_pkey_st* key, ClassicEncryptionKey public_half);
  std::shared_ptr<const evp_pkey_ctx_st> decryptor_;  ///< copied for each use; gone when moved from
  ClassicEncryptionKey public_;
};

}  // namespace martlet::crypto
