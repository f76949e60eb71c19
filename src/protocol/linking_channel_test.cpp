#include "protocol/linking_channel.h"

#include <gtest/gtest.h>

#include "base/seeded_random.h"

namespace martlet::protocol {
namespace {

static_assert(!std::is_copy_constructible_v<LinkingChannel>);
using Side = LinkingChannel::Side;
using Fault = LinkingChannel::Fault;

struct Ends {
  SeededRandom random{5};
  crypto::X25519Key newcomer = crypto::X25519Key::create(random);
  crypto::X25519Key approver = crypto::X25519Key::create(random);
  crypto::X25519Shared shared = newcomer.agree(approver.public_key()).take();
  Bytes secret = Bytes(16, 1);
  Digest hash{};
  LinkingChannel end(Side side) const {
    return {side, {secret, shared, newcomer.public_key(), approver.public_key(), hash}};
  }
};

TEST(LinkingChannel, CarriesBothWaysInOrder) {
  const Ends ends;
  auto n = ends.end(Side::newcomer);
  auto a = ends.end(Side::approver);
  for (const char* text : {"one", "", "three"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(text_of(a.open(n.seal(bytes_of(text))).value().reveal()), text);
    EXPECT_EQ(text_of(n.open(a.seal(bytes_of(text))).value().reveal()), text);
  }
}

TEST(LinkingChannel, NamesWhatIsWrongAndStaysAsItWas) {
  const Ends ends;
  auto n = ends.end(Side::newcomer);
  auto a = ends.end(Side::approver);
  const auto first = n.seal(bytes_of("first"));
  const auto second = n.seal(bytes_of("second"));
  EXPECT_EQ(a.open(second).error(), Fault::gap);
  EXPECT_EQ(n.open(first).error(), Fault::forged) << "our own, sent back";
  for (std::size_t size = 0; size < first.size(); ++size) {
    EXPECT_EQ(a.open(ByteView{first}.first(size)).error(),
              size < kLinkingSealOverhead ? Fault::malformed : Fault::forged);
  }
  for (std::size_t bit = 0; bit < 8 * first.size(); ++bit) {
    auto changed = first;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_EQ(a.open(changed).error(), bit < 32 ? Fault::gap : Fault::forged) << bit;
  }
  EXPECT_TRUE(a.open(first).ok());
  EXPECT_EQ(a.open(first).error(), Fault::replay);
  EXPECT_TRUE(a.open(second).ok());
}

TEST(LinkingChannel, EveryRootCounts) {
  const Ends ends;
  struct Case {
    const char* name;
    void (*change)(Ends&);
  };
  for (const auto& [name, change] : {
           Case{"secret", [](Ends& e) { e.secret[3] ^= 1; }},
           Case{"length of the secret", [](Ends& e) { e.secret.push_back(1); }},
           Case{"hash", [](Ends& e) { e.hash[31] ^= 1; }},
           Case{"newcomer", [](Ends& e) { e.newcomer = crypto::X25519Key::create(e.random); }},
           Case{"approver", [](Ends& e) { e.approver = crypto::X25519Key::create(e.random); }},
           Case{"shared",
                [](Ends& e) {
                  const auto other = crypto::X25519Key::create(e.random);
                  e.shared = e.newcomer.agree(other.public_key()).take();
                }},
       }) {
    SCOPED_TRACE(name);
    Ends other;
    change(other);
    auto n = ends.end(Side::newcomer);
    auto a = other.end(Side::approver);
    EXPECT_EQ(a.open(n.seal(bytes_of("hello"))).error(), Fault::forged);
  }
}

}  // namespace
}  // namespace martlet::protocol
