#include "crypto/hash.h"

#include <gtest/gtest.h>

namespace martlet::crypto {
namespace {

std::string hex_of(const Digest& digest) { return to_hex(digest); }

TEST(Sha256, MatchesTheExamplesOfFips180) {
  EXPECT_EQ(hex_of(sha256(bytes_of(""))),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_of(sha256(bytes_of("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_of(sha256(bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex_of(sha256(Bytes(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, HashesPartsAsIfTheyWereOne) {
  const auto whole = sha256(bytes_of("abc"));
  EXPECT_EQ(sha256({bytes_of("a"), bytes_of("bc")}), whole);
  EXPECT_EQ(sha256({bytes_of(""), bytes_of("ab"), bytes_of(""), bytes_of("c")}), whole);
  EXPECT_EQ(sha256({}), sha256(bytes_of("")));
  EXPECT_NE(sha256({bytes_of("a"), bytes_of("cb")}), whole);
}

// RFC 4231 section 4, all but case 5 (a truncated output, which we do not offer).
TEST(HmacSha256, MatchesRfc4231) {
  struct Case {
    const char* name;
    Bytes key;
    Bytes data;
    const char* expected;
  };
  Bytes counting;
  for (std::uint8_t i = 1; i <= 25; ++i) counting.push_back(i);
  const Case cases[] = {
      {"1", Bytes(20, 0x0b), copy_of(bytes_of("Hi There")),
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"2", copy_of(bytes_of("Jefe")), copy_of(bytes_of("what do ya want for nothing?")),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {"3", Bytes(20, 0xaa), Bytes(50, 0xdd),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {"4", counting, Bytes(50, 0xcd),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {"6", Bytes(131, 0xaa),
       copy_of(bytes_of("Test Using Larger Than Block-Size Key - Hash Key First")),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {"7", Bytes(131, 0xaa),
       copy_of(bytes_of("This is a test using a larger than block-size key and a larger than "
                        "block-size data. The key needs to be hashed before being used by the "
                        "HMAC algorithm.")),
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(hex_of(hmac_sha256(c.key, {c.data})), c.expected);
    const auto half = c.data.size() / 2;
    EXPECT_EQ(
        hex_of(hmac_sha256(c.key, {ByteView{c.data}.first(half), ByteView{c.data}.subspan(half)})),
        c.expected);
  }
}

TEST(HmacSha256, TakesAnEmptyKeyAndNoData) {
  EXPECT_EQ(hex_of(hmac_sha256({}, {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  // The key of one call does not stay for the next.
  const auto keyed = hmac_sha256(bytes_of("key"), {});
  EXPECT_NE(hmac_sha256({}, {}), keyed);
}

TEST(EqualSecretly, ComparesLengthAndEveryByte) {
  EXPECT_TRUE(equal_secretly({}, {}));
  EXPECT_TRUE(equal_secretly(bytes_of("abc"), bytes_of("abc")));
  EXPECT_FALSE(equal_secretly(bytes_of("abc"), bytes_of("ab")));
  EXPECT_FALSE(equal_secretly(bytes_of("abc"), bytes_of("")));
  for (const auto* other : {"xbc", "axc", "abx"}) {
    EXPECT_FALSE(equal_secretly(bytes_of("abc"), bytes_of(other))) << other;
  }
}

}  // namespace
}  // namespace martlet::crypto
