#include "protocol/classic.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <numeric>

#include "base/limits.h"
#include "base/seeded_random.h"
#include "crypto/hash.h"
#include "protocol/classic_forgery.h"
#include "protocol/classic_tag.h"

namespace martlet::protocol::classic {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }
Bytes counting(std::size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  return bytes;
}

/// Hands out 00 01 02 ...: the salt of the known answers.
class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override {
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  }
};

class Classic : public testing::Test {
 protected:
  // RSA keys take a tenth of a second each, so all cases share them.
  static const Party& alice() {
    static const Party party;
    return party;
  }
  static const Party& bob() {
    static const Party party;
    return party;
  }
  static const Party& mallory() {
    static const Party party;
    return party;
  }

  Bytes sealed(ByteView plain) {
    return seal(alice().signing, alice().identity, bob().identity, plain, random_).take();
  }
  static Result<crypto::Plaintext, Refusal> opened(ByteView envelope) {
    return open(bob().encryption, bob().identity, alice().identity, envelope);
  }
  static Draft draft(ByteView plain, std::size_t head_bytes = 100) {
    return draft_of(plain, alice().identity, bob().identity, counting(kSaltBytes), head_bytes);
  }
  static Bytes finished(const Draft& draft) {
    return finish(draft, alice().signing, bob().identity);
  }

  SeededRandom random_{1};
};

void expect_refused(const Result<crypto::Plaintext, Refusal>& opened, Refusal expected) {
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error(), expected) << static_cast<int>(opened.error());
}

TEST(ClassicTag, MatchesTheKnownAnswers) {
  Digest sender;
  Digest receiver;
  sender.fill(0x11);
  receiver.fill(0x22);
  const auto salt = hex("000102030405060708090a");

  const auto hello = bytes_of("hello");
  const auto short_tag = tag_of(salt, hello, sender, receiver);
  EXPECT_EQ(to_hex(short_tag), "2f607c80d6");
  EXPECT_EQ(to_hex(crypt(concat({salt, short_tag}), hello)), "64009d964e");

  const auto all = counting(256);
  const auto long_tag = tag_of(salt, all, sender, receiver);
  EXPECT_EQ(to_hex(long_tag), "3fff65c96b");
  const auto ciphertext = crypt(concat({salt, long_tag}), all);
  EXPECT_EQ(to_hex(ByteView{ciphertext}.first(16)), "144455c7fc496be717be64e3d17560e3");
  EXPECT_EQ(to_hex(crypto::sha256(ciphertext)),
            "a239f0865e965cf731fb56280e3f5d32abf3bf13dacec5995694dc9d8a6b6b60");
}

TEST_F(Classic, SplitsAndFramesAsSpecified) {
  const struct {
    Bytes plain;
    std::size_t oaep_bytes;
    std::size_t tail_bytes;
  } cases[] = {{copy_of(bytes_of("hello")), 21, 0}, {counting(256), 116, 156}};
  for (const auto& c : cases) {
    CountingRandom salt;
    const auto envelope =
        seal(alice().signing, alice().identity, bob().identity, c.plain, salt).take();
    const ByteView all{envelope};
    const auto body_size = 160 + c.tail_bytes;
    EXPECT_EQ(to_hex(all.first(3)), c.tail_bytes == 0 ? "0200a0" : "02013c");
    const auto signature_size = envelope.at(3 + body_size);
    EXPECT_EQ(envelope.size(), 4 + body_size + signature_size);
    EXPECT_TRUE(alice()
                    .identity.signing()
                    .verify_classic(all.subspan(3, body_size), all.last(signature_size))
                    .ok());

    const auto input = bob().encryption.decrypt(all.subspan(3, 160));
    ASSERT_TRUE(input.ok());
    ASSERT_EQ(input.value().size(), c.oaep_bytes);
    const auto expected = draft(c.plain);
    EXPECT_EQ(copy_of(input.value().reveal()), concat({expected.key, expected.head}));
    EXPECT_EQ(copy_of(all.subspan(163, c.tail_bytes)), expected.tail);
  }
}

TEST_F(Classic, OpensWhatItSealed) {
  for (const std::size_t size :
       {1U, 2U, 16U, 99U, 100U, 101U, 102U, 256U, 1'024U, 60'000U, 65'473U, 65'474U}) {
    SCOPED_TRACE(size);
    const auto plain = counting(size);
    const auto envelope = sealed(plain);
    EXPECT_LE(envelope.size(), limits::kClassicEnvelopeBytesMax);
    const auto back = opened(envelope);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(copy_of(back.value().reveal()), plain);
  }
}

TEST_F(Classic, SealsNeitherNothingNorTooMuch) {
  const auto fault = [&](const Bytes& plain) {
    return seal(alice().signing, alice().identity, bob().identity, plain, random_).error().failure;
  };
  EXPECT_EQ(fault({}), Failure::malformed);
  EXPECT_EQ(fault(Bytes(65'475, 1)), Failure::limit_reached);
  EXPECT_EQ(fault(Bytes(1'000'000, 1)), Failure::limit_reached);
}

TEST_F(Classic, TakesAFreshKeyForEachMessage) {
  const auto plain = counting(300);
  const auto one = sealed(plain);
  const auto two = sealed(plain);
  EXPECT_NE(Bytes(one.begin() + 163, one.begin() + 363),
            Bytes(two.begin() + 163, two.begin() + 363));
}

TEST_F(Classic, OpensOnlyForTheOneItWasSealedFor) {
  const auto envelope = sealed(counting(300));
  expect_refused(open(mallory().encryption, mallory().identity, alice().identity, envelope),
                 Refusal::oaep);
  expect_refused(open(bob().encryption, bob().identity, mallory().identity, envelope),
                 Refusal::signature);
  expect_refused(open(alice().encryption, alice().identity, bob().identity, envelope),
                 Refusal::signature);
}

TEST_F(Classic, BindsEveryKeyOfBothSides) {
  const auto envelope = sealed(counting(300));
  const Identity sender_with_other_rsa{alice().signing.verifying_key(),
                                       mallory().encryption.encryption_key()};
  const Identity receiver_with_other_ec{mallory().signing.verifying_key(),
                                        bob().encryption.encryption_key()};
  expect_refused(open(bob().encryption, bob().identity, sender_with_other_rsa, envelope),
                 Refusal::tag);
  expect_refused(open(bob().encryption, receiver_with_other_ec, alice().identity, envelope),
                 Refusal::tag);
}

TEST_F(Classic, RefusesEveryDamageToTheFraming) {
  const auto good = sealed(counting(120));
  const std::size_t at_signature = 3 + 160 + 20;
  ASSERT_TRUE(opened(good).ok());
  const struct {
    const char* name;
    std::function<void(Bytes&)> damage;
  } cases[] = {
      {"nothing", [](Bytes& e) { e.clear(); }},
      {"version alone", [](Bytes& e) { e.resize(1); }},
      {"version 0", [](Bytes& e) { e[0] = 0; }},
      {"version 1", [](Bytes& e) { e[0] = 1; }},
      {"version 3", [](Bytes& e) { e[0] = 3; }},
      {"front alone", [](Bytes& e) { e.resize(3); }},
      {"body of 0 bytes", [](Bytes& e) { e[2] = 0; }},
      {"body of 159 bytes", [](Bytes& e) { e[2] = 159; }},
      {"body of 159 bytes, framed well",
       [&](Bytes& e) {
         e.erase(e.begin() + 3, e.begin() + 24);
         e[2] = 159;
       }},
      {"body of 65,535 bytes",
       [](Bytes& e) {
         e = Bytes(4 + 65'535 + 8, 0);
         e[0] = 2, e[1] = 0xff, e[2] = 0xff, e[3 + 65'535] = 8;
       }},
      {"body longer than all", [](Bytes& e) { e[1] = 0x80; }},
      {"body longer by one", [](Bytes& e) { e[2] = static_cast<std::uint8_t>(e[2] + 1); }},
      {"body shorter by one", [](Bytes& e) { e[2] = static_cast<std::uint8_t>(e[2] - 1); }},
      {"cut behind the body", [&](Bytes& e) { e.resize(at_signature); }},
      {"cut behind the signature's length", [&](Bytes& e) { e.resize(at_signature + 1); }},
      {"cut by one byte", [](Bytes& e) { e.pop_back(); }},
      {"trailing byte", [](Bytes& e) { e.push_back(0); }},
      {"another envelope behind", [&](Bytes& e) { e.insert(e.end(), good.begin(), good.end()); }},
      {"signature of 0 bytes", [&](Bytes& e) { e.resize(at_signature + 1), e.back() = 0; }},
      {"signature of 7 bytes", [&](Bytes& e) { e.resize(at_signature + 8), e[at_signature] = 7; }},
      {"signature of 73 bytes",
       [&](Bytes& e) { e.resize(at_signature + 74), e[at_signature] = 73; }},
      {"signature of 255 bytes",
       [&](Bytes& e) { e.resize(at_signature + 256), e[at_signature] = 255; }},
      {"signature length longer by one",
       [&](Bytes& e) { e[at_signature] = static_cast<std::uint8_t>(e[at_signature] + 1); }},
      {"signature no sequence", [&](Bytes& e) { e[at_signature + 1] = 0x31; }},
      {"signature with a trailing byte inside",
       [&](Bytes& e) {
         e.push_back(0);
         e[at_signature] = static_cast<std::uint8_t>(e[at_signature] + 1);
       }},
      {"r with a needless zero",
       [&](Bytes& e) {
         e = signed_by(alice().signing, ByteView{good}.subspan(3, 160), {});
         const auto der = hex("30080202000102020001");
         e.resize(163);
         e.push_back(static_cast<std::uint8_t>(der.size()));
         e.insert(e.end(), der.begin(), der.end());
       }},
      {"raw r and s",
       [&](Bytes& e) {
         e.resize(at_signature + 1 + 64);
         e[at_signature] = 64;
         std::fill(e.begin() + at_signature + 1, e.end(), std::uint8_t{0x11});
       }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    auto envelope = good;
    envelope.reserve(good.size() * 2);
    c.damage(envelope);
    expect_refused(opened(envelope), Refusal::framing);
  }
}

TEST_F(Classic, EveryCutIsAFramingFault) {
  const auto good = sealed(bytes_of("hello"));
  for (std::size_t size = 0; size < good.size(); ++size) {
    expect_refused(opened(ByteView{good}.first(size)), Refusal::framing);
  }
}

TEST_F(Classic, RefusesEveryFlippedBit) {
  const auto good = sealed(counting(110));
  std::map<Refusal, int> seen;
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    auto flipped = good;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
    const auto refused = opened(flipped);
    ASSERT_FALSE(refused.ok()) << bit;
    ++seen[refused.error()];
    const bool in_body = bit / 8 >= 3 && bit / 8 < 3 + 160 + 10;
    ASSERT_TRUE(!in_body || refused.error() == Refusal::signature) << bit;
  }
  EXPECT_EQ(seen.size(), 2U) << "nothing is decrypted before the signature is right";
}

TEST_F(Classic, RefusesSignaturesThatAreNotTheSenders) {
  const auto good = sealed(counting(300));
  const ByteView body = ByteView{good}.subspan(3, 360);
  const auto with_signature = [&](ByteView der) {
    Writer out;
    out.u8(kVersion).prefixed_u16(body).prefixed_u8(der);
    return std::move(out).take();
  };
  const std::string order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
  const struct {
    const char* name;
    Bytes der;
  } cases[] = {
      {"of another device", mallory().signing.sign_classic(body)},
      {"of the receiver", bob().signing.sign_classic(body)},
      {"over the front too", alice().signing.sign_classic(ByteView{good}.first(363))},
      {"over the block alone", alice().signing.sign_classic(body.first(160))},
      {"over the tail alone", alice().signing.sign_classic(body.subspan(160))},
      {"of another envelope",
       [&] {
         const auto other = sealed(counting(300));
         return Bytes(other.begin() + 364, other.end());
       }()},
      {"r = s = 1", hex("3006020101020101")},
      {"r = n", hex("3026022100" + order + "020101")},
      {"s = n", hex("3026020101022100" + order)},
      {"r of 33 bytes", hex("30260221"
                            "01" +
                            order + "020101")},
  };
  EXPECT_TRUE(opened(with_signature(alice().signing.sign_classic(body))).ok());
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    expect_refused(opened(with_signature(c.der)), Refusal::signature);
  }
}

/// The hole of before 2016: the signature covers the ciphertext only, so whoever can sign takes the
/// envelope for his own and sees by the receipt what became of it.
TEST_F(Classic, RefusesAnEnvelopeSignedAnewBySomebodyElse) {
  const auto good = sealed(counting(300));
  const ByteView all{good};
  const auto stolen = signed_by(mallory().signing, all.subspan(3, 160), all.subspan(163, 200));
  expect_refused(open(bob().encryption, bob().identity, mallory().identity, stolen), Refusal::tag);
  expect_refused(opened(stolen), Refusal::signature);
}

TEST_F(Classic, RefusesBlocksThatAreNoOaep) {
  const auto good = sealed(counting(300));
  const auto tail = ByteView{good}.subspan(163, 200);
  const auto block_of = [&](const Party& party, std::size_t size) {
    return copy_of(party.identity.encryption().encrypt(counting(size)));
  };
  const struct {
    const char* name;
    Bytes block;
    bool with_tail;
  } cases[] = {
      {"zeros", Bytes(160, 0), true},
      {"ones", Bytes(160, 0xff), true},
      {"for another receiver", block_of(mallory(), 116), true},
      {"one byte", block_of(bob(), 1), false},
      {"part of a key", block_of(bob(), 15), false},
      {"a key and no head", block_of(bob(), 16), false},
      {"a key and no head, but a tail", block_of(bob(), 16), true},
      {"a short head and a tail", block_of(bob(), 115), true},
      {"a head of one byte and a tail", block_of(bob(), 17), true},
      {"a head of 102 bytes", block_of(bob(), 118), false},
      {"a head of 102 bytes and a tail", block_of(bob(), 118), true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    expect_refused(opened(signed_by(alice().signing, c.block, c.with_tail ? tail : ByteView{})),
                   Refusal::oaep);
  }
  // A byte of the block changed, signed by the true sender.
  for (std::size_t at = 0; at < 160; at += 7) {
    auto block = Bytes(good.begin() + 3, good.begin() + 163);
    block[at] = static_cast<std::uint8_t>(block[at] ^ 1);
    expect_refused(opened(signed_by(alice().signing, block, tail)), Refusal::oaep);
  }
}

TEST_F(Classic, RefusesTheOlderForm) {
  // Sixteen random bytes of key, a head of 101 bytes, no tag.
  for (const std::size_t size : {101U, 102U, 1'000U}) {
    SCOPED_TRACE(size);
    const Bytes key(16, 0x42);
    const auto all = crypt(key, counting(size));
    const Draft older{key, Bytes(all.begin(), all.begin() + 101),
                      Bytes(all.begin() + 101, all.end())};
    expect_refused(opened(finished(older)), Refusal::older_form);
  }
  // Even with a tag that would be right: the split tells the form.
  expect_refused(opened(finished(draft(counting(300), 101))), Refusal::older_form);
  // A short one looks like ours; then the missing tag tells.
  const Bytes key(16, 0x42);
  const Draft brief{key, crypt(key, bytes_of("hello")), {}};
  expect_refused(opened(finished(brief)), Refusal::tag);
}

TEST_F(Classic, RefusesEveryChangeThatTheSenderSignedButDidNotTag) {
  const struct {
    const char* name;
    std::function<void(Draft&)> change;
  } cases[] = {
      {"a bit of the salt", [](Draft& d) { d.key[0] = static_cast<std::uint8_t>(d.key[0] ^ 1); }},
      {"first bit of the tag",
       [](Draft& d) { d.key[11] = static_cast<std::uint8_t>(d.key[11] ^ 0x80); }},
      {"last bit of the tag",
       [](Draft& d) { d.key[15] = static_cast<std::uint8_t>(d.key[15] ^ 1); }},
      {"tag of zeros",
       [](Draft& d) { std::fill(d.key.begin() + 11, d.key.end(), std::uint8_t{0}); }},
      {"a bit of the head",
       [](Draft& d) { d.head[50] = static_cast<std::uint8_t>(d.head[50] ^ 1); }},
      {"first bit of the tail",
       [](Draft& d) { d.tail[0] = static_cast<std::uint8_t>(d.tail[0] ^ 0x80); }},
      {"last bit of the tail",
       [](Draft& d) { d.tail.back() = static_cast<std::uint8_t>(d.tail.back() ^ 1); }},
      {"tail cut by one byte", [](Draft& d) { d.tail.pop_back(); }},
      {"tail gone", [](Draft& d) { d.tail.clear(); }},
      {"tail longer by one byte", [](Draft& d) { d.tail.push_back(0); }},
      {"head cut, no tail", [](Draft& d) { d.tail.clear(), d.head.resize(50); }},
      {"a head of one byte", [](Draft& d) { d.tail.clear(), d.head.resize(1); }},
  };
  const auto right = draft(counting(300));
  ASSERT_TRUE(opened(finished(right)).ok());
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    auto changed = right;
    c.change(changed);
    expect_refused(opened(finished(changed)), Refusal::tag);
  }
}

TEST_F(Classic, TellsTheFirstFaultOnly) {
  // Everything is wrong; the first check in order answers.
  auto block = Bytes(160, 0xff);
  auto envelope = signed_by(mallory().signing, block, {});
  expect_refused(opened(envelope), Refusal::signature);
  envelope.push_back(0);
  expect_refused(opened(envelope), Refusal::framing);
  expect_refused(opened(signed_by(alice().signing, block, {})), Refusal::oaep);
}

TEST_F(Classic, IdentityIsEncodedAsInTheDirectory) {
  const auto der = alice().identity.der();
  ASSERT_EQ(der.size(), 249U);
  const ByteView all{der};
  EXPECT_EQ(to_hex(all.first(7)), "3081f681430041");
  EXPECT_EQ(to_hex(all.subspan(7, 65)), to_hex(alice().signing.verifying_key().uncompressed()));
  EXPECT_EQ(to_hex(all.subspan(72, 5)), "8281ae00ac");
  EXPECT_EQ(to_hex(all.subspan(77)), to_hex(alice().encryption.encryption_key().der()));
  EXPECT_EQ(alice().identity.hash(), crypto::sha256({all.subspan(5, 67), all.subspan(75, 174)}));
  EXPECT_NE(alice().identity.hash(), bob().identity.hash());
}

}  // namespace
}  // namespace martlet::protocol::classic
