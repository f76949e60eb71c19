#include "base/bytes.h"

#include <gtest/gtest.h>

namespace martlet {
namespace {

struct Pair {
  const char* plain;
  const char* hex;
  const char* base64url;
  const char* base32;
};
// RFC 4648 section 10.
const Pair kPairs[] = {{"", "", "", ""},
                       {"f", "66", "Zg", "MY"},
                       {"fo", "666f", "Zm8", "MZXQ"},
                       {"foo", "666f6f", "Zm9v", "MZXW6"},
                       {"foob", "666f6f62", "Zm9vYg", "MZXW6YQ"},
                       {"fooba", "666f6f6261", "Zm9vYmE", "MZXW6YTB"},
                       {"foobar", "666f6f626172", "Zm9vYmFy", "MZXW6YTBOI"}};

TEST(Encodings, MatchRfc4648BothWays) {
  for (const auto& pair : kPairs) {
    SCOPED_TRACE(pair.plain);
    const auto plain = bytes_of(pair.plain);
    EXPECT_EQ(to_hex(plain), pair.hex);
    EXPECT_EQ(to_base64url(plain), pair.base64url);
    EXPECT_EQ(to_base32(plain), pair.base32);
    EXPECT_EQ(from_hex(pair.hex).value(), copy_of(plain));
    EXPECT_EQ(from_base64url(pair.base64url).value(), copy_of(plain));
    EXPECT_EQ(from_base32(pair.base32).value(), copy_of(plain));
  }
}

TEST(Encodings, RefuseWhatIsNotCanonical) {
  EXPECT_FALSE(from_hex("6").ok());
  EXPECT_FALSE(from_hex("6g").ok());
  EXPECT_FALSE(from_base64url("Zh").ok()) << "filling bits that are not zero";
  EXPECT_FALSE(from_base64url("Z").ok()) << "a lone digit";
  EXPECT_FALSE(from_base64url("Zg==").ok()) << "padding";
  EXPECT_FALSE(from_base64url("a+b/").ok()) << "the other alphabet";
  EXPECT_FALSE(from_base32("MZ").ok()) << "filling bits that are not zero";
  EXPECT_FALSE(from_base32("M").ok()) << "a lone digit";
  EXPECT_FALSE(from_base32("M0").ok());
  EXPECT_EQ(from_base32("mzxw6").value(), copy_of(bytes_of("foo"))) << "either case";
}

TEST(Bytes, ConcatJoinsInOrder) {
  EXPECT_EQ(concat({bytes_of("ab"), {}, bytes_of("c")}), copy_of(bytes_of("abc")));
}

}  // namespace
}  // namespace martlet
