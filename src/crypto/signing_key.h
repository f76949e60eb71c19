#pragma once

#include <array>
#include <memory>

#include "base/bytes.h"
#include "crypto/secret.h"

struct evp_pkey_st;
struct evp_pkey_ctx_st;

namespace martlet::crypto {

inline constexpr std::size_t kSignatureBytes = 64;  ///< r || s, or an Ed25519 signature
using Signature = std::array<std::uint8_t, kSignatureBytes>;
using CompressedPoint = std::array<std::uint8_t, 33>;    ///< SEC 1 section 2.3.3
using UncompressedPoint = std::array<std::uint8_t, 65>;  ///< 04 | X | Y

/// A device's public P-256 key. Immutable, cheap to copy, thread-safe.
class VerifyingKey {
 public:
  /// Takes either form of a point on the curve, not infinity. Else `malformed`.
  static Result<VerifyingKey> from_point(ByteView point);
  /// SubjectPublicKeyInfo, or a private key of which the public half is taken (PEM). `malformed`.
  static Result<VerifyingKey> from_pem(std::string_view pem);

  const CompressedPoint& compressed() const { return compressed_; }
  const UncompressedPoint& uncompressed() const { return uncompressed_; }

  /// ECDSA with SHA-256 over `context | message` (FIPS 186-5). `context` is an ASCII line such as
  /// "kt-account-link-v1\n". Both s and n-s are accepted. Fails with `forged`.
  Result<void> verify(std::string_view context, ByteView message, ByteView signature) const;
  /// ECDSA with SHA-1 over `body`, of the classic suite alone. `der` must already be known to be a
  /// strict ECDSA-Sig-Value (is_strict_der_signature). Fails with `forged`.
  Result<void> verify_classic(ByteView body, ByteView der) const;

 private:
  friend class SigningKey;
  explicit VerifyingKey(evp_pkey_st* key);
  std::shared_ptr<const evp_pkey_ctx_st> verifier_;  ///< copied for each use
  CompressedPoint compressed_;
  UncompressedPoint uncompressed_;
};

/// A device's private P-256 key. Movable only. Signing is thread-safe.
class SigningKey {
 public:
  static SigningKey generate();
  /// 32-byte big-endian scalar in 1..n-1, else `malformed`.
  static Result<SigningKey> from_scalar(ByteView scalar);
  static Result<SigningKey> from_pem(std::string_view pem);
  SigningKey(SigningKey&&) noexcept = default;
  SigningKey& operator=(SigningKey&&) noexcept = default;
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;

  const VerifyingKey& verifying_key() const { return public_; }
  /// The 32-byte scalar, for the vault.
  EncodedKey encode() const;
  /// The counterpart of VerifyingKey::verify. OpenSSL's nonce mixes key, message and randomness.
  Signature sign(std::string_view context, ByteView message) const;
  /// The counterpart of verify_classic: strict DER, 8 to 72 bytes.
  Bytes sign_classic(ByteView body) const;

 private:
  explicit SigningKey(evp_pkey_st* key);
  std::shared_ptr<const evp_pkey_ctx_st> signer_;  ///< copied for each use; gone when moved from
  VerifyingKey public_;
};

/// Strict DER `ECDSA-Sig-Value`: minimal lengths and integers, both positive, nothing behind.
bool is_strict_der_signature(ByteView der);

/// Ed25519 (RFC 8032) for recovery keys. `public_key` 32 bytes. Fails with `forged`.
Result<void> verify_ed25519(ByteView public_key, std::string_view context, ByteView message,
                            ByteView signature);
/// Signs with a 32-byte seed.
Signature sign_ed25519(ByteView seed, std::string_view context, ByteView message);
/// The public key of a seed.
std::array<std::uint8_t, 32> ed25519_public(ByteView seed);

}  // namespace martlet::crypto
