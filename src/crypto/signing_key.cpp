#include "crypto/signing_key.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <bit>
#include <string>

#include "crypto/algorithms.h"
#include "crypto/ecdsa_der.h"
#include "crypto/hash.h"
#include "crypto/pem.h"

namespace martlet::crypto {
namespace {

constexpr std::size_t kCoordinateBytes = 32;  ///< a coordinate or a scalar of P-256
constexpr std::size_t kSha1Bytes = 20;

using ScalarBytes = Secret<kCoordinateBytes, struct ScalarBytesKind>;
using Group = OpensslPtr<EC_GROUP, EC_GROUP_free>;
using Point = OpensslPtr<EC_POINT, EC_POINT_clear_free>;

bool is_p256(const EVP_PKEY* key) {
  std::array<char, 32> name{};
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(),
                                        nullptr) == 1 &&
         std::string_view{name.data()} == SN_X9_62_prime256v1;
}

/// X || Y behind 04.
UncompressedPoint point_of(const EVP_PKEY* key) {
  const auto x = number_of(key, OSSL_PKEY_PARAM_EC_PUB_X);
  const auto y = number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y);
  CHECK(x && y);
  UncompressedPoint point;
  point[0] = POINT_CONVERSION_UNCOMPRESSED;
  CHECK(BN_bn2binpad(x.get(), &point[1], kCoordinateBytes) == kCoordinateBytes);
  CHECK(BN_bn2binpad(y.get(), &point[1 + kCoordinateBytes], kCoordinateBytes) == kCoordinateBytes);
  return point;
}

using Operation = std::shared_ptr<const EVP_PKEY_CTX>;

/// An operation made ready once and copied for each use: a twentieth of the cost of making it.
Operation ready(EVP_PKEY* key, int (*init)(EVP_PKEY_CTX*)) {
  PkeyCtx ctx{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
  CHECK(ctx);
  CHECK(init(ctx.get()) == 1);
  return Operation{ctx.release(), EVP_PKEY_CTX_free};
}

bool verifies(const EVP_PKEY_CTX& verifier, ByteView digest, ByteView der) {
  const QuietErrors quiet;
  const PkeyCtx ctx{EVP_PKEY_CTX_dup(&verifier)};
  CHECK(ctx);
  // OpenSSL refuses r and s that are not in 1..n-1.
  return EVP_PKEY_verify(ctx.get(), der.data(), der.size(), digest.data(), digest.size()) == 1;
}

DerSignature sign_digest(const EVP_PKEY_CTX& signer, ByteView digest) {
  const PkeyCtx ctx{EVP_PKEY_CTX_dup(&signer)};
  CHECK(ctx);
  DerSignature der{};
  der.size = der.bytes.size();
  CHECK(EVP_PKEY_sign(ctx.get(), der.bytes.data(), &der.size, digest.data(), digest.size()) == 1);
  return der;
}

std::array<std::uint8_t, kSha1Bytes> sha1(ByteView body) {
  std::array<std::uint8_t, kSha1Bytes> digest;
  CHECK(EVP_Digest(body.data(), body.size(), digest.data(), nullptr, algorithms().sha1, nullptr) ==
        1);
  return digest;
}

/// scalar * G. Null unless the scalar is in 1..n-1.
Pkey key_from_scalar(const BIGNUM* scalar) {
  const Group group{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
  CHECK(group);
  if (BN_is_zero(scalar) || BN_is_negative(scalar) ||
      BN_cmp(scalar, EC_GROUP_get0_order(group.get())) >= 0) {
    return nullptr;
  }
  const Point point{EC_POINT_new(group.get())};
  CHECK(point);
  CHECK(EC_POINT_mul(group.get(), point.get(), scalar, nullptr, nullptr, nullptr) == 1);
  UncompressedPoint encoded;
  CHECK(EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, encoded.data(),
                           encoded.size(), nullptr) == encoded.size());

  // OpenSSL takes numbers in the machine's own byte order.
  ScalarBytes native{[&](std::span<std::uint8_t, kCoordinateBytes> out) {
    CHECK(BN_bn2nativepad(scalar, out.data(), to_int(out.size())) == to_int(out.size()));
  }};
  std::string name{SN_X9_62_prime256v1};
  std::array<OSSL_PARAM, 4> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded.data(), encoded.size()),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY,
                              const_cast<std::uint8_t*>(native.reveal().data()), kCoordinateBytes),
      OSSL_PARAM_construct_end()};
  const PkeyCtx ctx{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
  CHECK(ctx);
  CHECK(EVP_PKEY_fromdata_init(ctx.get()) == 1);
  EVP_PKEY* key = nullptr;
  CHECK(EVP_PKEY_fromdata(ctx.get(), &key, EVP_PKEY_KEYPAIR, parameters.data()) == 1);
  return Pkey{key};
}

}  // namespace

VerifyingKey::VerifyingKey(evp_pkey_st* key)
    : verifier_{ready(key, EVP_PKEY_verify_init)}, uncompressed_{point_of(key)} {
  // SEC 1 section 2.3.3: the sign of Y in front of X.
  compressed_[0] = static_cast<std::uint8_t>(0x02 | (uncompressed_.back() & 1));
  std::copy_n(uncompressed_.begin() + 1, kCoordinateBytes, compressed_.begin() + 1);
}

Result<VerifyingKey> VerifyingKey::from_point(ByteView point) {
  const QuietErrors quiet;
  const bool compressed = point.size() == 1 + kCoordinateBytes && (point[0] == 2 || point[0] == 3);
  const bool uncompressed = point.size() == 1 + 2 * kCoordinateBytes && point[0] == 4;
  if (!compressed && !uncompressed) return Error{Failure::malformed, "no form of a P-256 point"};
  const Pkey key{EVP_PKEY_dup(algorithms().p256)};
  CHECK(key);
  if (EVP_PKEY_set1_encoded_public_key(key.get(), point.data(), point.size()) != 1) {
    return Error{Failure::malformed, "not a point on P-256"};
  }
  return VerifyingKey{key.get()};
}

Result<VerifyingKey> VerifyingKey::from_pem(std::string_view pem) {
  const QuietErrors quiet;
  const auto key = key_from_pem(pem);
  if (!key || !is_p256(key.get())) return Error{Failure::malformed, "no P-256 key in the PEM"};
  if (!number_of(key.get(), OSSL_PKEY_PARAM_EC_PUB_X)) {
    return Error{Failure::malformed, "no public half in the PEM"};
  }
  return from_point(point_of(key.get()));
}

Result<void> VerifyingKey::verify(std::string_view context, ByteView message,
                                  ByteView signature) const {
  Signature raw;
  if (signature.size() != raw.size()) return Error{Failure::forged, "wrong signature"};
  std::ranges::copy(signature, raw.begin());
  const auto digest = sha256({bytes_of(context), message});
  if (!verifies(*verifier_, digest, der_from_raw(raw).view())) {
    return Error{Failure::forged, "wrong signature"};
  }
  return {};
}

Result<void> VerifyingKey::verify_classic(ByteView body, ByteView der) const {
  if (!verifies(*verifier_, sha1(body), der)) return Error{Failure::forged, "wrong signature"};
  return {};
}

SigningKey::SigningKey(evp_pkey_st* key) : signer_{ready(key, EVP_PKEY_sign_init)}, public_{key} {}

SigningKey SigningKey::generate() {
  const Pkey key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
  CHECK(key);
  return SigningKey{key.get()};
}

Result<SigningKey> SigningKey::from_scalar(ByteView scalar) {
  if (scalar.size() != kCoordinateBytes) return Error{Failure::malformed, "not 32 bytes"};
  const BigNumber number{BN_bin2bn(scalar.data(), to_int(scalar.size()), nullptr)};
  CHECK(number);
  const auto key = key_from_scalar(number.get());
  if (!key) return Error{Failure::malformed, "not a private key of P-256"};
  return SigningKey{key.get()};
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  const QuietErrors quiet;
  const auto key = key_from_pem(pem);
  if (!key || !is_p256(key.get())) return Error{Failure::malformed, "no P-256 key in the PEM"};
  const auto scalar = number_of(key.get(), OSSL_PKEY_PARAM_PRIV_KEY);
  if (!scalar) return Error{Failure::malformed, "no private key in the PEM"};
  const auto whole = key_from_scalar(scalar.get());
  if (!whole) return Error{Failure::malformed, "not a private key of P-256"};
  return SigningKey{whole.get()};
}

EncodedKey SigningKey::encode() const {
  CHECK(signer_);
  const auto scalar = number_of(EVP_PKEY_CTX_get0_pkey(const_cast<EVP_PKEY_CTX*>(signer_.get())),
                                OSSL_PKEY_PARAM_PRIV_KEY);
  CHECK(scalar);
  return EncodedKey{
      kCoordinateBytes, [&](std::span<std::uint8_t> out) {
        CHECK(BN_bn2binpad(scalar.get(), out.data(), kCoordinateBytes) == kCoordinateBytes);
        return out.size();
      }};
}

Signature SigningKey::sign(std::string_view context, ByteView message) const {
  CHECK(signer_);
  const auto raw = raw_from_der(sign_digest(*signer_, sha256({bytes_of(context), message})).view());
  CHECK(raw.ok());
  return raw.value();
}

Bytes SigningKey::sign_classic(ByteView body) const {
  CHECK(signer_);
  return copy_of(sign_digest(*signer_, sha1(body)).view());
}

}  // namespace martlet::crypto
