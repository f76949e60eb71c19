#include "crypto/aes_gcm.h"

#include <gtest/gtest.h>

namespace martlet::crypto {
namespace {

Aes256Key gcm_key_of(const char* hex) {
  return Aes256Key{[&](std::span<std::uint8_t, 32> out) {
    std::ranges::copy(from_hex(hex).value(), out.begin());
  }};
}

struct GcmVector {
  const char* name;
  const char* key;
  std::uint64_t counter;
  const char* plain;
  const char* sealed;
};

const char* const kZeroKey = "0000000000000000000000000000000000000000000000000000000000000000";
const char* const kOtherKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// Test cases 13 and 14 of McGrew and Viega's specification of GCM; the others are of the Python
/// package `cryptography`.
const GcmVector kGcmVectors[] = {
    {"nothing", kZeroKey, 0, "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"one block", kZeroKey, 0, "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {"a counter", kOtherKey, 0x1U, "6265747765656e2074776f2064657669636573",
     "77b3cb8b21915e3e7a593e1988c34c9e76fa6f935aa4b2ec6f4ccbd598b610f4d510ad"},
    {"all bytes of the counter", kOtherKey, 0x102030405060708U,
     "78787878787878787878787878787878787878787878787878787878787878787878787878787878",
     "7c291d76a59971e67be78597661f4188028124baafad301491832c28134fa7b5575060e0e2c2b55e32346598694cc"
     "947a84debe8a39f97b6"},
};

TEST(AesGcm, Vectors) {
  for (const auto& vector : kGcmVectors) {
    SCOPED_TRACE(vector.name);
    const auto key = gcm_key_of(vector.key);
    const auto plain = from_hex(vector.plain).value();
    const auto sealed = from_hex(vector.sealed).value();
    EXPECT_EQ(aes_256_gcm_seal(key, vector.counter, plain), sealed);
    const auto opened = aes_256_gcm_open(key, vector.counter, sealed);
    ASSERT_TRUE(opened.ok());
    EXPECT_TRUE(equal(opened.value().reveal(), plain));
  }
}

TEST(AesGcm, RefusesEveryChange) {
  const auto key = gcm_key_of(kOtherKey);
  const auto sealed = aes_256_gcm_seal(key, 7, bytes_of("between two devices"));
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    auto changed = sealed;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << (bit % 8)));
    const auto opened = aes_256_gcm_open(key, 7, changed);
    ASSERT_FALSE(opened.ok()) << bit;
    EXPECT_EQ(opened.error().failure, Failure::forged);
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    const auto opened = aes_256_gcm_open(key, 7, ByteView{sealed}.first(size));
    ASSERT_FALSE(opened.ok()) << size;
    EXPECT_EQ(opened.error().failure, size < kGcmTagBytes ? Failure::malformed : Failure::forged);
  }
  EXPECT_FALSE(aes_256_gcm_open(key, 8, sealed).ok());
  EXPECT_FALSE(aes_256_gcm_open(gcm_key_of(kZeroKey), 7, sealed).ok());
}

}  // namespace
}  // namespace martlet::crypto
