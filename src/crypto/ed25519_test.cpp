#include <gtest/gtest.h>

#include "crypto/signing_key.h"
#include "crypto/test_hex.h"

namespace martlet::crypto {
namespace {

struct Ed25519Vector {
  const char* name;
  const char* seed;
  const char* public_key;
  std::string message;
  const char* signature;
};

// RFC 8032 section 7.1, without the long one.
const Ed25519Vector kEd25519Vectors[] = {
    {"test 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"test 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"test 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    {"test SHA(abc)", "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
     "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

TEST(Ed25519, MatchesRfc8032) {
  for (const auto& v : kEd25519Vectors) {
    SCOPED_TRACE(v.name);
    const auto message = hex(v.message);
    EXPECT_EQ(to_hex(ed25519_public(hex(v.seed))), v.public_key);
    EXPECT_EQ(to_hex(sign_ed25519(hex(v.seed), "", message)), v.signature);
    EXPECT_TRUE(verify_ed25519(hex(v.public_key), "", message, hex(v.signature)).ok());
  }
}

TEST(Ed25519, ContextAndMessageAreOne) {
  const auto& v = kEd25519Vectors[2];
  EXPECT_TRUE(verify_ed25519(hex(v.public_key), "\xaf", hex("82"), hex(v.signature)).ok());
  EXPECT_FALSE(verify_ed25519(hex(v.public_key), "\x82", hex("af"), hex(v.signature)).ok());
}

/// S + L, which a verifier without the check S < L takes for the same.
std::string with_s_plus_order(std::string_view signature) {
  auto bytes = hex(signature);
  const auto order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += bytes[32 + i] + order[i];
    bytes[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8U;
  }
  return to_hex(bytes);
}

TEST(Ed25519, RefusesEveryOther) {
  const auto& v = kEd25519Vectors[1];
  const std::string good{v.signature};
  const std::string key{v.public_key};
  const struct {
    const char* name;
    std::string key;
    std::string message;
    std::string signature;
  } cases[] = {
      {"another message", key, "73", good},
      {"no message", key, "", good},
      {"another key", kEd25519Vectors[0].public_key, "72", good},
      {"S + L", key, "72", with_s_plus_order(good)},
      {"S all ones", key, "72", good.substr(0, 64) + std::string(64, 'f')},
      {"R of another", key, "72",
       std::string{kEd25519Vectors[0].signature}.substr(0, 64) + good.substr(64)},
      {"zeros", key, "72", std::string(128, '0')},
      {"nothing", key, "72", ""},
      {"cut by one byte", key, "72", good.substr(0, 126)},
      {"one byte more", key, "72", good + "00"},
      {"key cut by one byte", key.substr(2), "72", good},
      {"key of 33 bytes", key + "00", "72", good},
      {"no key", "", "72", good},
      {"key off the curve", "0200000000000000000000000000000000000000000000000000000000000000",
       "72", good},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto verified = verify_ed25519(hex(c.key), "", hex(c.message), hex(c.signature));
    ASSERT_FALSE(verified.ok());
    EXPECT_EQ(verified.error().failure, Failure::forged);
  }
}

TEST(Ed25519, RefusesEveryFlippedBit) {
  const auto& v = kEd25519Vectors[1];
  for (std::size_t bit = 0; bit < 512; ++bit) {
    auto flipped = hex(v.signature);
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(verify_ed25519(hex(v.public_key), "", hex(v.message), flipped).ok()) << bit;
  }
}

}  // namespace
}  // namespace martlet::crypto
