#include "crypto/signing_key.h"

#include <gtest/gtest.h>

#include <thread>
#include <type_traits>

#include "crypto/hash.h"
#include "crypto/test_hex.h"

namespace martlet::crypto {
namespace {

static_assert(!std::is_copy_constructible_v<SigningKey>);
static_assert(!std::is_copy_assignable_v<SigningKey>);
static_assert(std::is_nothrow_move_constructible_v<SigningKey>);
static_assert(std::is_copy_constructible_v<VerifyingKey>);

// RFC 6979 appendix A.2.5: P-256.
constexpr auto kScalar = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
constexpr auto kX = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
constexpr auto kY = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
constexpr auto kOrder = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

std::string uncompressed_hex() { return std::string{"04"} + kX + kY; }

VerifyingKey rfc6979_key() { return VerifyingKey::from_point(hex(uncompressed_hex())).value(); }

TEST(VerifyingKey, TakesBothFormsOfAPoint) {
  // Y is odd, so the compressed form begins with 03.
  const auto from_long = rfc6979_key();
  const auto from_short = VerifyingKey::from_point(hex(std::string{"03"} + kX)).value();
  EXPECT_EQ(to_hex(from_long.compressed()), std::string{"03"} + kX);
  EXPECT_EQ(to_hex(from_short.uncompressed()), uncompressed_hex());
  const auto mirrored = VerifyingKey::from_point(hex(std::string{"02"} + kX)).value();
  EXPECT_EQ(to_hex(mirrored.compressed()), std::string{"02"} + kX);
  EXPECT_NE(mirrored.uncompressed(), from_long.uncompressed());
}

TEST(VerifyingKey, RefusesWhatIsNoPoint) {
  const std::string p = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
  const struct {
    const char* name;
    std::string point;
  } cases[] = {
      {"nothing", ""},
      {"infinity", "00"},
      {"infinity at full length", "00" + std::string(128, '0')},
      {"off the curve", std::string{"04"} + kX + std::string{kY}.substr(0, 62) + "9a"},
      {"zeros", "04" + std::string(128, '0')},
      {"X without a Y", "02" + std::string(62, '0') + "07"},
      {"X = p", "02" + p},
      {"X beyond p", "03" + std::string(64, 'f')},
      {"Y beyond p", std::string{"04"} + kX + std::string(64, 'f')},
      {"hybrid form", std::string{"07"} + kX + kY},
      {"compressed with the mark of the long form", std::string{"04"} + kX},
      {"long with the mark of the compressed form", std::string{"03"} + kX + kY},
      {"cut by one byte", uncompressed_hex().substr(0, 128)},
      {"one byte more", uncompressed_hex() + "00"},
      {"generator of P-224",
       "04b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21"
       "bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34"},
      {"compressed P-224", "02b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21"},
      {"generator of P-384, compressed",
       "03aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e387"
       "2"
       "760ab7"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto key = VerifyingKey::from_point(hex(c.point));
    ASSERT_FALSE(key.ok());
    EXPECT_EQ(key.error().failure, Failure::malformed);
  }
}

TEST(VerifyingKey, VerifiesTheSignaturesOfRfc6979) {
  const auto key = rfc6979_key();
  const struct {
    const char* message;
    const char* r;
    const char* s;
  } cases[] = {
      {"sample", "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
       "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
      {"test", "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
       "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    const auto signature = hex(std::string{c.r} + c.s);
    const std::string_view message{c.message};
    EXPECT_TRUE(key.verify("", bytes_of(message), signature).ok());
    // Context and message are hashed as one.
    EXPECT_TRUE(key.verify(message.substr(0, 2), bytes_of(message.substr(2)), signature).ok());
    EXPECT_FALSE(key.verify("x", bytes_of(message), signature).ok());
  }
}

TEST(VerifyingKey, VerifiesTheSha1SignaturesOfRfc6979) {
  const auto key = rfc6979_key();
  const struct {
    const char* message;
    const char* der;
  } cases[] = {
      {"sample",
       "3044022061340c88c3aaebeb4f6d667f672ca9759a6ccaa9fa8811313039ee4a35471d32"
       "02206d7f147dac089441bb2e2fe8f7a3fa264b9c475098fdcf6e00d7c996e1b8b7eb"},
      {"test",
       "304402200cbcc86fd6abd1d99e703e1ec50069ee5c0b4ba4b9ac60e409e8ec5910d81a89"
       "022001b9d7b73dfaa60d5651ec4591a0136f87653e0fd780c3b1bc872ffdeae479b1"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    ASSERT_TRUE(is_strict_der_signature(hex(c.der)));
    EXPECT_TRUE(key.verify_classic(bytes_of(c.message), hex(c.der)).ok());
    EXPECT_FALSE(key.verify_classic(bytes_of("other"), hex(c.der)).ok());
  }
}

TEST(VerifyingKey, RefusesEveryOtherSignature) {
  const auto key = rfc6979_key();
  const std::string r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
  const std::string s = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
  const std::string zero(64, '0');
  const std::string ones(64, 'f');
  ASSERT_TRUE(key.verify("", bytes_of("sample"), hex(r + s)).ok());
  const struct {
    const char* name;
    std::string signature;
  } cases[] = {
      {"nothing", ""},
      {"cut by one byte", (r + s).substr(2)},
      {"one byte more", r + s + "00"},
      {"r and s exchanged", s + r},
      {"r = 0", zero + s},
      {"s = 0", r + zero},
      {"both 0", zero + zero},
      {"r = n", kOrder + s},
      {"s = n", r + kOrder},
      {"s beyond n", r + ones},
      {"r beyond n", ones + s},
      {"r of another message",
       "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367" + s},
      {"DER", "3046022100" + r + "022100" + s},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto verified = key.verify("", bytes_of("sample"), hex(c.signature));
    ASSERT_FALSE(verified.ok());
    EXPECT_EQ(verified.error().failure, Failure::forged);
  }
}

TEST(VerifyingKey, RefusesEveryFlippedBit) {
  const auto key = SigningKey::generate();
  const auto signature = key.sign("context\n", bytes_of("message"));
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    auto flipped = signature;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(key.verifying_key().verify("context\n", bytes_of("message"), flipped).ok()) << bit;
  }
}

TEST(VerifyingKey, TakesBothSAndItsComplement) {
  // n - s of the SHA-256 signature of "sample" in RFC 6979.
  const std::string r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
  const std::string complement = "0834e36ad29a83bf2bc9385e491d6099c8fdf9d1ed67aa7ea5f51f93782857a9";
  EXPECT_TRUE(rfc6979_key().verify("", bytes_of("sample"), hex(r + complement)).ok());
}

TEST(SigningKey, ComputesThePublicKeyOfRfc6979) {
  const auto key = SigningKey::from_scalar(hex(kScalar)).take();
  EXPECT_EQ(to_hex(key.verifying_key().uncompressed()), uncompressed_hex());
  EXPECT_EQ(to_hex(key.encode().reveal()), kScalar);
  const auto signature = key.sign("a\n", bytes_of("b"));
  EXPECT_TRUE(rfc6979_key().verify("a\n", bytes_of("b"), signature).ok());
}

TEST(SigningKey, KeepsLeadingZerosOfTheScalar) {
  const std::string one = std::string(62, '0') + "01";
  const auto key = SigningKey::from_scalar(hex(one)).take();
  EXPECT_EQ(to_hex(key.encode().reveal()), one);
  // The generator: SEC 2 section 2.4.2.
  EXPECT_EQ(to_hex(key.verifying_key().compressed()),
            "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
}

TEST(SigningKey, RefusesScalarsOutOfRange) {
  const std::string order{kOrder};
  const struct {
    const char* name;
    std::string scalar;
  } cases[] = {
      {"zero", std::string(64, '0')},
      {"n", order},
      {"n + 1", order.substr(0, 62) + "52"},
      {"all ones", std::string(64, 'f')},
      {"31 bytes", std::string(62, '1')},
      {"33 bytes", std::string(66, '1')},
      {"nothing", ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto key = SigningKey::from_scalar(hex(c.scalar));
    ASSERT_FALSE(key.ok());
    EXPECT_EQ(key.error().failure, Failure::malformed);
  }
  EXPECT_TRUE(SigningKey::from_scalar(hex(order.substr(0, 62) + "50")).ok()) << "n - 1";
}

TEST(SigningKey, SignsTheSameMessageAnewEachTime) {
  const auto key = SigningKey::generate();
  EXPECT_NE(key.sign("", bytes_of("m")), key.sign("", bytes_of("m")));
  EXPECT_NE(key.verifying_key().compressed(), SigningKey::generate().verifying_key().compressed());
}

TEST(SigningKey, WritesStrictDerInTheClassicSuite) {
  const auto key = SigningKey::generate();
  std::size_t shortest = 72;
  for (int i = 0; i < 600; ++i) {
    const auto der = key.sign_classic(bytes_of("body"));
    ASSERT_TRUE(is_strict_der_signature(der)) << to_hex(der);
    ASSERT_LE(der.size(), 72U);
    shortest = std::min(shortest, der.size());
    ASSERT_TRUE(key.verifying_key().verify_classic(bytes_of("body"), der).ok());
  }
  EXPECT_LT(shortest, 71U) << "never a number with a leading zero: not random";
}

TEST(SigningKey, DoesNotTakeASignatureOfOneKindForTheOther) {
  const auto key = SigningKey::generate();
  const auto der = key.sign_classic(bytes_of("m"));
  Bytes raw = copy_of(key.sign("", bytes_of("m")));
  EXPECT_FALSE(is_strict_der_signature(raw));
  EXPECT_FALSE(key.verifying_key().verify("", bytes_of("m"), der).ok());
}

TEST(SigningKey, IsStillWholeAfterAMove) {
  auto key = SigningKey::generate();
  const auto point = key.verifying_key().compressed();
  const SigningKey moved{std::move(key)};
  EXPECT_EQ(moved.verifying_key().compressed(), point);
  EXPECT_TRUE(moved.verifying_key().verify("", bytes_of("m"), moved.sign("", bytes_of("m"))).ok());
}

TEST(SigningKey, SignsOnSeveralThreads) {
  const auto key = SigningKey::generate();
  std::array<int, 4> good{};
  std::vector<std::thread> threads;
  for (auto& count : good) {
    threads.emplace_back([&key, &count] {
      for (int i = 0; i < 50; ++i) {
        const auto signature = key.sign("c\n", bytes_of("m"));
        count += key.verifying_key().verify("c\n", bytes_of("m"), signature).ok() ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, (std::array<int, 4>{50, 50, 50, 50}));
}

}  // namespace
}  // namespace martlet::crypto
