#include "protocol/short_code.h"

#include "base/reader.h"
#include "base/writer.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"

namespace martlet::protocol {
namespace {

constexpr std::string_view kCommitContext = "kt-sas-commit-v1\n";
constexpr std::string_view kShortCodeContext = "kt-sas-v1\n";
constexpr std::uint64_t kCodes = 100'000'000;

Result<Bytes> take_context(Reader& in) {
  const auto context = TRY(in.prefixed_u16());
  TRY(in.finish());
  if (context.size() > kShortCodeContextBytesMax) {
    return Error{Failure::malformed, "a context that is too long"};
  }
  return copy_of(context);
}

Result<void> check_mac(ByteView mac, const Digest& expected) {
  if (mac.size() != expected.size()) return Error{Failure::malformed, "not a MAC"};
  if (!crypto::equal_secretly(mac, expected)) return Error{Failure::forged, "wrong MAC"};
  return {};
}

}  // namespace

Digest ShortCode::mac_a() const {
  return crypto::hmac_sha256(mac_key.reveal(), {bytes_of("A"), transcript});
}
Digest ShortCode::mac_b() const {
  return crypto::hmac_sha256(mac_key.reveal(), {bytes_of("B"), transcript});
}

Digest short_code_commitment(const crypto::X25519Public& key, const ShortCodeNonce& nonce) {
  return crypto::sha256({bytes_of(kCommitContext), key, nonce});
}

ShortCode create_short_code(const ShortCodeInputs& inputs, const crypto::X25519Shared& shared) {
  Writer hashed;
  hashed.bytes(bytes_of(kShortCodeContext)).u8(static_cast<std::uint8_t>(inputs.purpose));
  hashed.bytes(inputs.key_a).bytes(inputs.key_b);
  hashed.prefixed_u16(inputs.context_a).prefixed_u16(inputs.context_b);
  const auto transcript = crypto::sha256(hashed.view());
  const crypto::Secret<40, struct DerivedKind> derived{[&](std::span<std::uint8_t, 40> out) {
    crypto::hkdf_sha256(concat({inputs.nonce_a, inputs.nonce_b}), shared.reveal(),
                        concat({bytes_of(kShortCodeContext), transcript}), out);
  }};
  const auto number = Reader{derived.reveal()}.u64().value() % kCodes;
  auto digits = std::to_string(kCodes + number).substr(1);  // with its zeros in front
  return {std::move(digits), transcript, ShortCodeKey{[&](std::span<std::uint8_t, 32> out) {
            std::ranges::copy(derived.reveal().last<32>(), out.begin());
          }}};
}

ShortCodeA::ShortCodeA(ShortCodePurpose purpose, crypto::X25519Key key, const ShortCodeNonce& nonce,
                       Bytes context)
    : key_{std::move(key)}, inputs_{purpose, key_.public_key(),  {}, nonce,
                                    {},      std::move(context), {}} {
  CHECK(inputs_.context_a.size() <= kShortCodeContextBytesMax);
}

Bytes ShortCodeA::commit() const {
  Writer out;
  out.bytes(short_code_commitment(inputs_.key_a, inputs_.nonce_a));
  return std::move(out.prefixed_u16(inputs_.context_a)).take();
}

Result<Bytes> ShortCodeA::on_answer(ByteView answer) {
  CHECK(!code_);
  Reader in{answer};
  const auto key = TRY(in.array<crypto::kX25519Bytes>());
  const auto nonce = TRY(in.array<32>());
  auto context = TRY(take_context(in));
  auto shared = TRY(key_.agree(key));
  inputs_.key_b = key;
  inputs_.nonce_b = nonce;
  inputs_.context_b = std::move(context);
  code_ = create_short_code(inputs_, shared);
  shared_ = std::move(shared);
  return concat({inputs_.key_a, inputs_.nonce_a});
}

Result<Bytes> ShortCodeA::on_mac(ByteView mac) {
  CHECK(code_);
  TRY(check_mac(mac, code_->mac_b()));
  return copy_of(code_->mac_a());
}

ShortCodeB::ShortCodeB(ShortCodePurpose purpose, const crypto::X25519Key& key,
                       const ShortCodeNonce& nonce, Bytes context)
    : key_{key}, inputs_{purpose, {}, key.public_key(), {}, nonce, {}, std::move(context)} {
  CHECK(inputs_.context_b.size() <= kShortCodeContextBytesMax);
}

Result<Bytes> ShortCodeB::on_commit(ByteView commit) {
  CHECK(!code_);
  Reader in{commit};
  const auto commitment = TRY(in.array<32>());
  inputs_.context_a = TRY(take_context(in));
  commitment_ = commitment;
  Writer out;
  out.bytes(inputs_.key_b).bytes(inputs_.nonce_b).prefixed_u16(inputs_.context_b);
  return std::move(out).take();
}

Result<Bytes> ShortCodeB::on_reveal(ByteView reveal) {
  CHECK(!code_);
  Reader in{reveal};
  const auto key = TRY(in.array<crypto::kX25519Bytes>());
  const auto nonce = TRY(in.array<32>());
  TRY(in.finish());
  if (short_code_commitment(key, nonce) != commitment_) {
    return Error{Failure::forged, "not what was committed to"};
  }
  auto shared = TRY(key_.agree(key));
  inputs_.key_a = key;
  inputs_.nonce_a = nonce;
  code_ = create_short_code(inputs_, shared);
  shared_ = std::move(shared);
  return copy_of(code_->mac_b());
}

Result<void> ShortCodeB::on_mac(ByteView mac) {
  CHECK(code_);
  return check_mac(mac, code_->mac_a());
}

}  // namespace martlet::protocol
