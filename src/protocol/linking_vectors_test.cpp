// spec/vectors/linking.json, and what must not pass for a payload or a step of the short code.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/reader.h"
#include "base/seeded_random.h"
#include "protocol/linking_channel.h"
#include "protocol/short_code.h"

namespace martlet::protocol {
namespace {

using nlohmann::json;

const json& vectors() {
  static const json read = [] {
    std::ifstream in{MARTLET_SOURCE_DIR "/spec/vectors/linking.json"};
    return json::parse(in);
  }();
  return read;
}
Bytes hex(const json& of, const char* name) {
  return from_hex(of.at(name).get<std::string>()).take();
}
template <std::size_t N>
std::array<std::uint8_t, N> array(const json& of, const char* name) {
  const auto bytes = hex(of, name);
  return Reader{bytes}.array<N>().value();
}
crypto::X25519Shared shared_of(const json& of) {
  return crypto::X25519Shared{[&](std::span<std::uint8_t, 32> out) {
    std::ranges::copy(hex(of, "shared_hex"), out.begin());
  }};
}

TEST(LinkPayload, Vector) {
  const auto& vector = vectors().at("payload");
  const auto text = vector.at("text").get<std::string>();
  const auto parsed = parse_link_payload(text);
  ASSERT_TRUE(parsed.ok());
  const auto& payload = parsed.value();
  EXPECT_EQ(to_hex(payload.key_part_hash), vector.at("key_part_hash_hex"));
  EXPECT_EQ(to_hex(payload.newcomer), vector.at("newcomer_hex"));
  EXPECT_EQ(to_hex(payload.secret.reveal()), vector.at("secret_hex"));
  EXPECT_EQ(payload.server, vector.at("server"));
  EXPECT_EQ(to_hex(rendezvous_name(payload.secret)), vector.at("rendezvous_hex"));
  EXPECT_EQ(encode_link_payload(payload), text);
}

TEST(LinkPayload, TakesWhatPeoplePaste) {
  auto text = vectors().at("payload").at("text").get<std::string>();
  EXPECT_TRUE(parse_link_payload(" \t" + text + "\r\n").ok());
  for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  EXPECT_TRUE(parse_link_payload(text).ok());
}

TEST(LinkPayload, Refuses) {
  const auto text = vectors().at("payload").at("text").get<std::string>();
  const auto bytes = from_base32(text.substr(8)).take();
  const auto with = [&](std::size_t at, std::uint8_t value) {
    auto changed = bytes;
    changed[at] = value;
    return "MARTLET:" + to_base32(changed);
  };
  const auto head = ByteView{bytes}.first(82);
  const std::pair<const char*, std::string> cases[] = {
      {"nothing", ""},
      {"blanks", "   "},
      {"the prefix alone", "MARTLET:"},
      {"another prefix", "MARTLEX:" + text.substr(8)},
      {"no prefix", text.substr(8)},
      {"a blank inside", text.substr(0, 20) + " " + text.substr(20)},
      {"a digit that base32 has not", text.substr(0, 20) + "1" + text.substr(21)},
      {"padding", text + "="},
      {"another version", with(0, 2)},
      {"version 0", with(0, 0)},
      {"a code of a person", with(1, 1)},
      {"a longer server than there is", with(82, 17)},
      {"a shorter server than there is", with(82, 15)},
      {"no server", "MARTLET:" + to_base32(concat({head, Bytes{0}}))},
      {"a server with a blank", with(85, ' ')},
      {"a server with a control character", with(85, 7)},
      {"a server beyond ASCII", with(85, 0xe4)},
      {"a byte behind", "MARTLET:" + to_base32(concat({bytes, Bytes{0}}))},
      {"far too long", "MARTLET:" + std::string(100'000, 'A')},
  };
  for (const auto& [name, code] : cases) {
    SCOPED_TRACE(name);
    const auto parsed = parse_link_payload(code);
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().failure, Failure::malformed);
  }
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_link_payload(text.substr(0, size)).ok()) << size;
  }
}

TEST(ShortCode, Vector) {
  const auto& vector = vectors().at("short_code");
  const ShortCodeInputs inputs{static_cast<ShortCodePurpose>(vector.at("purpose").get<int>()),
                               array<32>(vector, "xa_hex"),
                               array<32>(vector, "xb_hex"),
                               array<32>(vector, "ra_hex"),
                               array<32>(vector, "rb_hex"),
                               hex(vector, "ctx_a_hex"),
                               hex(vector, "ctx_b_hex")};
  EXPECT_EQ(to_hex(short_code_commitment(inputs.key_a, inputs.nonce_a)), vector.at("commit_hex"));
  const auto code = create_short_code(inputs, shared_of(vector));
  EXPECT_EQ(code.digits, vector.at("digits"));
  EXPECT_EQ(to_hex(code.transcript), vector.at("transcript_hex"));
  EXPECT_EQ(to_hex(code.mac_key.reveal()), vector.at("mac_key_hex"));
  EXPECT_EQ(to_hex(code.mac_a()), vector.at("mac_a_hex"));
  EXPECT_EQ(to_hex(code.mac_b()), vector.at("mac_b_hex"));
}

TEST(LinkingChannel, Vector) {
  const auto& vector = vectors().at("channel");
  const auto secret = hex(vector, "secret_hex");
  const auto shared = shared_of(vector);
  LinkingChannel channel{
      LinkingChannel::Side::newcomer,
      {secret, shared, array<32>(vector, "newcomer_hex"), array<32>(vector, "approver_hex"),
       array<32>(vector, "key_part_hash_hex")}};
  const auto plain = hex(vector, "plain_hex");
  EXPECT_EQ(to_hex(channel.seal(plain)), vector.at("sealed_hex"));
  EXPECT_EQ(to_hex(channel.seal(plain)), vector.at("sealed_second_hex"));
}

/// Both roles on one seed; `change` may touch each of the four messages on its way.
struct Exchange {
  SeededRandom random{9};
  crypto::X25519Key key_b = crypto::X25519Key::create(random);
  ShortCodeA a{ShortCodePurpose::linking, crypto::X25519Key::create(random), {1}, {1, 2, 3}};
  ShortCodeB b{ShortCodePurpose::linking, key_b, {2}, {4, 5}};

  /// The number of the step that refused, with how; 0: all went through.
  template <class Change>
  std::pair<int, std::optional<Failure>> go(Change change) {
    const auto answer = b.on_commit(change(1, a.commit()));
    if (!answer.ok()) return {1, answer.error().failure};
    const auto reveal = a.on_answer(change(2, answer.value()));
    if (!reveal.ok()) return {2, reveal.error().failure};
    const auto mac_b = b.on_reveal(change(3, reveal.value()));
    if (!mac_b.ok()) return {3, mac_b.error().failure};
    const auto mac_a = a.on_mac(change(4, mac_b.value()));
    if (!mac_a.ok()) return {4, mac_a.error().failure};
    const auto end = b.on_mac(change(5, mac_a.value()));
    if (!end.ok()) return {5, end.error().failure};
    return {0, {}};
  }
};

TEST(ShortCode, BothSidesShowTheSameDigits) {
  Exchange run;
  EXPECT_EQ(run.go([](int, Bytes bytes) { return bytes; }).first, 0);
  EXPECT_EQ(run.a.code().digits, run.b.code().digits);
  EXPECT_EQ(run.a.code().digits.size(), 8U);
  EXPECT_TRUE(equal(run.a.shared().reveal(), run.b.shared().reveal()));
  EXPECT_EQ(run.a.inputs().context_b, (Bytes{4, 5}));
  EXPECT_EQ(run.b.inputs().context_a, (Bytes{1, 2, 3}));
}

TEST(ShortCode, EveryChangedBitEndsTheRun) {
  for (int step = 1; step <= 5; ++step) {
    std::size_t bits = 1;
    for (std::size_t bit = 0; bit < bits; ++bit) {
      // X25519 ignores the top bit of a key, so the secret stays; the transcript has all 256.
      Exchange run;
      const auto [refused, how] = run.go([&](int at, Bytes bytes) {
        if (at != step) return bytes;
        bits = 8 * bytes.size();
        bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << (bit % 8)));
        return bytes;
      });
      EXPECT_NE(refused, 0) << step << " " << bit;
      EXPECT_GE(refused, step);
    }
  }
}

TEST(ShortCode, EveryCutEndsTheRun) {
  for (int step = 1; step <= 5; ++step) {
    std::size_t size = 1;
    for (std::size_t kept = 0; kept < size; ++kept) {
      Exchange run;
      const auto [refused, how] = run.go([&](int at, Bytes bytes) {
        if (at != step) return bytes;
        size = bytes.size();
        bytes.resize(kept);
        return bytes;
      });
      EXPECT_EQ(refused, step) << kept;
      EXPECT_EQ(how, Failure::malformed);
    }
  }
}

TEST(ShortCode, AWeakKeyIsRefusedByBothSides) {
  Exchange run;
  EXPECT_EQ(run.go([](int at, Bytes bytes) {
    if (at == 2) std::fill_n(bytes.begin(), 32, std::uint8_t{0});
    return bytes;
  }),
            (std::pair<int, std::optional<Failure>>{2, Failure::refused}));
  Exchange other;
  const crypto::X25519Public zero{};
  const ShortCodeNonce nonce{};
  ASSERT_TRUE(other.b.on_commit(concat({short_code_commitment(zero, nonce), Bytes{0, 0}})).ok());
  EXPECT_EQ(other.b.on_reveal(concat({zero, nonce})).error().failure, Failure::refused);
}

TEST(ShortCode, WhoSitsBetweenHasOtherDigitsOnEachSide) {
  // Two whole runs, each with a key of the one between: every MAC verifies, the digits differ.
  Exchange left;
  Exchange right;
  SeededRandom random{77};
  const auto key = crypto::X25519Key::create(random);
  ShortCodeB to_a{ShortCodePurpose::linking, key, {3}, {4, 5}};
  ShortCodeA to_b{ShortCodePurpose::linking, crypto::X25519Key::create(random), {4}, {1, 2, 3}};
  const auto reveal = left.a.on_answer(to_a.on_commit(left.a.commit()).take()).take();
  ASSERT_TRUE(left.a.on_mac(to_a.on_reveal(reveal).take()).ok());
  const auto mac =
      right.b.on_reveal(to_b.on_answer(right.b.on_commit(to_b.commit()).take()).take()).take();
  ASSERT_TRUE(right.b.on_mac(to_b.on_mac(mac).take()).ok());
  EXPECT_NE(left.a.code().digits, right.b.code().digits);
}

}  // namespace
}  // namespace martlet::protocol
