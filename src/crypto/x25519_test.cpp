#include "crypto/x25519.h"

#include <gtest/gtest.h>

#include "base/seeded_random.h"

namespace martlet::crypto {
namespace {

static_assert(!std::is_copy_constructible_v<X25519Key>);

X25519Key key_of(const char* hex) {
  return X25519Key{X25519Key::Scalar{[&](std::span<std::uint8_t, kX25519Bytes> out) {
    std::ranges::copy(from_hex(hex).value(), out.begin());
  }}};
}

/// RFC 7748 section 6.1.
TEST(X25519, AgreementOfTheRfc) {
  const auto bob = key_of("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  EXPECT_EQ(to_hex(bob.public_key()),
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const auto alice =
      from_hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a").value();
  EXPECT_EQ(to_hex(bob.agree(alice).value().reveal()),
            "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

/// RFC 7748 section 5.2, the first vector.
TEST(X25519, ScalarMultiplicationOfTheRfc) {
  const auto key = key_of("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
  const auto point =
      from_hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c").value();
  EXPECT_EQ(to_hex(key.agree(point).value().reveal()),
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
}

/// Points of small order (RFC 7748 section 6.1; the list of Bernstein's Curve25519 page).
TEST(X25519, RefusesASecretOfZeros) {
  SeededRandom random{1};
  const auto key = X25519Key::create(random);
  for (const char* weak : {
           "0000000000000000000000000000000000000000000000000000000000000000",
           "0100000000000000000000000000000000000000000000000000000000000000",
           "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
           "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
       }) {
    SCOPED_TRACE(weak);
    const auto shared = key.agree(from_hex(weak).value());
    ASSERT_FALSE(shared.ok());
    EXPECT_EQ(shared.error().failure, Failure::refused);
  }
}

TEST(X25519, RefusesOtherLengths) {
  SeededRandom random{2};
  const auto key = X25519Key::create(random);
  for (const std::size_t size : {0U, 31U, 33U}) {
    const auto shared = key.agree(Bytes(size, 9));
    ASSERT_FALSE(shared.ok()) << size;
    EXPECT_EQ(shared.error().failure, Failure::malformed);
  }
}

TEST(X25519, BothSidesAgreeAndEachPairHasItsOwnSecret) {
  SeededRandom random{3};
  const auto key = X25519Key::create(random);
  const auto one = X25519Key::create(random);
  const auto two = X25519Key::create(random);
  EXPECT_TRUE(equal(key.agree(one.public_key()).value().reveal(),
                    one.agree(key.public_key()).value().reveal()));
  EXPECT_NE(to_hex(key.agree(one.public_key()).value().reveal()),
            to_hex(key.agree(two.public_key()).value().reveal()));
}

}  // namespace
}  // namespace martlet::crypto
