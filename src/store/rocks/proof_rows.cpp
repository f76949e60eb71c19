#include "store/rocks/proof_rows.h"

#include "base/reader.h"
#include "base/writer.h"
#include "store/rocks/row_parts.h"

namespace martlet::store {
namespace {

constexpr std::uint8_t kTable = 1;  ///< first byte of every key
constexpr std::uint8_t kProofLayout = 1;
constexpr std::size_t kSecretBytes = 32 + 8;

/// An enumeration whose values are 1 to `last`.
template <class Enum>
Result<Enum> choice(Reader& in, Enum last) {
  const auto value = TRY(in.u8());
  if (value < 1 || value > static_cast<std::uint8_t>(last)) {
    return Error{Failure::malformed, "an unknown kind or state"};
  }
  return static_cast<Enum>(value);
}

Result<HandleProof> parse_proof(ByteView key, ByteView row) {
  Reader name{key};
  if (TRY(name.u8()) != kTable) return Error{Failure::malformed, "a row of another table"};
  HandleProof proof;
  proof.account = TRY(name.id<AccountId>());
  proof.handle = text_of(name.rest());
  Reader in{row};
  if (TRY(in.u8()) != kProofLayout) return Error{Failure::malformed, "a row of another layout"};
  proof.kind = TRY(choice(in, ProofKind::inbound_sms));
  proof.state = TRY(choice(in, ProofState::expired));
  proof.tries_left = TRY(in.u8());
  proof.attempts = TRY(in.u32());
  proof.started = TRY(time(in));
  proof.next_attempt = TRY(time(in));
  proof.changed = TRY(time(in));
  const std::size_t secrets = TRY(in.u32());
  if (secrets > in.left() / kSecretBytes) return Error{Failure::malformed, "cut short"};
  proof.secrets.reserve(secrets);
  for (std::size_t i = 0; i < secrets; ++i) {
    ProofSecret secret;
    secret.hash = TRY(in.array<32>());
    secret.expires = TRY(time(in));
    proof.secrets.push_back(secret);
  }
  TRY(in.finish());
  return proof;
}

}  // namespace

Bytes proof_key(const AccountId& account, const std::string& handle) {
  return concat({ByteView{&kTable, 1}, account.view(), bytes_of(handle)});
}

Bytes proof_row(const HandleProof& proof) {
  CHECK(proof.secrets.size() <= 0xffff'ffffU);
  Writer out;
  out.u8(kProofLayout)
      .u8(static_cast<std::uint8_t>(proof.kind))
      .u8(static_cast<std::uint8_t>(proof.state))
      .u8(proof.tries_left)
      .u32(proof.attempts)
      .u64(number_of(proof.started))
      .u64(number_of(proof.next_attempt))
      .u64(number_of(proof.changed))
      .u32(static_cast<std::uint32_t>(proof.secrets.size()));
  for (const auto& secret : proof.secrets) out.bytes(secret.hash).u64(number_of(secret.expires));
  return std::move(out).take();
}

Result<HandleProof> load_proof(ByteView key, ByteView row) {
  auto parsed = parse_proof(key, row);
  if (parsed.ok()) return parsed;
  return Error{Failure::corrupt, parsed.error().reason};
}

}  // namespace martlet::store
