#include "transparency/link.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/limits.h"
#include "base/writer.h"
#include "transparency/chain_world.h"

namespace martlet::transparency {
namespace {

// Offsets in an encoded link, spec/account-chain.md section 3.
constexpr std::size_t kTbs = 2;
constexpr std::size_t kTime = kTbs + 70;
constexpr std::size_t kBodyLength = kTbs + 110;
constexpr std::size_t kBody = kTbs + 112;
constexpr std::size_t kSuiteCount = kBody + 35;
constexpr std::size_t kRole = kSuiteCount + 4 + 172;
constexpr std::size_t kPresence = kRole + 33;

const Keyring& keys() { return keyring(); }

LinkFields fields_of(LinkBody body) {
  return {7, {}, {}, unix_millis(1'700'000'000'000), keys().id(0).array(), std::move(body)};
}

crypto::Signature some_signature(std::uint8_t byte) {
  crypto::Signature signature;
  signature.fill(byte);
  return signature;
}

Bytes encoded(LinkBody body) {
  return encode_link(encode_tbs(fields_of(std::move(body))), some_signature(1), std::nullopt);
}

Bytes example() { return encoded(GenesisBody{keys().entering(0), keys().recovery(0), {}, {}}); }

std::vector<LinkBody> one_of_each() {
  const auto device = keys().entering(1, Role::member);
  std::vector<LinkBody> bodies;
  bodies.push_back(GenesisBody{device, std::nullopt, AccountId{numbered("previous", 0)}, {}});
  bodies.push_back(AddBody{device});
  bodies.push_back(RevokeBody{keys().id(1), RevokeReason{200}});
  bodies.push_back(SetRecoveryBody{keys().recovery(0)});
  bodies.push_back(RekeyBody{keys().id(0), device});
  bodies.push_back(VetoBody{AccountId{numbered("pending", 0)}});
  bodies.push_back(RetireBody{});
  return bodies;
}

TEST(Link, EveryTypeParsesAndEncodesBackToTheSameBytes) {
  std::uint8_t type = 0;
  for (const auto& body : one_of_each()) {
    SCOPED_TRACE(int{++type});
    const auto bytes =
        encode_link(encode_tbs(fields_of(body)), some_signature(1), some_signature(2));
    const auto parsed = parse_link(bytes);
    ASSERT_TRUE(parsed.ok()) << parsed.error().reason.text;
    const auto& link = parsed.value();
    EXPECT_EQ(link.fields.type(), LinkType{type});
    EXPECT_EQ(link.fields.seqno, 7U);
    EXPECT_EQ(count_of(link.fields.time), 1'700'000'000'000);
    EXPECT_EQ(link.acceptance, some_signature(2));
    EXPECT_EQ(encode_tbs(link.fields), link.tbs);
    EXPECT_EQ(encode_link(link.tbs, link.signature, link.acceptance), bytes);
  }
}

TEST(Link, IdCoversTheTbsAndNotTheSignatures) {
  const auto tbs = encode_tbs(fields_of(RetireBody{}));
  const auto signed_once = parse_link(encode_link(tbs, some_signature(1), std::nullopt)).take();
  const auto signed_twice = parse_link(encode_link(tbs, some_signature(3), std::nullopt)).take();
  EXPECT_EQ(signed_once.id(), signed_twice.id());
  const std::array<std::uint8_t, 1> tag{0x10};
  EXPECT_EQ(signed_once.id().array(), crypto::sha256({tag, tbs}));
}

// --- Refusals ---

/// Puts bytes over the example's; the lengths stay.
std::function<Bytes()> with(std::size_t at, std::uint8_t value) {
  return [=] {
    auto bytes = example();
    bytes.at(at) = value;
    return bytes;
  };
}

/// A genesis link whose suites are these.
Bytes with_suites(std::vector<SuiteKey> suites) {
  auto device = keys().entering(0);
  device.entry.suites = std::move(suites);
  return encoded(AddBody{device});
}

Bytes with_classic(std::function<void(Bytes&)> change) {
  auto key = numbered_classic_key(0);
  change(key);
  return with_suites({{kSuiteClassic, key}});
}

/// A well-formed envelope around any body.
Bytes with_body(LinkType type, ByteView body) {
  Bytes tbs = encode_tbs(fields_of(RetireBody{}));
  tbs[1] = static_cast<std::uint8_t>(type);
  tbs[tbs.size() - 2] = static_cast<std::uint8_t>(body.size() >> 8U);
  tbs[tbs.size() - 1] = static_cast<std::uint8_t>(body.size());
  return encode_link(concat({tbs, body}), some_signature(1), std::nullopt);
}

Bytes resized_tbs(std::size_t total) {
  auto device = keys().entering(0);
  device.entry.suites = {{2, {}}, {3, Bytes(4'096)}, {4, Bytes(4'096)}, {5, Bytes(4'096)}};
  const auto base = encode_tbs(fields_of(AddBody{device})).size();
  device.entry.suites[0].key.resize(total - base);
  return encoded(AddBody{device});
}

Bytes signatures(std::size_t first, std::size_t second) {
  Writer out;
  out.prefixed_u16(encode_tbs(fields_of(RetireBody{})));
  out.prefixed_u8(Bytes(first)).prefixed_u8(Bytes(second));
  return std::move(out).take();
}

Bytes off_the_curve() {
  auto bytes = example();
  // Half of all x are on the curve: try until one is not.
  for (bytes[kBody + 34] = 0;
       crypto::VerifyingKey::from_point(ByteView{bytes}.subspan(kBody + 2, 33)).ok();
       ++bytes[kBody + 34]) {
  }
  return bytes;
}

struct Damage {
  const char* name;
  std::function<Bytes()> apply;
};

const Damage kDamages[] = {
    {"nothing there", [] { return Bytes{}; }},
    {"a length alone",
     [] {
       return Bytes{0, 112};
     }},
    {"an empty tbs",
     [] {
       return concat({Bytes{0, 0, 64}, Bytes(64), Bytes{0}});
     }},
    {"cut by one byte",
     [] {
       auto b = example();
       b.pop_back();
       return b;
     }},
    {"a byte behind",
     [] {
       auto b = example();
       b.push_back(0);
       return b;
     }},
    {"a byte behind the body", [] { return with_body(LinkType::retire, Bytes{0}); }},
    {"a byte behind the body's length",
     [] {
       auto tbs = encode_tbs(fields_of(RetireBody{}));
       tbs.push_back(0);
       return encode_link(tbs, some_signature(1), std::nullopt);
     }},
    {"version 0", with(kTbs, 0)},
    {"version 2", with(kTbs, 2)},
    {"type 0", [] { return with_body(LinkType{0}, {}); }},
    {"type 8", [] { return with_body(LinkType{8}, {}); }},
    {"type 255", [] { return with_body(LinkType{255}, {}); }},
    {"a time of 2^63", with(kTime, 0x80)},
    {"a time of all ones", with(kTime, 0xff)},
    {"a body longer than the link", with(kBodyLength, 0xff)},
    {"no signature", [] { return signatures(0, 0); }},
    {"a signature of 63 bytes", [] { return signatures(63, 0); }},
    {"a signature of 65 bytes", [] { return signatures(65, 0); }},
    {"a signature of 255 bytes", [] { return signatures(255, 0); }},
    {"an acceptance of 1 byte", [] { return signatures(64, 1); }},
    {"an acceptance of 63 bytes", [] { return signatures(64, 63); }},
    {"an acceptance of 65 bytes", [] { return signatures(64, 65); }},
    {"tbs of 16,385 bytes", [] { return resized_tbs(16'385); }},
    {"device key of algorithm 0", with(kBody, 0)},
    {"device key of Ed25519", with(kBody, 1)},
    {"device key of algorithm 3", with(kBody, 3)},
    {"device key of 32 bytes", with(kBody + 1, 32)},
    {"device key of no bytes", with(kBody + 1, 0)},
    {"device key that starts like an uncompressed one", with(kBody + 2, 4)},
    {"device key at infinity", with(kBody + 2, 0)},
    {"device key in the hybrid form", with(kBody + 2, 6)},
    {"device key off the curve", off_the_curve},
    {"device key with x not below p",
     [] {
       auto bytes = example();
       std::fill_n(bytes.begin() + kBody + 3, 32, std::uint8_t{0xff});
       return bytes;
     }},
    {"device key uncompressed",
     [] {
       Writer body;
       body.u8(kAlgP256).prefixed_u8(keys().devices[0].verifying_key().uncompressed());
       body.u8(1).u8(2).prefixed_u16({}).u8(1).bytes(Digest{});
       return with_body(LinkType::add, body.view());
     }},
    {"no suite", [] { return with_suites({}); }},
    {"nine suites",
     [] {
       std::vector<SuiteKey> suites;
       for (std::uint8_t i = 2; i < 11; ++i) suites.push_back({i, {}});
       return with_suites(suites);
     }},
    {"255 suites", with(kSuiteCount, 255)},
    {"suite 0",
     [] {
       return with_suites({{0, {}}});
     }},
    {"suites descending",
     [] {
       return with_suites({{3, {}}, {2, {}}});
     }},
    {"a suite twice",
     [] {
       return with_suites({{2, {}}, {2, {}}});
     }},
    {"a suite key of 4,097 bytes",
     [] {
       return with_suites({{2, Bytes(4'097)}});
     }},
    {"a suite key longer than the link", with(kSuiteCount + 2, 0xff)},
    {"an empty classic key",
     [] {
       return with_suites({{kSuiteClassic, {}}});
     }},
    {"a classic key of 171 bytes", [] { return with_classic([](Bytes& k) { k.pop_back(); }); }},
    {"a classic key of 173 bytes", [] { return with_classic([](Bytes& k) { k.push_back(0); }); }},
    {"a classic key with another sequence length",
     [] { return with_classic([](Bytes& k) { ++k[2]; }); }},
    {"a classic key with a negative modulus",
     [] { return with_classic([](Bytes& k) { k[6] = 1; }); }},
    {"a classic key with e = 3", [] { return with_classic([](Bytes& k) { k[171] = 3; }); }},
    {"a classic modulus of 1,279 bits",
     [] { return with_classic([](Bytes& k) { k[7] &= 0x7f; }); }},
    {"an even classic modulus", [] { return with_classic([](Bytes& k) { k[166] &= 0xfe; }); }},
    {"role 0", with(kRole, 0)},
    {"role 3", with(kRole, 3)},
    {"presence 2", with(kPresence, 2)},
    {"presence 255", with(kPresence, 255)},
    {"presence 0 and a recovery key", with(kPresence, 0)},
    {"presence 1 and no recovery key",
     [] {
       auto bytes = encoded(GenesisBody{keys().entering(0), std::nullopt, {}, {}});
       bytes.at(kPresence) = 1;
       return bytes;
     }},
    {"recovery key of P-256", with(kPresence + 1, 2)},
    {"recovery key of algorithm 0", with(kPresence + 1, 0)},
    {"recovery key of 31 bytes", with(kPresence + 2, 31)},
    {"recovery key of 33 bytes", with(kPresence + 2, 33)},
    {"empty genesis", [] { return with_body(LinkType::genesis, {}); }},
    {"empty add", [] { return with_body(LinkType::add, {}); }},
    {"empty revoke", [] { return with_body(LinkType::revoke, {}); }},
    {"revoke without a reason", [] { return with_body(LinkType::revoke, Bytes(32)); }},
    {"revoke with two reasons", [] { return with_body(LinkType::revoke, Bytes(34)); }},
    {"empty set recovery", [] { return with_body(LinkType::set_recovery, {}); }},
    {"set recovery without an algorithm",
     [] { return with_body(LinkType::set_recovery, Bytes(32)); }},
    {"rekey without a key", [] { return with_body(LinkType::rekey, Bytes(32)); }},
    {"veto of 31 bytes", [] { return with_body(LinkType::veto, Bytes(31)); }},
    {"veto of 33 bytes", [] { return with_body(LinkType::veto, Bytes(33)); }},
};

TEST(Link, RefusesEveryDamage) {
  ASSERT_TRUE(parse_link(example()).ok());
  for (const auto& damage : kDamages) {
    SCOPED_TRACE(damage.name);
    const auto parsed = parse_link(damage.apply());
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().failure, Failure::malformed);
  }
}

TEST(Link, RefusesEveryCutAndEveryAddition) {
  for (const auto& body : one_of_each()) {
    auto bytes = encoded(body);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      ASSERT_FALSE(parse_link(ByteView{bytes}.first(size)).ok()) << size;
    }
    ASSERT_TRUE(parse_link(bytes).ok());
    bytes.push_back(0);
    ASSERT_FALSE(parse_link(bytes).ok());
  }
}

TEST(Link, TakesWhatIsJustWithinItsLimits) {
  EXPECT_TRUE(parse_link(resized_tbs(limits::kLinkTbsBytesMax)).ok());
  EXPECT_TRUE(parse_link(with_suites({{2, Bytes(4'096)}})).ok());
  EXPECT_TRUE(parse_link(with_suites({{255, {}}})).ok()) << "unknown suites are kept";
  std::vector<SuiteKey> eight;
  for (std::uint8_t i = 2; i < 10; ++i) eight.push_back({i, {}});
  const auto parsed = parse_link(with_suites(eight));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(std::get<AddBody>(parsed.value().fields.body).device.entry.suites, eight);
  EXPECT_TRUE(parse_link(with(kTime, 0x7f)()).ok());
}

// --- Device entries ---

TEST(DeviceEntry, FindsTheKeyOfASuite) {
  const auto entry = classic_device_entry(Role::member, numbered_classic_key(1));
  ASSERT_NE(suite_key(entry.suites, kSuiteClassic), nullptr);
  EXPECT_EQ(*suite_key(entry.suites, kSuiteClassic), numbered_classic_key(1));
  EXPECT_EQ(suite_key(entry.suites, kSuiteRatchet), nullptr);
  EXPECT_EQ(suite_key(std::vector<SuiteKey>{}, kSuiteClassic), nullptr);
  EXPECT_EQ(entry.role, Role::member);
  EXPECT_EQ(entry.meta_commitment, Digest{});
}

TEST(DeviceEntry, ANameHasAtMost255Bytes) {
  const Digest opening{};
  const std::string longest(255, 'n');
  EXPECT_TRUE(device_name_commitment(opening, longest, longest).ok());
  for (const auto& result : {device_name_commitment(opening, longest + "n", ""),
                             device_name_commitment(opening, "", longest + "n")}) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().failure, Failure::limit_reached);
  }
  // The lengths keep a name from running into the platform.
  EXPECT_NE(device_name_commitment(opening, "ab", "c").value(),
            device_name_commitment(opening, "a", "bc").value());
}

}  // namespace
}  // namespace martlet::transparency
