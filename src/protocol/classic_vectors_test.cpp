// spec/vectors/classic.json, which other implementations are built against.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "crypto/hash.h"
#include "protocol/classic_forgery.h"

namespace martlet::protocol::classic {
namespace {

using nlohmann::json;

Bytes hex(const json& value) { return from_hex(value.get<std::string>()).value(); }

Digest digest(const json& value) {
  const auto bytes = hex(value);
  Digest out;
  EXPECT_EQ(bytes.size(), out.size());
  std::ranges::copy(bytes, out.begin());
  return out;
}

class ClassicVectors : public testing::Test {
 protected:
  static const json& vectors() {
    static const json parsed = [] {
      std::ifstream in{MARTLET_SOURCE_DIR "/spec/vectors/classic.json"};
      return json::parse(in);
    }();
    return parsed;
  }
  static const Party& party(const json& name) {
    static const auto parties = [] {
      std::map<std::string, Party> made;
      for (const auto& device : vectors().at("devices")) {
        auto signing = crypto::SigningKey::from_pem(device.at("signing_pem").get<std::string>());
        auto encryption =
            crypto::ClassicDecryptionKey::from_pem(device.at("encryption_pem").get<std::string>());
        Identity identity{signing.value().verifying_key(), encryption.value().encryption_key()};
        made.emplace(device.at("name").get<std::string>(),
                     Party{std::move(signing).take(), std::move(encryption).take(), identity});
      }
      return made;
    }();
    return parties.at(name.get<std::string>());
  }
  static Result<crypto::Plaintext, Refusal> opened(const json& vector) {
    const auto& receiver = party(vector.at("receiver"));
    return open(receiver.encryption, receiver.identity, party(vector.at("sender")).identity,
                hex(vector.at("envelope_hex")));
  }
};

TEST_F(ClassicVectors, Identities) {
  ASSERT_EQ(vectors().at("devices").size(), 3U);
  for (const auto& device : vectors().at("devices")) {
    const auto& identity = party(device.at("name")).identity;
    EXPECT_EQ(identity.der(), hex(device.at("directory_hex")));
    EXPECT_EQ(identity.hash(), digest(device.at("identity_hash_hex")));
  }
}

TEST_F(ClassicVectors, KnownAnswers) {
  ASSERT_EQ(vectors().at("known_answers").size(), 5U);
  for (const auto& answer : vectors().at("known_answers")) {
    SCOPED_TRACE(answer.at("comment"));
    const auto salt = hex(answer.at("salt_hex"));
    const auto plain = hex(answer.at("plain_hex"));
    const auto tag = tag_of(salt, plain, digest(answer.at("sender_hash_hex")),
                            digest(answer.at("receiver_hash_hex")));
    EXPECT_EQ(copy_of(tag), hex(answer.at("tag_hex")));
    const auto key = concat({salt, tag});
    const auto ciphertext = crypt(key, plain);
    EXPECT_EQ(ciphertext, hex(answer.at("ciphertext_hex")));
    const auto head = ByteView{ciphertext}.first(std::min<std::size_t>(100, ciphertext.size()));
    EXPECT_EQ(concat({key, head}), hex(answer.at("oaep_input_hex")));
    EXPECT_EQ(copy_of(ByteView{ciphertext}.subspan(head.size())), hex(answer.at("tail_hex")));
  }
}

TEST_F(ClassicVectors, EnvelopesOpen) {
  ASSERT_EQ(vectors().at("envelopes").size(), 9U);
  for (const auto& envelope : vectors().at("envelopes")) {
    SCOPED_TRACE(envelope.at("comment"));
    const auto plain = opened(envelope);
    ASSERT_TRUE(plain.ok());
    EXPECT_EQ(copy_of(plain.value().reveal()), hex(envelope.at("plain_hex")));
  }
}

TEST_F(ClassicVectors, RefusalsAreForTheReasonGiven) {
  const std::map<std::string, Refusal> reasons{{"framing", Refusal::framing},
                                               {"signature", Refusal::signature},
                                               {"oaep", Refusal::oaep},
                                               {"tag", Refusal::tag},
                                               {"older_form", Refusal::older_form}};
  std::set<std::string> seen;
  for (const auto& refusal : vectors().at("refusals")) {
    SCOPED_TRACE(refusal.at("comment"));
    const auto reason = refusal.at("refusal").get<std::string>();
    const auto plain = opened(refusal);
    ASSERT_FALSE(plain.ok());
    EXPECT_EQ(plain.error(), reasons.at(reason));
    seen.insert(reason);
  }
  EXPECT_EQ(seen.size(), reasons.size());
}

}  // namespace
}  // namespace martlet::protocol::classic
