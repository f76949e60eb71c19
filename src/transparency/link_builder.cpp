#include "transparency/link_builder.h"

#include "base/check.h"

namespace martlet::transparency {

Digest LinkSigner::key_id() const {
  if (const auto* device = std::get_if<const crypto::SigningKey*>(&key_)) {
    return device_id_of((*device)->verifying_key()).array();
  }
  return key_id_of(kAlgEd25519, recovery_key_of(*std::get<const RecoverySeed*>(key_)));
}

crypto::Signature LinkSigner::sign(std::string_view context, ByteView tbs) const {
  if (const auto* device = std::get_if<const crypto::SigningKey*>(&key_)) {
    return (*device)->sign(context, tbs);
  }
  return crypto::sign_ed25519(std::get<const RecoverySeed*>(key_)->reveal(), context, tbs);
}

crypto::Signature LinkSigner::sign(ByteView tbs) const { return sign(kLinkContext, tbs); }
crypto::Signature LinkSigner::accept(ByteView tbs) const { return sign(kAcceptContext, tbs); }

LinkPlace next_place(const AccountChain& chain) {
  return {chain.account(), chain.seqno() + 1, chain.head()};
}

RecoveryKey recovery_key_of(const RecoverySeed& seed) {
  return crypto::ed25519_public(seed.reveal());
}

DeviceKey device_key_of(const crypto::SigningKey& key, DeviceEntry entry) {
  return {key.verifying_key(), std::move(entry)};
}

Bytes create_tbs(const LinkPlace& place, const Digest& signer, LinkBody body, UnixMillis now) {
  return encode_tbs({place.seqno, place.account, place.prev, now, signer, std::move(body)});
}

Bytes create_link(const LinkPlace& place, LinkBody body, UnixMillis now, const LinkSigner& signer,
                  const LinkSigner* accepting) {
  const auto tbs = create_tbs(place, signer.key_id(), std::move(body), now);
  std::optional<crypto::Signature> acceptance;
  if (accepting != nullptr) acceptance = accepting->accept(tbs);
  return encode_link(tbs, signer.sign(tbs), acceptance);
}

Bytes create_genesis(const crypto::SigningKey& device, const DeviceEntry& entry,
                     const AccountId& previous, std::span<const std::uint8_t, 16> nonce,
                     UnixMillis now) {
  CHECK(entry.role == Role::admin);
  GenesisBody body{device_key_of(device, entry), std::nullopt, previous, {}};
  std::ranges::copy(nonce, body.nonce.begin());
  return create_link({}, std::move(body), now, device);
}

}  // namespace martlet::transparency
