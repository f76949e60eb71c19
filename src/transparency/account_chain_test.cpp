#include "transparency/account_chain.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "base/limits.h"
#include "transparency/chain_world.h"

namespace martlet::transparency {
namespace {

struct Acceptance {
  const char* name;
  std::function<Bytes(const ChainWorld&)> build;
  std::function<bool(const AccountChain&, const Keyring&)> holds;
};

using W = const ChainWorld&;
using C = const AccountChain&;
using K = const Keyring&;

// clang-format off
const Acceptance kAcceptances[] = {
    {"an admin adds an admin", [](W w) { return w.link(AddBody{w.keys.entering(6)}, w.device(1), w.device(6)); },
     [](C c, K k) { return c.find(k.id(6))->role == Role::admin && !c.find(k.id(6))->by_recovery; }},
    {"an admin adds a member", [](W w) { return w.link(AddBody{w.keys.entering(6, kMember)}, w.device(0), w.device(6)); },
     [](C c, K k) { return c.find(k.id(6))->role == kMember && c.find(k.id(6))->added_at == c.seqno(); }},
    {"the recovery key adds an admin", [](W w) { return w.link(AddBody{w.keys.entering(6)}, w.recovery(1), w.device(6)); },
     [](C c, K k) { return c.find(k.id(6))->by_recovery; }},
    {"an admin revokes an admin", [](W w) { return w.link(RevokeBody{w.keys.id(0), RevokeReason::lost}, w.device(1)); },
     [](C c, K k) { return c.find(k.id(0)) == nullptr && c.devices().size() == 3; }},
    {"the recovery key revokes an admin", [](W w) { return w.link(RevokeBody{w.keys.id(1), {}}, w.recovery(1)); },
     [](C c, K k) { return c.find(k.id(1)) == nullptr; }},
    {"a member leaves", [](W w) { return w.link(RevokeBody{w.keys.id(2), RevokeReason::left}, w.device(2)); },
     [](C c, K k) { return c.find(k.id(2)) == nullptr; }},
    {"the recovery key replaces itself", [](W w) { return w.link(SetRecoveryBody{w.keys.recovery(2)}, w.recovery(1), w.recovery(2)); },
     [](C c, K k) { return c.recovery() == k.recovery(2); }},
    {"a member rekeys", [](W w) { return w.link(RekeyBody{w.keys.id(2), w.keys.entering(6, kMember)}, w.device(2), w.device(6)); },
     [](C c, K k) { return c.find(k.id(2)) == nullptr && c.find(k.id(6))->added_at == 2; }},
    {"an admin changes suites and name", [](W w) { return w.link(RekeyBody{w.keys.id(0), with_other_suites(w.keys.entering(0))}, w.device(0)); },
     [](C c, K k) { return *suite_key(*c.find(k.id(0)), kSuiteRatchet) == Bytes{1, 2, 3} && c.find(k.id(0))->added_at == 0; }},
    {"a member vetoes", [](W w) { return w.link(VetoBody{AccountId{numbered("pending", 1)}}, w.device(2)); },
     [](C c, K) { return c.vetoes() == std::vector{AccountId{numbered("pending", 1)}}; }},
    {"the recovery key vetoes", [](W w) { return w.link(VetoBody{}, w.recovery(1)); },
     [](C c, K) { return c.vetoes().size() == 1; }},
    {"an admin retires the account", [](W w) { return w.link(RetireBody{}, w.device(1)); },
     [](C c, K) { return c.retired() && c.devices().size() == 4; }},
    {"the recovery key retires the account", [](W w) { return w.link(RetireBody{}, w.recovery(1)); },
     [](C c, K) { return c.retired(); }},
};
// clang-format on

TEST(AccountChain, AcceptsWhatEachMayDo) {
  const auto grown = grown_world();
  for (const auto& acceptance : kAcceptances) {
    SCOPED_TRACE(acceptance.name);
    auto chain = grown.chain;
    const auto link = acceptance.build(grown);
    const auto verdict = chain.append(link);
    ASSERT_TRUE(verdict.ok()) << name_of(verdict.error());
    EXPECT_TRUE(acceptance.holds(chain, grown.keys));
    EXPECT_EQ(chain.seqno(), grown.chain.seqno() + 1);
    EXPECT_EQ(chain.head(), parse_link(link).value().id());
    EXPECT_EQ(chain.account(), grown.chain.account());
  }
}

TEST(AccountChain, NothingFollowsARetirement) {
  auto world = grown_world();
  world.grow(RetireBody{}, world.device(0));
  const auto before = state_of(world.chain);
  for (const auto& acceptance : kAcceptances) {
    SCOPED_TRACE(acceptance.name);
    const auto verdict = world.chain.append(acceptance.build(world));
    ASSERT_FALSE(verdict.ok());
    EXPECT_EQ(verdict.error(), ChainFault::place);
    EXPECT_EQ(state_of(world.chain), before);
  }
}

// --- Genesis ---

TEST(AccountChain, StartsFromAGenesisLink) {
  const auto& key = keyring().devices[0];
  auto entry = classic_device_entry(Role::admin, numbered_classic_key(0));
  entry.meta_commitment = numbered("name", 0);
  const AccountId previous{numbered("previous", 0)};
  const std::array<std::uint8_t, 16> nonce{1, 2, 3};
  const auto link = create_genesis(key, entry, previous, nonce, unix_millis(1'700'000'000'000));
  const auto chain = AccountChain::from_genesis(link).take();
  EXPECT_EQ(chain.account().array(), parse_link(link).value().id().array());
  EXPECT_EQ(chain.pin(), (ChainPin{0, parse_link(link).value().id()}));
  EXPECT_EQ(chain.previous_account(), previous);
  EXPECT_FALSE(chain.recovery().has_value());
  EXPECT_FALSE(chain.retired());
  ASSERT_EQ(chain.devices().size(), 1U);
  const auto& device = chain.devices()[0];
  EXPECT_EQ(device.id, device_id_of(key.verifying_key()));
  EXPECT_EQ(device.meta_commitment, entry.meta_commitment);
  EXPECT_EQ(device.suites, entry.suites);
  ASSERT_NE(suite_key(device, kSuiteClassic), nullptr);
  EXPECT_EQ(*suite_key(device, kSuiteClassic), numbered_classic_key(0));
  EXPECT_EQ(suite_key(device, kSuiteRatchet), nullptr);
  EXPECT_EQ(chain.find(keyring().id(1)), nullptr);
  // The nonce alone makes another account.
  const std::array<std::uint8_t, 16> zeros{};
  const auto other = create_genesis(key, entry, previous, zeros, unix_millis(1'700'000'000'000));
  EXPECT_NE(AccountChain::from_genesis(other).value().account(), chain.account());
}

/// Every bit of a link counts: refused by `verdict`, whichever is changed.
template <class Verdict>
void refuse_every_bit(Bytes link, Verdict verdict) {
  ASSERT_TRUE(verdict(link));
  for (std::size_t bit = 0; bit < 8 * link.size(); ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
    link[bit / 8] ^= mask;
    ASSERT_FALSE(verdict(link)) << "bit " << bit;
    link[bit / 8] ^= mask;
  }
}

TEST(AccountChain, EveryBitOfAGenesisLinkCounts) {
  for (const auto recovery : {std::optional<unsigned>{}, std::optional{0U}}) {
    refuse_every_bit(ChainWorld::genesis(keyring(), recovery),
                     [](const Bytes& link) { return AccountChain::from_genesis(link).ok(); });
  }
}

TEST(AccountChain, EveryBitOfALinkOfAnyTypeCounts) {
  const auto grown = grown_world();
  std::set<LinkType> seen;
  for (const auto& acceptance : kAcceptances) {
    const auto whole = acceptance.build(grown);
    if (!seen.insert(parse_link(whole).value().fields.type()).second) continue;
    SCOPED_TRACE(acceptance.name);
    refuse_every_bit(whole, [&](const Bytes& link) {
      auto chain = grown.chain;
      return chain.append(link).ok();
    });
  }
  EXPECT_EQ(seen.size(), 6U);
}

TEST(AccountChain, EitherSOfASignatureGivesTheSameId) {
  // n of P-256, FIPS 186-5 (SP 800-186 section 3.2.1.3).
  const auto order =
      from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").take();
  const auto link = ChainWorld::genesis(keyring(), {});
  auto other = link;
  const auto s = other.end() - 1 - 32;
  int borrow = 0;
  for (std::ptrdiff_t i = 31; i >= 0; --i) {
    const int digit = order[static_cast<std::size_t>(i)] - s[i] - borrow;
    borrow = digit < 0 ? 1 : 0;
    s[i] = static_cast<std::uint8_t>(digit & 0xff);
  }
  ASSERT_NE(link, other);
  EXPECT_EQ(AccountChain::from_genesis(other).value().account(),
            AccountChain::from_genesis(link).value().account());
}

// --- Limits ---

TEST(AccountChain, HoldsSixteenDevices) {
  ChainWorld world{0U};
  for (unsigned i = 1; i < limits::kDevicesMax; ++i) world.grow_add(i);
  ASSERT_EQ(world.chain.devices().size(), 16U);
  const auto add = [&] {
    return world.append(
        world.link(AddBody{world.keys.entering(16)}, world.device(0), world.device(16)));
  };
  const auto verdict = add();
  ASSERT_FALSE(verdict.ok());
  EXPECT_EQ(verdict.error(), ChainFault::place);
  EXPECT_EQ(
      world
          .append(world.link(AddBody{world.keys.entering(16)}, world.recovery(0), world.device(16)))
          .error(),
      ChainFault::place);
  // A full chain still lets a device rekey.
  world.grow(RekeyBody{world.keys.id(3), world.keys.entering(17)}, world.device(3),
             world.device(17));
  world.grow(RevokeBody{world.keys.id(5), RevokeReason::replaced}, world.device(0));
  EXPECT_TRUE(add().ok()) << "one left, so one may come";
}

TEST(AccountChain, HoldsAThousandAndTwentyFourLinks) {
  ChainWorld world;
  while (world.links.size() < limits::kLinksMax) world.grow(VetoBody{}, world.device(0));
  EXPECT_EQ(world.chain.seqno(), 1'023U);
  EXPECT_EQ(world.chain.vetoes().size(), 1'023U);
  for (const auto& body : {LinkBody{VetoBody{}}, LinkBody{RetireBody{}}}) {
    const auto verdict = world.append(world.link(body, world.device(0)));
    ASSERT_FALSE(verdict.ok());
    EXPECT_EQ(verdict.error(), ChainFault::place);
  }
  auto links = world.links;
  EXPECT_TRUE(AccountChain::verify(links, world.chain.account(), world.chain.pin()).ok());
  links.push_back(world.link(VetoBody{}, world.device(0)));
  EXPECT_EQ(AccountChain::verify(links, {}, {}).error(), ChainFault::place);
}

// --- Recovery ---

TEST(AccountChain, AnAdminSetsTheFirstRecoveryKeyAndNoOther) {
  ChainWorld world;
  world.grow_add(1, kMember);
  const auto set = [&](unsigned number, LinkSigner signer) {
    return world.append(
        world.link(SetRecoveryBody{world.keys.recovery(number)}, signer, world.recovery(number)));
  };
  EXPECT_EQ(set(0, world.device(1)).error(), ChainFault::signer) << "a member";
  EXPECT_EQ(set(0, world.recovery(0)).error(), ChainFault::signer) << "itself";
  EXPECT_TRUE(set(0, world.device(0)).ok());
  EXPECT_EQ(set(1, world.device(0)).error(), ChainFault::signer) << "outranked now";
}

TEST(AccountChain, AnEmptyChainIsReopenedByTheRecoveryKeyAlone) {
  for (const bool recoverable_chain : {false, true}) {
    ChainWorld world{recoverable_chain ? std::optional{0U} : std::nullopt};
    world.grow(RevokeBody{world.keys.id(0), RevokeReason::lost}, world.device(0));
    EXPECT_TRUE(world.chain.devices().empty());
    const auto by_device =
        world.append(world.link(AddBody{world.keys.entering(1)}, world.device(0), world.device(1)));
    EXPECT_EQ(by_device.error(), ChainFault::signer);
    const auto by_recovery = world.append(
        world.link(AddBody{world.keys.entering(1)}, world.recovery(0), world.device(1)));
    EXPECT_EQ(by_recovery.ok(), recoverable_chain);
  }
}

TEST(AccountChain, ARekeyKeepsWhenAndHowTheDeviceCame) {
  ChainWorld world{0U};
  world.grow(AddBody{world.keys.entering(1)}, world.recovery(0), world.device(1));
  world.grow(VetoBody{}, world.device(0));
  world.grow(RekeyBody{world.keys.id(1), world.keys.entering(2)}, world.device(1), world.device(2));
  const auto* device = world.chain.find(world.keys.id(2));
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(device->added_at, 1U);
  EXPECT_TRUE(device->by_recovery);
  EXPECT_EQ(world.chain.find(world.keys.id(1)), nullptr);
  EXPECT_EQ(world.chain.devices().size(), 2U);
}

// --- Whole chains ---

TEST(AccountChain, VerifyAcceptsExactlyTheTruePins) {
  const auto world = grown_world();
  const auto fork = [] {  // the same first five links, then others
    auto other = grown_world();
    ChainWorld w{0U};
    for (std::size_t i = 1; i < 5; ++i) CHECK(w.append(other.links[i]).ok());
    while (w.links.size() < other.links.size()) w.grow(VetoBody{}, w.device(0));
    return w;
  }();
  std::vector<LinkId> ids;
  for (const auto& link : world.links) ids.push_back(parse_link(link).value().id());
  for (std::size_t length = 1; length <= world.links.size(); ++length) {
    const std::span prefix{world.links.data(), length};
    for (std::uint32_t seqno = 0; seqno <= world.links.size(); ++seqno) {
      for (std::size_t head = 0; head <= ids.size(); ++head) {
        const ChainPin pin{seqno, head < ids.size() ? ids[head] : fork.chain.head()};
        const auto chain = AccountChain::verify(prefix, world.chain.account(), pin);
        SCOPED_TRACE(testing::Message()
                     << length << " links, pin " << seqno << " to head " << head);
        if (seqno >= length) {
          ASSERT_EQ(chain.error(), ChainFault::rollback);
        } else if (seqno != head) {
          ASSERT_EQ(chain.error(), ChainFault::fork);
        } else {
          ASSERT_TRUE(chain.ok());
          ASSERT_EQ(chain.value().seqno(), length - 1);
        }
      }
    }
  }
  EXPECT_TRUE(AccountChain::verify(fork.links, world.chain.account(), ChainPin{4, ids[4]}).ok());
  EXPECT_EQ(AccountChain::verify(fork.links, world.chain.account(), ChainPin{5, ids[5]}).error(),
            ChainFault::fork);
}

TEST(AccountChain, VerifyNamesWhatIsWrongInOrder) {
  const auto world = grown_world();
  const AccountId other{numbered("account", 1)};
  const ChainPin far{99, world.chain.head()};
  EXPECT_EQ(AccountChain::verify({}, {}, {}).error(), ChainFault::malformed);
  EXPECT_EQ(AccountChain::verify(world.links, other, {}).error(), ChainFault::account);
  EXPECT_EQ(AccountChain::verify(world.links, other, far).error(), ChainFault::account);
  auto broken = world.links;
  broken.back().back() ^= 1U;
  EXPECT_EQ(AccountChain::verify(broken, other, far).error(), ChainFault::accept);
  std::swap(broken[1], broken[2]);
  EXPECT_EQ(AccountChain::verify(broken, {}, {}).error(), ChainFault::place);
  const std::vector<Bytes> late(world.links.begin() + 1, world.links.end());
  EXPECT_EQ(AccountChain::verify(late, {}, {}).error(), ChainFault::place);
  EXPECT_EQ(
      state_of(AccountChain::verify(world.links, world.chain.account(), world.chain.pin()).value()),
      state_of(world.chain));
}

TEST(AccountChain, ChecksHowTheDirectoryProvedItToEnd) {
  auto world = grown_world();
  const auto before = world.chain.pin();
  EXPECT_TRUE(world.chain.check_end(before, false).ok());
  EXPECT_EQ(world.chain.check_end(before, true).error(), ChainFault::head);
  EXPECT_EQ(world.chain.check_end({before.seqno + 1, before.head}, false).error(),
            ChainFault::head);
  EXPECT_EQ(world.chain.check_end({before.seqno, LinkId{}}, false).error(), ChainFault::head);
  world.grow(RetireBody{}, world.device(0));
  EXPECT_EQ(world.chain.check_end(before, false).error(), ChainFault::head);
  EXPECT_EQ(world.chain.check_end(world.chain.pin(), false).error(), ChainFault::head);
  EXPECT_TRUE(world.chain.check_end(world.chain.pin(), true).ok());
}

using F = ChainFault;

TEST(AccountChain, FaultsHaveTheNamesOfTheInteropTool) {
  const std::pair<ChainFault, const char*> names[] = {
      {F::malformed, "malformed"}, {F::place, "place"},   {F::signer, "signer"},
      {F::signature, "signature"}, {F::accept, "accept"}, {F::account, "head"},
      {F::rollback, "rollback"},   {F::fork, "fork"},     {F::head, "head"}};
  for (const auto& [fault, name] : names) EXPECT_STREQ(name_of(fault), name);
}

}  // namespace
}  // namespace martlet::transparency
