#pragma once

#include "crypto/signing_key.h"

/// The two spellings of an ECDSA P-256 signature: OpenSSL and the classic suite use DER, all else
/// of ours uses r || s.
namespace martlet::crypto {

inline constexpr std::size_t kDerSignatureBytesMax = 72;

/// A SEQUENCE of r and s, in at most kDerSignatureBytesMax bytes.
struct DerSignature {
  std::array<std::uint8_t, kDerSignatureBytesMax> bytes;
  std::size_t size;
  ByteView view() const { return ByteView{bytes}.first(size); }
};
DerSignature der_from_raw(const Signature& raw);

/// `malformed` unless `der` is strict (is_strict_der_signature) and both numbers fit 32 bytes.
Result<Signature> raw_from_der(ByteView der);

}  // namespace martlet::crypto
