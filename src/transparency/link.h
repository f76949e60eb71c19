#pragma once

#include <variant>

#include "base/time.h"
#include "transparency/device_entry.h"

/// Links of the account chain as bytes, spec/account-chain.md sections 2 and 3. What a link may do
/// is decided in account_chain.h.
namespace martlet::transparency {

enum class LinkType : std::uint8_t { genesis = 1, add, revoke, set_recovery, rekey, veto, retire };

/// Why a device left; other values mean that nobody said.
enum class RevokeReason : std::uint8_t { lost = 1, stolen, replaced, left };

/// A device as it enters the chain.
struct DeviceKey {
  crypto::VerifyingKey sign_key;
  DeviceEntry entry;
  DeviceId id() const { return device_id_of(sign_key); }
};

struct GenesisBody {
  DeviceKey device;
  std::optional<RecoveryKey> recovery;
  AccountId previous;  ///< zero, or the account that this one replaces
  std::array<std::uint8_t, 16> nonce;
};
struct AddBody {
  DeviceKey device;
};
struct RevokeBody {
  DeviceId target;
  RevokeReason reason;
};
struct SetRecoveryBody {
  RecoveryKey key;
};
struct RekeyBody {
  DeviceId old;
  DeviceKey device;
};
struct VetoBody {
  AccountId pending;
};
struct RetireBody {};

/// In the order of LinkType.
using LinkBody = std::variant<GenesisBody, AddBody, RevokeBody, SetRecoveryBody, RekeyBody,
                              VetoBody, RetireBody>;

/// What a link says: its LinkTBS, the bytes to be signed, as fields.
struct LinkFields {
  std::uint32_t seqno;
  AccountId account;  ///< zero in a genesis link
  LinkId prev;        ///< zero in a genesis link
  UnixMillis time;    ///< the signer's claim, for display
  Digest signer;      ///< a key id
  LinkBody body;
  LinkType type() const { return static_cast<LinkType>(body.index() + 1); }
};

/// A link that is well formed. Nothing more is known of it: see AccountChain::append.
struct Link {
  LinkFields fields;
  Bytes tbs;  ///< as they arrived: hash and verify these
  crypto::Signature signature;
  std::optional<crypto::Signature> acceptance;
  LinkId id() const;
};

inline constexpr std::string_view kLinkContext = "kt-account-link-v1\n";
inline constexpr std::string_view kAcceptContext = "kt-account-accept-v1\n";

/// Parses exactly one link. Fails with `malformed` only: bad lengths, unknown types or algorithms,
/// points off the curve, lists out of order, limits passed, trailing bytes.
Result<Link> parse_link(ByteView encoded);

/// SHA-256(10 | LinkTBS).
LinkId link_id_of(ByteView tbs);

/// The LinkTBS. For fields within their limits; anything else is our own bug.
Bytes encode_tbs(const LinkFields& fields);
/// A whole link.
Bytes encode_link(ByteView tbs, const crypto::Signature& signature,
                  const std::optional<crypto::Signature>& acceptance);

}  // namespace martlet::transparency
