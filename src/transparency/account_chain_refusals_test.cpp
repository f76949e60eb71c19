#include <gtest/gtest.h>

#include <functional>

#include "transparency/chain_world.h"

/// Every way to break a rule, with the fault that must be named.
namespace martlet::transparency {
namespace {

/// A link with one field of its place changed.
Bytes misplaced(const ChainWorld& w, std::function<void(LinkPlace&)> change) {
  auto place = next_place(w.chain);
  change(place);
  return ChainWorld::link_at(place, VetoBody{}, w.device(0));
}

Bytes signed_by(const ChainWorld& w, LinkBody body, const Digest& named, LinkSigner signer,
                std::optional<LinkSigner> accepting = {}) {
  const auto tbs = create_tbs(next_place(w.chain), named, std::move(body), unix_millis(1));
  std::optional<crypto::Signature> acceptance;
  if (accepting) acceptance = accepting->accept(tbs);
  return encode_link(tbs, signer.sign(tbs), acceptance);
}

/// A link of device 0 whose signature field is made by `make` from the tbs.
Bytes with_signature(const ChainWorld& w, std::function<crypto::Signature(ByteView)> make) {
  const auto tbs =
      create_tbs(next_place(w.chain), w.keys.id(0).array(), VetoBody{}, unix_millis(1));
  return encode_link(tbs, make(tbs), std::nullopt);
}

struct Refusal {
  const char* name;
  ChainFault fault;
  std::function<Bytes(const ChainWorld&)> build;
};

using W = const ChainWorld&;
using F = ChainFault;

// clang-format off
const Refusal kRefusals[] = {
    // Syntax comes first, whatever else is wrong.
    {"nothing", F::malformed, [](W) { return Bytes{}; }},
    {"a trailing byte", F::malformed, [](W w) { auto b = w.link(VetoBody{}, w.device(0)); b.push_back(0); return b; }},
    {"a trailing byte on a misplaced link", F::malformed, [](W w) { auto b = misplaced(w, [](LinkPlace& p) { p.seqno = 9'999; }); b.push_back(0); return b; }},

    // Place.
    {"the genesis link again", F::place, [](W w) { return w.links[0]; }},
    {"the head again", F::place, [](W w) { return w.links.back(); }},
    {"another genesis link in the right place", F::place, [](W w) { return w.link(GenesisBody{w.keys.entering(0), {}, {}, {}}, w.device(0)); }},
    {"the same number as the head", F::place, [](W w) { return misplaced(w, [](LinkPlace& p) { --p.seqno; }); }},
    {"a number left out", F::place, [](W w) { return misplaced(w, [](LinkPlace& p) { ++p.seqno; }); }},
    {"the largest number", F::place, [](W w) { return misplaced(w, [](LinkPlace& p) { p.seqno = 0xffffffff; }); }},
    {"behind the genesis link", F::place, [](W w) { return misplaced(w, [&](LinkPlace& p) { p.prev = parse_link(w.links[0]).value().id(); }); }},
    {"behind nothing", F::place, [](W w) { return misplaced(w, [](LinkPlace& p) { p.prev = {}; }); }},
    {"of another account", F::place, [](W w) { return misplaced(w, [](LinkPlace& p) { p.account = AccountId{numbered("account", 1)}; }); }},
    {"of no account", F::place, [](W w) { return misplaced(w, [](LinkPlace& p) { p.account = {}; }); }},
    {"misplaced, and by a stranger", F::place, [](W w) { auto p = next_place(w.chain); ++p.seqno; return ChainWorld::link_at(p, VetoBody{}, w.device(9)); }},

    // Signer: unknown.
    {"a stranger adds himself", F::signer, [](W w) { return w.link(AddBody{w.keys.entering(6)}, w.device(6), w.device(6)); }},
    {"a stranger adds another", F::signer, [](W w) { return w.link(AddBody{w.keys.entering(6)}, w.device(9), w.device(6)); }},
    {"a revoked device adds", F::signer, [](W w) { return w.link(AddBody{w.keys.entering(6)}, w.device(3), w.device(6)); }},
    {"a revoked device adds itself", F::signer, [](W w) { return w.link(AddBody{w.keys.entering(3)}, w.device(3), w.device(3)); }},
    {"a revoked device vetoes", F::signer, [](W w) { return w.link(VetoBody{}, w.device(3)); }},
    {"a revoked device revokes an admin", F::signer, [](W w) { return w.link(RevokeBody{w.keys.id(0), {}}, w.device(3)); }},
    {"a replaced key vetoes", F::signer, [](W w) { return w.link(VetoBody{}, w.device(4)); }},
    {"a replaced key rekeys back", F::signer, [](W w) { return w.link(RekeyBody{w.keys.id(4), w.keys.entering(6, kMember)}, w.device(4), w.device(6)); }},
    {"a replaced recovery key adds", F::signer, [](W w) { return w.link(AddBody{w.keys.entering(6)}, w.recovery(0), w.device(6)); }},
    {"a replaced recovery key replaces the present one", F::signer, [](W w) { return w.link(SetRecoveryBody{w.keys.recovery(2)}, w.recovery(0), w.recovery(2)); }},
    {"a recovery key that is not yet there", F::signer, [](W w) { return w.link(SetRecoveryBody{w.keys.recovery(2)}, w.recovery(2), w.recovery(2)); }},
    {"nobody signs", F::signer, [](W w) { return signed_by(w, VetoBody{}, Digest{}, w.device(0)); }},
    {"the id of a device with the algorithm of a recovery key", F::signer, [](W w) {
       return signed_by(w, VetoBody{}, key_id_of(kAlgEd25519, w.keys.devices[0].verifying_key().compressed()), w.device(0)); }},

    // Signature.
    {"another admin's signature", F::signature, [](W w) { return signed_by(w, VetoBody{}, w.keys.id(0).array(), w.device(1)); }},
    {"a device signs for the recovery key", F::signature, [](W w) { return signed_by(w, VetoBody{}, w.recovery(1).key_id(), w.device(0)); }},
    {"the recovery key signs for a device", F::signature, [](W w) { return signed_by(w, VetoBody{}, w.keys.id(0).array(), w.recovery(1)); }},
    {"an acceptance in place of a signature", F::signature, [](W w) { return with_signature(w, [&](ByteView tbs) { return w.device(0).accept(tbs); }); }},
    {"the signature of other bytes", F::signature, [](W w) { return with_signature(w, [&](ByteView) { return w.device(0).sign(Bytes{1}); }); }},
    {"a signature of zeros", F::signature, [](W w) { return with_signature(w, [](ByteView) { return crypto::Signature{}; }); }},
    {"a signature of ones", F::signature, [](W w) { return with_signature(w, [](ByteView) { crypto::Signature s; s.fill(0xff); return s; }); }},
    {"r of zero", F::signature, [](W w) { return with_signature(w, [&](ByteView tbs) { auto s = w.device(0).sign(tbs); std::fill_n(s.begin(), 32, std::uint8_t{0}); return s; }); }},
    {"s of zero", F::signature, [](W w) { return with_signature(w, [&](ByteView tbs) { auto s = w.device(0).sign(tbs); std::fill_n(s.begin() + 32, 32, std::uint8_t{0}); return s; }); }},
    {"r and s swapped", F::signature, [](W w) { return with_signature(w, [&](ByteView tbs) { auto s = w.device(0).sign(tbs); std::rotate(s.begin(), s.begin() + 32, s.end()); return s; }); }},
    {"badly signed by one without the right", F::signature, [](W w) { return signed_by(w, AddBody{w.keys.entering(6)}, w.keys.id(2).array(), w.device(0), w.device(6)); }},
    {"badly signed, and nobody accepts", F::signature, [](W w) { return signed_by(w, AddBody{w.keys.entering(6)}, w.keys.id(0).array(), w.device(1)); }},

    // Signer: without the right.
    {"a member adds", F::signer, [](W w) { return w.link(AddBody{w.keys.entering(6, kMember)}, w.device(2), w.device(6)); }},
    {"a member adds a key used before", F::signer, [](W w) { return w.link(AddBody{w.keys.entering(3)}, w.device(2), w.device(3)); }},
    {"a member revokes an admin", F::signer, [](W w) { return w.link(RevokeBody{w.keys.id(0), {}}, w.device(2)); }},
    {"a member revokes a member", F::signer, [](W w) { return w.link(RevokeBody{w.keys.id(5), {}}, w.device(2)); }},
    {"a member revokes nobody", F::signer, [](W w) { return w.link(RevokeBody{w.keys.id(9), {}}, w.device(2)); }},
    {"a member retires the account", F::signer, [](W w) { return w.link(RetireBody{}, w.device(2)); }},
    {"a member replaces the recovery key", F::signer, [](W w) { return w.link(SetRecoveryBody{w.keys.recovery(2)}, w.device(2), w.recovery(2)); }},
    {"an admin replaces the recovery key", F::signer, [](W w) { return w.link(SetRecoveryBody{w.keys.recovery(2)}, w.device(0), w.recovery(2)); }},
    {"an admin sets a former recovery key", F::signer, [](W w) { return w.link(SetRecoveryBody{w.keys.recovery(0)}, w.device(0), w.recovery(0)); }},
    {"an admin rekeys another admin", F::signer, [](W w) { return w.link(RekeyBody{w.keys.id(1), w.keys.entering(6)}, w.device(0), w.device(6)); }},
    {"an admin rekeys a member", F::signer, [](W w) { return w.link(RekeyBody{w.keys.id(2), w.keys.entering(6, kMember)}, w.device(0), w.device(6)); }},
    {"the recovery key rekeys a device", F::signer, [](W w) { return w.link(RekeyBody{w.keys.id(0), w.keys.entering(6)}, w.recovery(1), w.device(6)); }},
    {"a rekey of nobody", F::signer, [](W w) { return w.link(RekeyBody{w.keys.id(9), w.keys.entering(6)}, w.device(0), w.device(6)); }},
    {"a rekey of a revoked device by an admin", F::signer, [](W w) { return w.link(RekeyBody{w.keys.id(3), w.keys.entering(6)}, w.device(0), w.device(6)); }},
    {"a rekey of the recovery key's id", F::signer, [](W w) { return w.link(RekeyBody{DeviceId{w.recovery(1).key_id()}, w.keys.entering(6)}, w.recovery(1), w.device(6)); }},
    {"a member becomes an admin with a new key", F::signer, [](W w) { return w.link(RekeyBody{w.keys.id(2), w.keys.entering(6)}, w.device(2), w.device(6)); }},
    {"a member becomes an admin with its key", F::signer, [](W w) { return w.link(RekeyBody{w.keys.id(2), w.keys.entering(2)}, w.device(2)); }},
    {"an admin becomes a member", F::signer, [](W w) { return w.link(RekeyBody{w.keys.id(1), w.keys.entering(6, kMember)}, w.device(1), w.device(6)); }},

    // Rules.
    {"a revoked key comes back", F::place, [](W w) { return w.link(AddBody{w.keys.entering(3)}, w.device(0), w.device(3)); }},
    {"a revoked key comes back with the recovery key", F::place, [](W w) { return w.link(AddBody{w.keys.entering(3)}, w.recovery(1), w.device(3)); }},
    {"a replaced key comes back", F::place, [](W w) { return w.link(AddBody{w.keys.entering(4)}, w.device(0), w.device(4)); }},
    {"a present key enters again", F::place, [](W w) { return w.link(AddBody{w.keys.entering(2, kMember)}, w.device(0), w.device(2)); }},
    {"an admin adds itself again", F::place, [](W w) { return w.link(AddBody{w.keys.entering(0)}, w.device(0), w.device(0)); }},
    {"a used key that has not accepted", F::place, [](W w) { return w.link(AddBody{w.keys.entering(3)}, w.device(0)); }},
    {"a rekey to a revoked key", F::place, [](W w) { return w.link(RekeyBody{w.keys.id(0), w.keys.entering(3)}, w.device(0), w.device(3)); }},
    {"a rekey to another device's key", F::place, [](W w) { return w.link(RekeyBody{w.keys.id(0), w.keys.entering(1)}, w.device(0), w.device(1)); }},
    {"a rekey to the key before", F::place, [](W w) { return w.link(RekeyBody{w.keys.id(5), w.keys.entering(4, kMember)}, w.device(5), w.device(4)); }},
    {"a revoke of nobody", F::place, [](W w) { return w.link(RevokeBody{w.keys.id(9), {}}, w.device(0)); }},
    {"a revoke of a revoked device", F::place, [](W w) { return w.link(RevokeBody{w.keys.id(3), {}}, w.device(0)); }},
    {"a revoke of a replaced key", F::place, [](W w) { return w.link(RevokeBody{w.keys.id(4), {}}, w.recovery(1)); }},
    {"a revoke of the recovery key", F::place, [](W w) { return w.link(RevokeBody{DeviceId{w.recovery(1).key_id()}, {}}, w.device(0)); }},
    {"the present recovery key again", F::place, [](W w) { return w.link(SetRecoveryBody{w.keys.recovery(1)}, w.recovery(1), w.recovery(1)); }},
    {"a former recovery key again", F::place, [](W w) { return w.link(SetRecoveryBody{w.keys.recovery(0)}, w.recovery(1), w.recovery(0)); }},

    // Acceptance: missing, wrong, stray.
    {"an add that nobody accepts", F::accept, [](W w) { return w.link(AddBody{w.keys.entering(6)}, w.device(0)); }},
    {"an add that the approver accepts", F::accept, [](W w) { return w.link(AddBody{w.keys.entering(6)}, w.device(0), w.device(0)); }},
    {"an add that another key accepts", F::accept, [](W w) { return w.link(AddBody{w.keys.entering(6)}, w.device(0), w.device(7)); }},
    {"an add by the recovery key that nobody accepts", F::accept, [](W w) { return w.link(AddBody{w.keys.entering(6)}, w.recovery(1)); }},
    {"an add that the recovery key accepts", F::accept, [](W w) { return w.link(AddBody{w.keys.entering(6)}, w.recovery(1), w.recovery(1)); }},
    {"an acceptance under the context of a link", F::accept, [](W w) {
       const auto tbs = create_tbs(next_place(w.chain), w.keys.id(0).array(), AddBody{w.keys.entering(6)}, unix_millis(1));
       return encode_link(tbs, w.device(0).sign(tbs), w.device(6).sign(tbs)); }},
    {"an acceptance of another link", F::accept, [](W w) {
       const auto tbs = create_tbs(next_place(w.chain), w.keys.id(0).array(), AddBody{w.keys.entering(6)}, unix_millis(1));
       auto other = tbs; other[1] = 5;
       return encode_link(tbs, w.device(0).sign(tbs), w.device(6).accept(other)); }},
    {"an acceptance of zeros", F::accept, [](W w) {
       const auto tbs = create_tbs(next_place(w.chain), w.keys.id(0).array(), AddBody{w.keys.entering(6)}, unix_millis(1));
       return encode_link(tbs, w.device(0).sign(tbs), crypto::Signature{}); }},
    {"a new recovery key that has not accepted", F::accept, [](W w) { return w.link(SetRecoveryBody{w.keys.recovery(2)}, w.recovery(1)); }},
    {"a new recovery key that the present one accepts", F::accept, [](W w) { return w.link(SetRecoveryBody{w.keys.recovery(2)}, w.recovery(1), w.recovery(1)); }},
    {"a new recovery key that a device accepts", F::accept, [](W w) { return w.link(SetRecoveryBody{w.keys.recovery(2)}, w.recovery(1), w.device(0)); }},
    {"a rekey that nobody accepts", F::accept, [](W w) { return w.link(RekeyBody{w.keys.id(0), w.keys.entering(6)}, w.device(0)); }},
    {"a rekey that the old key accepts", F::accept, [](W w) { return w.link(RekeyBody{w.keys.id(0), w.keys.entering(6)}, w.device(0), w.device(0)); }},
    {"a rekey that keeps its key, accepted", F::accept, [](W w) { return w.link(RekeyBody{w.keys.id(0), with_other_suites(w.keys.entering(0))}, w.device(0), w.device(0)); }},
    {"a revoke, accepted", F::accept, [](W w) { return w.link(RevokeBody{w.keys.id(1), {}}, w.device(0), w.device(1)); }},
    {"a veto, accepted", F::accept, [](W w) { return w.link(VetoBody{}, w.device(0), w.device(0)); }},
    {"a retirement, accepted", F::accept, [](W w) { return w.link(RetireBody{}, w.device(0), w.recovery(1)); }},
};
// clang-format on

TEST(AccountChainRefusals, RefusesWithTheFirstFaultAndStaysAsItWas) {
  auto world = grown_world();
  const auto before = state_of(world.chain);
  for (const auto& refusal : kRefusals) {
    SCOPED_TRACE(refusal.name);
    const auto verdict = world.chain.append(refusal.build(world));
    ASSERT_FALSE(verdict.ok());
    EXPECT_STREQ(name_of(verdict.error()), name_of(refusal.fault));
    ASSERT_EQ(state_of(world.chain), before);
  }
  // Nothing of them is remembered: the keys they named may still enter.
  for (const unsigned fresh : {6U, 7U, 9U}) world.grow_add(fresh);
  world.grow(SetRecoveryBody{world.keys.recovery(2)}, world.recovery(1), world.recovery(2));
}

// --- Genesis ---

struct GenesisRefusal {
  const char* name;
  ChainFault fault;
  std::function<Bytes()> build;
};

GenesisBody genesis_body(Role role = Role::admin) {
  return {keyring().entering(0, role), {}, {}, {}};
}

Bytes genesis_at(const LinkPlace& place) {
  return create_link(place, genesis_body(), unix_millis(1), keyring().devices[0]);
}
Bytes genesis_by(GenesisBody body, LinkSigner signer, std::optional<LinkSigner> accepting = {}) {
  return ChainWorld::link_at({}, std::move(body), signer, accepting);
}
GenesisBody recoverable() {
  auto body = genesis_body();
  body.recovery = keyring().recovery(0);
  return body;
}

// clang-format off
const GenesisRefusal kGenesisRefusals[] = {
    {"nothing", F::malformed, [] { return Bytes{}; }},
    {"number 1", F::place, [] { LinkPlace place; place.seqno = 1; return genesis_at(place); }},
    {"an account", F::place, [] { LinkPlace place; place.account = AccountId{numbered("account", 1)}; return genesis_at(place); }},
    {"a link before it", F::place, [] { LinkPlace place; place.prev = LinkId{numbered("link", 1)}; return genesis_at(place); }},
    {"an add link", F::place, [] { return ChainWorld::link_at({}, AddBody{keyring().entering(0)}, keyring().devices[0], keyring().devices[0]); }},
    {"a retirement", F::place, [] { return ChainWorld::link_at({}, RetireBody{}, keyring().devices[0]); }},
    {"another device signs", F::signer, [] { return genesis_by(genesis_body(), keyring().devices[1]); }},
    {"its recovery key signs", F::signer, [] { return genesis_by(recoverable(), keyring().recoveries[0], keyring().recoveries[0]); }},
    {"a member", F::signer, [] { return genesis_by(genesis_body(Role::member), keyring().devices[0]); }},
    {"another device's signature", F::signature, [] {
       const auto tbs = create_tbs({}, keyring().id(0).array(), genesis_body(), unix_millis(1));
       return encode_link(tbs, LinkSigner{keyring().devices[1]}.sign(tbs), std::nullopt); }},
    {"a member with a bad signature", F::signature, [] {
       const auto tbs = create_tbs({}, keyring().id(0).array(), genesis_body(Role::member), unix_millis(1));
       return encode_link(tbs, crypto::Signature{}, std::nullopt); }},
    {"a recovery key that has not accepted", F::accept, [] { return genesis_by(recoverable(), keyring().devices[0]); }},
    {"a recovery key that the device accepts", F::accept, [] { return genesis_by(recoverable(), keyring().devices[0], keyring().devices[0]); }},
    {"a recovery key that another accepts", F::accept, [] { return genesis_by(recoverable(), keyring().devices[0], keyring().recoveries[1]); }},
    {"a stray acceptance", F::accept, [] { return genesis_by(genesis_body(), keyring().devices[0], keyring().devices[0]); }},
    {"a recovery key's stray acceptance", F::accept, [] { return genesis_by(genesis_body(), keyring().devices[0], keyring().recoveries[0]); }},
};
// clang-format on

TEST(AccountChainRefusals, RefusesEveryWrongGenesis) {
  for (const auto& refusal : kGenesisRefusals) {
    SCOPED_TRACE(refusal.name);
    const auto chain = AccountChain::from_genesis(refusal.build());
    ASSERT_FALSE(chain.ok());
    EXPECT_STREQ(name_of(chain.error()), name_of(refusal.fault));
  }
}

}  // namespace
}  // namespace martlet::transparency
