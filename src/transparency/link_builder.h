#pragma once

#include "transparency/account_chain.h"

/// Makes and signs links of every type. Nothing here judges: a link that breaks the rules is built
/// like any other, and refused by AccountChain.
namespace martlet::transparency {

/// Seed of an Ed25519 recovery key.
using RecoverySeed = crypto::Secret<32, struct RecoverySeedKind>;

/// A key that signs or accepts a link: a device's or the recovery key. Refers to it; the key must
/// outlive it.
class LinkSigner {
 public:
  LinkSigner(const crypto::SigningKey& device) : key_{&device} {}
  LinkSigner(const RecoverySeed& recovery) : key_{&recovery} {}
  Digest key_id() const;
  crypto::Signature sign(ByteView tbs) const;    ///< as the signer of a link
  crypto::Signature accept(ByteView tbs) const;  ///< as the key that enters by it

 private:
  crypto::Signature sign(std::string_view context, ByteView tbs) const;
  std::variant<const crypto::SigningKey*, const RecoverySeed*> key_;
};

/// Where a link goes. Zero in all: the start of a new chain.
struct LinkPlace {
  AccountId account{};
  std::uint32_t seqno = 0;
  LinkId prev{};
};
/// Behind the present head.
LinkPlace next_place(const AccountChain& chain);

RecoveryKey recovery_key_of(const RecoverySeed& seed);
DeviceKey device_key_of(const crypto::SigningKey& key, DeviceEntry entry);

/// The bytes that `signer` (a key id) has to sign, and an entering key to accept.
Bytes create_tbs(const LinkPlace& place, const Digest& signer, LinkBody body, UnixMillis now);

/// A whole link where one process has all keys. `accepting` is null where the type asks for no
/// acceptance.
Bytes create_link(const LinkPlace& place, LinkBody body, UnixMillis now, const LinkSigner& signer,
                  const LinkSigner* accepting = nullptr);

}  // namespace martlet::transparency
