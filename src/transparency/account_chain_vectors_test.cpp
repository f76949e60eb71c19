#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "transparency/link_builder.h"

namespace martlet::transparency {
namespace {

using nlohmann::json;

const json& vectors() {
  static const json file = [] {
    std::ifstream in{MARTLET_SOURCE_DIR "/spec/vectors/account-chain.json"};
    return json::parse(in);
  }();
  return file;
}

Bytes bytes_at(const json& object, const char* name) {
  return from_hex(object.at(name).get<std::string>()).take();
}
template <class IdType>
IdType id_at(const json& object, const char* name) {
  return IdType::from(bytes_at(object, name)).take();
}
ChainPin pin_at(const json& object) {
  return {object.at("seqno").get<std::uint32_t>(), id_at<LinkId>(object, "head_hex")};
}
std::vector<Bytes> links_of(const json& test) {
  std::vector<Bytes> links;
  for (const auto& text : test.at("links_hex")) {
    links.push_back(from_hex(text.get<std::string>()).take());
  }
  return links;
}

/// As a client does: the links, the account, the pin, then how the directory proved it to end.
Result<AccountChain, ChainFault> verify(const json& test) {
  std::optional<AccountId> account;
  std::optional<ChainPin> pin;
  if (test.contains("account_hex")) account = id_at<AccountId>(test, "account_hex");
  if (test.contains("pin")) pin = pin_at(test.at("pin"));
  auto chain = TRY(AccountChain::verify(links_of(test), account, pin));
  if (test.contains("proven")) {
    const auto& proven = test.at("proven");
    TRY(chain.check_end(pin_at(proven), proven.at("retired").get<bool>()));
  }
  return chain;
}

void expect_devices(const std::vector<ChainDevice>& devices, const json& expected) {
  ASSERT_EQ(devices.size(), expected.size());
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto& device = devices[i];
    const auto& want = expected[i];
    EXPECT_EQ(device.id, id_at<DeviceId>(want, "id_hex"));
    EXPECT_EQ(static_cast<unsigned>(device.role), want.at("role").get<unsigned>());
    EXPECT_EQ(to_hex(device.sign_pk), want.at("sign_pk_hex"));
    EXPECT_EQ(device.added_at, want.at("added_at").get<std::uint32_t>());
    EXPECT_EQ(device.by_recovery, want.at("by_recovery").get<bool>());
    std::vector<unsigned> suites;
    for (const auto& suite : device.suites) suites.push_back(suite.suite);
    EXPECT_EQ(suites, want.at("suites").get<std::vector<unsigned>>());
    if (want.contains("meta_commitment_hex")) {
      EXPECT_EQ(to_hex(device.meta_commitment), want.at("meta_commitment_hex"));
    }
  }
}

void expect_state(const AccountChain& chain, const json& expected) {
  EXPECT_EQ(chain.account().hex(), expected.at("account_hex"));
  EXPECT_EQ(chain.pin(), (ChainPin{expected.at("seqno").get<std::uint32_t>(),
                                   id_at<LinkId>(expected, "head_hex")}));
  EXPECT_EQ(chain.retired(), expected.at("retired").get<bool>());
  EXPECT_EQ(chain.previous_account().hex(), expected.at("previous_account_hex"));
  EXPECT_EQ(chain.public_code(), expected.at("public_code"));
  EXPECT_EQ(chain.recovery() ? json(to_hex(*chain.recovery())) : json(),
            expected.at("recovery_hex"));
  json vetoes = json::array();
  for (const auto& veto : chain.vetoes()) vetoes.push_back(veto.hex());
  EXPECT_EQ(vetoes, expected.at("vetoes_hex"));
  expect_devices(chain.devices(), expected.at("devices"));
}

TEST(AccountChainVectors, EveryCase) {
  std::size_t accepted = 0;
  std::size_t refused = 0;
  for (const auto& test : vectors().at("cases")) {
    SCOPED_TRACE(test.at("comment").get<std::string>());
    const auto& expected = test.at("expect");
    const auto chain = verify(test);
    ASSERT_EQ(chain.ok(), expected.at("ok").get<bool>())
        << (chain.ok() ? "" : name_of(chain.error()));
    if (chain.ok()) {
      expect_state(chain.value(), expected);
    } else {
      EXPECT_EQ(name_of(chain.error()), expected.at("error"));
    }
    ++(chain.ok() ? accepted : refused);
  }
  EXPECT_GE(accepted, 4U);
  EXPECT_GE(refused, 50U);
}

TEST(AccountChainVectors, LinkIdsAndEncodings) {
  for (const auto& test : vectors().at("cases")) {
    const auto& expected = test.at("expect");
    if (!expected.contains("link_ids_hex")) continue;
    SCOPED_TRACE(test.at("comment").get<std::string>());
    const auto links = links_of(test);
    ASSERT_EQ(links.size(), expected.at("link_ids_hex").size());
    for (std::size_t i = 0; i < links.size(); ++i) {
      const auto link = parse_link(links[i]);
      ASSERT_TRUE(link.ok());
      EXPECT_EQ(link.value().id().hex(), expected.at("link_ids_hex")[i]);
      EXPECT_EQ(encode_tbs(link.value().fields), link.value().tbs);
    }
  }
}

TEST(AccountChainVectors, KeyIds) {
  const auto& keys = vectors().at("keys");
  for (const auto& device : keys.at("devices")) {
    const auto key = crypto::SigningKey::from_scalar(bytes_at(device, "secret_hex")).take();
    EXPECT_EQ(to_hex(key.verifying_key().compressed()), device.at("public_hex"));
    EXPECT_EQ(device_id_of(key.verifying_key()).hex(), device.at("key_id_hex"));
    EXPECT_EQ(to_hex(key_id_of(kAlgP256, bytes_at(device, "public_hex"))), device.at("key_id_hex"));
  }
  for (const auto& recovery : keys.at("recovery")) {
    EXPECT_EQ(to_hex(crypto::ed25519_public(bytes_at(recovery, "seed_hex"))),
              recovery.at("public_hex"));
    EXPECT_EQ(to_hex(key_id_of(kAlgEd25519, bytes_at(recovery, "public_hex"))),
              recovery.at("key_id_hex"));
  }
}

TEST(AccountChainVectors, DeviceNames) {
  for (const auto& name : vectors().at("device_name")) {
    const auto opening = id_at<LinkId>(name, "opening_hex").array();
    const auto commitment = device_name_commitment(opening, name.at("name").get<std::string>(),
                                                   name.at("platform").get<std::string>());
    EXPECT_EQ(to_hex(commitment.value()), name.at("commitment_hex"));
  }
}

}  // namespace
}  // namespace martlet::transparency
