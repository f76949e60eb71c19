#include "transparency/link.h"

#include "base/limits.h"
#include "base/reader.h"
#include "base/writer.h"
#include "crypto/hash.h"

namespace martlet::transparency {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kLinkTag = 0x10;
constexpr std::size_t kSuitesMax = 8;
constexpr std::size_t kSuiteKeyBytesMax = 4'096;

// --- Parsing ---

Result<std::vector<SuiteKey>> parse_suites(Reader& in) {
  const auto count = TRY(in.u8());
  if (count == 0 || count > kSuitesMax) return Error{Failure::malformed, "not 1 to 8 suites"};
  std::vector<SuiteKey> suites;
  suites.reserve(count);
  unsigned last = 0;  // suite numbers start at 1
  for (unsigned i = 0; i < count; ++i) {
    const auto suite = TRY(in.u8());
    if (suite <= last) return Error{Failure::malformed, "suites not strictly ascending from 1"};
    last = suite;
    const auto key = TRY(in.prefixed_u16());
    if (key.size() > kSuiteKeyBytesMax) return Error{Failure::malformed, "suite key too long"};
    if (suite == kSuiteClassic && !is_classic_key_shape(key)) {
      return Error{Failure::malformed, "not a classic suite key"};
    }
    suites.push_back({suite, copy_of(key)});
  }
  return suites;
}

Result<DeviceKey> parse_device_key(Reader& in) {
  if (TRY(in.u8()) != kAlgP256) return Error{Failure::malformed, "device key not of P-256"};
  const auto point = TRY(in.prefixed_u8());
  if (point.size() != std::tuple_size_v<crypto::CompressedPoint>) {
    return Error{Failure::malformed, "device key not a compressed point"};
  }
  auto sign_key = TRY(crypto::VerifyingKey::from_point(point));
  auto suites = TRY(parse_suites(in));
  const Role role{TRY(in.u8())};
  if (role != Role::admin && role != Role::member) return Error{Failure::malformed, "unknown role"};
  const auto meta_commitment = TRY(in.array<32>());
  return DeviceKey{std::move(sign_key), DeviceEntry{role, std::move(suites), meta_commitment}};
}

Result<RecoveryKey> parse_recovery_key(Reader& in) {
  if (TRY(in.u8()) != kAlgEd25519) return Error{Failure::malformed, "recovery key not of Ed25519"};
  if (TRY(in.u8()) != std::tuple_size_v<RecoveryKey>) {
    return Error{Failure::malformed, "recovery key not of 32 bytes"};
  }
  return in.array<32>();
}

Result<std::optional<RecoveryKey>> parse_optional_recovery_key(Reader& in) {
  const auto presence = TRY(in.u8());
  if (presence > 1) return Error{Failure::malformed, "presence neither 0 nor 1"};
  std::optional<RecoveryKey> key;
  if (presence == 1) key = TRY(parse_recovery_key(in));
  return key;
}

Result<LinkBody> parse_body(LinkType type, Reader& in) {
  switch (type) {
    case LinkType::genesis: {
      auto device = TRY(parse_device_key(in));
      const auto recovery = TRY(parse_optional_recovery_key(in));
      const auto previous = TRY(in.id<AccountId>());
      const auto nonce = TRY(in.array<16>());
      return LinkBody{GenesisBody{std::move(device), recovery, previous, nonce}};
    }
    case LinkType::add:
      return LinkBody{AddBody{TRY(parse_device_key(in))}};
    case LinkType::revoke: {
      const auto target = TRY(in.id<DeviceId>());
      return LinkBody{RevokeBody{target, RevokeReason{TRY(in.u8())}}};
    }
    case LinkType::set_recovery:
      return LinkBody{SetRecoveryBody{TRY(parse_recovery_key(in))}};
    case LinkType::rekey: {
      const auto old = TRY(in.id<DeviceId>());
      return LinkBody{RekeyBody{old, TRY(parse_device_key(in))}};
    }
    case LinkType::veto:
      return LinkBody{VetoBody{TRY(in.id<AccountId>())}};
    case LinkType::retire:
      return LinkBody{RetireBody{}};
  }
  return Error{Failure::malformed, "unknown link type"};
}

Result<LinkFields> parse_tbs(ByteView tbs) {
  Reader in{tbs};
  if (TRY(in.u8()) != kVersion) return Error{Failure::malformed, "unknown link version"};
  const LinkType type{TRY(in.u8())};
  const auto seqno = TRY(in.u32());
  const auto account = TRY(in.id<AccountId>());
  const auto prev = TRY(in.id<LinkId>());
  const auto time = TRY(in.u64());
  if (time >> 63U != 0) return Error{Failure::malformed, "a time of 2^63 or more"};
  const auto signer = TRY(in.array<32>());
  Reader body_in{TRY(in.prefixed_u16())};
  TRY(in.finish());
  auto body = TRY(parse_body(type, body_in));
  TRY(body_in.finish());
  return LinkFields{seqno,  account,        prev, unix_millis(static_cast<std::int64_t>(time)),
                    signer, std::move(body)};
}

/// 0 or 64 bytes.
Result<std::optional<crypto::Signature>> parse_signature(Reader& in) {
  const auto size = TRY(in.u8());
  std::optional<crypto::Signature> signature;
  if (size == crypto::kSignatureBytes) {
    signature = TRY(in.array<crypto::kSignatureBytes>());
  } else if (size != 0) {
    return Error{Failure::malformed, "signature neither absent nor of 64 bytes"};
  }
  return signature;
}

// --- Encoding ---

void encode(Writer& out, const DeviceKey& device) {
  out.u8(kAlgP256).prefixed_u8(device.sign_key.compressed());
  out.u8(static_cast<std::uint8_t>(device.entry.suites.size()));
  for (const auto& [suite, key] : device.entry.suites) out.u8(suite).prefixed_u16(key);
  out.u8(static_cast<std::uint8_t>(device.entry.role)).bytes(device.entry.meta_commitment);
}

void encode(Writer& out, const RecoveryKey& key) { out.u8(kAlgEd25519).prefixed_u8(key); }

struct EncodeBody {
  Writer& out;
  void operator()(const GenesisBody& body) {
    encode(out, body.device);
    out.u8(body.recovery ? 1 : 0);
    if (body.recovery) encode(out, *body.recovery);
    out.bytes(body.previous.view()).bytes(body.nonce);
  }
  void operator()(const AddBody& body) { encode(out, body.device); }
  void operator()(const RevokeBody& body) {
    out.bytes(body.target.view()).u8(static_cast<std::uint8_t>(body.reason));
  }
  void operator()(const SetRecoveryBody& body) { encode(out, body.key); }
  void operator()(const RekeyBody& body) {
    out.bytes(body.old.view());
    encode(out, body.device);
  }
  void operator()(const VetoBody& body) { out.bytes(body.pending.view()); }
  void operator()(const RetireBody&) {}
};

}  // namespace

LinkId link_id_of(ByteView tbs) {
  const std::array<std::uint8_t, 1> tag{kLinkTag};
  return LinkId{crypto::sha256({tag, tbs})};
}

LinkId Link::id() const { return link_id_of(tbs); }

Result<Link> parse_link(ByteView encoded) {
  Reader in{encoded};
  const auto tbs = TRY(in.prefixed_u16());
  if (tbs.size() > limits::kLinkTbsBytesMax) return Error{Failure::malformed, "link too long"};
  const auto signature = TRY(parse_signature(in));
  const auto acceptance = TRY(parse_signature(in));
  TRY(in.finish());
  if (!signature) return Error{Failure::malformed, "link without a signature"};
  return Link{TRY(parse_tbs(tbs)), copy_of(tbs), *signature, acceptance};
}

Bytes encode_tbs(const LinkFields& fields) {
  Writer body;
  std::visit(EncodeBody{body}, fields.body);
  Writer out;
  out.u8(kVersion).u8(static_cast<std::uint8_t>(fields.type())).u32(fields.seqno);
  out.bytes(fields.account.view()).bytes(fields.prev.view());
  out.u64(static_cast<std::uint64_t>(count_of(fields.time))).bytes(fields.signer);
  out.prefixed_u16(body.view());
  return std::move(out).take();
}

Bytes encode_link(ByteView tbs, const crypto::Signature& signature,
                  const std::optional<crypto::Signature>& acceptance) {
  Writer out;
  out.prefixed_u16(tbs).prefixed_u8(signature);
  out.prefixed_u8(acceptance ? ByteView{*acceptance} : ByteView{});
  return std::move(out).take();
}

}  // namespace martlet::transparency
