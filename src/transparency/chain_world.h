#pragma once

#include "base/check.h"
#include "crypto/hash.h"
#include "transparency/link_builder.h"

/// For tests and fuzz targets only: numbered keys that are the same in every run, and a chain that
/// grows with them.
namespace martlet::transparency {

inline constexpr auto kMember = Role::member;

inline Digest numbered(std::string_view what, unsigned number) {
  const std::array<std::uint8_t, 1> byte{static_cast<std::uint8_t>(number)};
  return crypto::sha256({bytes_of(what), byte});
}

inline crypto::SigningKey numbered_device(unsigned number) {
  return crypto::SigningKey::from_scalar(numbered("device", number)).take();
}

inline RecoverySeed numbered_recovery(unsigned number) {
  return RecoverySeed{[&](std::span<std::uint8_t, 32> out) {
    std::ranges::copy(numbered("recovery", number), out.begin());
  }};
}

/// Of the right shape; nobody knows its factors.
inline Bytes numbered_classic_key(unsigned number) {
  Bytes key{0x30, 0x81, 0xa9, 0x02, 0x81, 0xa1, 0x00};
  for (unsigned i = 0; i < 5; ++i) {
    for (const auto byte : numbered("modulus", 5 * number + i)) key.push_back(byte);
  }
  key[7] |= 0x80U;
  key[166] |= 0x01U;
  return concat({key, Bytes{0x02, 0x03, 0x01, 0x00, 0x01}});
}

struct Keyring {
  std::vector<crypto::SigningKey> devices;
  std::vector<RecoverySeed> recoveries;

  explicit Keyring(unsigned device_count = 20, unsigned recovery_count = 4) {
    for (unsigned i = 0; i < device_count; ++i) devices.push_back(numbered_device(i));
    for (unsigned i = 0; i < recovery_count; ++i) recoveries.push_back(numbered_recovery(i));
  }
  DeviceId id(unsigned device) const { return device_id_of(devices[device].verifying_key()); }
  DeviceKey entering(unsigned device, Role role = Role::admin) const {
    return device_key_of(devices[device], classic_device_entry(role, numbered_classic_key(device)));
  }
  RecoveryKey recovery(unsigned number) const { return recovery_key_of(recoveries[number]); }
};

/// The same ring for all tests of a program: making keys takes longer than most tests.
inline const Keyring& keyring() {
  static const Keyring ring;
  return ring;
}

/// A chain, its links, and every key that may be needed to go on. Device 0 is the first.
struct ChainWorld {
  const Keyring& keys = keyring();
  std::vector<Bytes> links;
  AccountChain chain;

  explicit ChainWorld(std::optional<unsigned> recovery = std::nullopt)
      : links{genesis(keys, recovery)}, chain{AccountChain::from_genesis(links[0]).take()} {}

  static Bytes genesis(const Keyring& keys, std::optional<unsigned> recovery) {
    GenesisBody body{keys.entering(0), std::nullopt, {}, {}};
    if (!recovery) return create_link({}, body, unix_millis(1'000), keys.devices[0]);
    body.recovery = keys.recovery(*recovery);
    const LinkSigner accepting{keys.recoveries[*recovery]};
    return create_link({}, body, unix_millis(1'000), keys.devices[0], &accepting);
  }

  LinkSigner device(unsigned number) const { return keys.devices[number]; }
  LinkSigner recovery(unsigned number) const { return keys.recoveries[number]; }

  /// The next link, legal or not.
  Bytes link(LinkBody body, LinkSigner signer, std::optional<LinkSigner> accepting = {}) const {
    return link_at(next_place(chain), std::move(body), signer, accepting);
  }
  static Bytes link_at(const LinkPlace& place, LinkBody body, LinkSigner signer,
                       std::optional<LinkSigner> accepting = {}) {
    return create_link(place, std::move(body), unix_millis(1'000 + 10 * std::int64_t{place.seqno}),
                       signer, accepting ? &*accepting : nullptr);
  }
  Result<void, ChainFault> append(Bytes link) {
    auto verdict = chain.append(link);
    if (verdict.ok()) links.push_back(std::move(link));
    return verdict;
  }
  /// Appends a legal link.
  void grow(LinkBody body, LinkSigner signer, std::optional<LinkSigner> accepting = {}) {
    CHECK(append(link(std::move(body), signer, accepting)).ok());
  }
  void grow_add(unsigned number, Role role = Role::admin, unsigned approver = 0) {
    grow(AddBody{keys.entering(number, role)}, device(approver), device(number));
  }
};

/// Devices 0 and 1 are admins, 2 is a member, 3 was revoked, 4 was replaced by 5 (a member);
/// recovery key 0 was replaced by 1.
inline ChainWorld grown_world() {
  ChainWorld world{0U};
  world.grow_add(1);
  world.grow_add(2, Role::member, 1);
  world.grow_add(3);
  world.grow(RevokeBody{world.keys.id(3), RevokeReason::stolen}, world.device(0));
  world.grow_add(4, Role::member);
  world.grow(RekeyBody{world.keys.id(4), world.keys.entering(5, Role::member)}, world.device(4),
             world.device(5));
  world.grow(SetRecoveryBody{world.keys.recovery(1)}, world.recovery(0), world.recovery(1));
  return world;
}

inline DeviceKey with_other_suites(DeviceKey device) {
  device.entry.suites.push_back({kSuiteRatchet, Bytes{1, 2, 3}});
  device.entry.meta_commitment = numbered("name", 1);
  return device;
}

/// Everything that a chain says of itself, to compare.
inline std::string state_of(const AccountChain& chain) {
  std::string text = chain.account().hex() + " " + std::to_string(chain.seqno()) + " " +
                     chain.head().hex() + (chain.retired() ? " retired " : " ") +
                     chain.previous_account().hex();
  if (chain.recovery()) text += " recovery " + to_hex(*chain.recovery());
  for (const auto& veto : chain.vetoes()) text += " veto " + veto.hex();
  for (const auto& device : chain.devices()) {
    text += "\n" + device.id.hex() + " " + std::to_string(static_cast<unsigned>(device.role)) +
            " " + to_hex(device.sign_pk) + " " + to_hex(device.meta_commitment) + " " +
            std::to_string(device.added_at) + (device.by_recovery ? " by recovery" : "");
    for (const auto& [suite, key] : device.suites)
      text += " " + std::to_string(suite) + ":" + to_hex(key);
  }
  return text;
}

}  // namespace martlet::transparency
