#include "protocol/sealing.h"

#include <gtest/gtest.h>

#include <type_traits>

#include "base/limits.h"
#include "base/seeded_random.h"
#include "protocol/classic.h"

namespace martlet::protocol {
namespace {

static_assert(!std::is_copy_constructible_v<DevicePrivateKeys>);
static_assert(std::is_nothrow_move_constructible_v<DevicePrivateKeys>);

class Sealing : public testing::Test {
 protected:
  static const DevicePrivateKeys& alice() {
    static const auto keys = DevicePrivateKeys::generate();
    return keys;
  }
  static const DevicePrivateKeys& bob() {
    static const auto keys = DevicePrivateKeys::generate();
    return keys;
  }
  Result<Bytes> sealed(ByteView content) {
    return seal(Suite::classic, alice(), bob().public_keys(), content, random_);
  }
  static Result<crypto::Plaintext> opened(ByteView envelope) {
    return open(Suite::classic, bob(), alice().public_keys(), envelope);
  }
  /// Sealed by hand, so that the padding can be wrong.
  Bytes unpadded(ByteView plain) {
    const classic::Identity from{alice().signing.verifying_key(), alice().classic.encryption_key()};
    const classic::Identity to{bob().signing.verifying_key(), bob().classic.encryption_key()};
    return classic::seal(alice().signing, from, to, plain, random_).take();
  }
  SeededRandom random_{1};
};

TEST_F(Sealing, OpensWhatItSealed) {
  for (const std::size_t size : {0U, 1U, 255U, 256U, 1'000U, 60'000U, 63'487U}) {
    SCOPED_TRACE(size);
    const Bytes content(size, 0x80);
    const auto envelope = sealed(content);
    ASSERT_TRUE(envelope.ok());
    EXPECT_LE(envelope.value().size(), limits::kSealedBytesMax);
    const auto back = opened(envelope.value());
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(copy_of(back.value().reveal()), content);
  }
}

TEST_F(Sealing, RefusesContentThatDoesNotFit) {
  EXPECT_EQ(sealed(Bytes(63'488, 1)).error().failure, Failure::limit_reached);
  EXPECT_EQ(sealed(Bytes(1'000'000, 1)).error().failure, Failure::limit_reached);
}

TEST_F(Sealing, HidesTheLengthOfShortContent) {
  const auto body_bytes = [&](const Bytes& content) {
    const auto envelope = sealed(content).take();
    return envelope[1] * 256 + envelope[2];
  };
  EXPECT_EQ(body_bytes({}), 160 + 156);
  EXPECT_EQ(body_bytes(Bytes(20, 'a')), body_bytes(Bytes(255, 'b')));
  EXPECT_LT(body_bytes(Bytes(255, 'a')), body_bytes(Bytes(256, 'a')));
}

TEST_F(Sealing, FailsWithoutTellingWhy) {
  const auto good = sealed(bytes_of("hello")).take();
  auto flipped = good;
  flipped[100] = static_cast<std::uint8_t>(flipped[100] ^ 1);
  const auto forged = opened(flipped);
  ASSERT_FALSE(forged.ok());
  EXPECT_EQ(forged.error().failure, Failure::forged);
  // Signed by the sender, but the tag of somebody else's key.
  const auto wrong_receiver = open(Suite::classic, alice(), alice().public_keys(), good);
  ASSERT_FALSE(wrong_receiver.ok());
  EXPECT_EQ(wrong_receiver.error().failure, Failure::forged);
  EXPECT_STREQ(wrong_receiver.error().reason.text, forged.error().reason.text);
  EXPECT_EQ(opened({}).error().failure, Failure::malformed);
  EXPECT_EQ(opened(ByteView{good}.first(20)).error().failure, Failure::malformed);
}

TEST_F(Sealing, RefusesAnUnknownSuite) {
  const auto good = sealed(bytes_of("hello")).take();
  for (const int number : {0, 2, 255}) {
    const auto suite = static_cast<Suite>(number);
    EXPECT_EQ(open(suite, bob(), alice().public_keys(), good).error().failure, Failure::malformed);
  }
}

TEST_F(Sealing, RefusesAnEnvelopeWithoutPadding) {
  EXPECT_EQ(opened(unpadded(bytes_of("hello"))).error().failure, Failure::malformed);
  EXPECT_EQ(opened(unpadded(Bytes(256, 0))).error().failure, Failure::malformed);
  EXPECT_EQ(opened(unpadded(Bytes(255, 0x80))).error().failure, Failure::malformed);
}

}  // namespace
}  // namespace martlet::protocol
