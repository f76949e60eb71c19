#pragma once

#include "base/random.h"
#include "crypto/secret.h"

namespace martlet::crypto {

inline constexpr std::size_t kX25519Bytes = 32;
using X25519Public = std::array<std::uint8_t, kX25519Bytes>;
using X25519Shared = Secret<kX25519Bytes, struct X25519SharedKind>;

/// A private X25519 key (RFC 7748 section 5) for one key agreement. Movable only; thread-safe.
class X25519Key {
 public:
  using Scalar = Secret<kX25519Bytes, struct X25519ScalarKind>;
  static X25519Key create(Random& random);
  /// Any 32 bytes are a key.
  explicit X25519Key(Scalar scalar);

  const X25519Public& public_key() const { return public_; }
  /// What both sides can compute. Fails with `refused` where it would be all zeros, since then it
  /// is no secret (RFC 7748 section 6.1), with `malformed` unless `peer` has 32 bytes.
  Result<X25519Shared> agree(ByteView peer) const;

 private:
  Scalar scalar_;
  X25519Public public_;
};

}  // namespace martlet::crypto
