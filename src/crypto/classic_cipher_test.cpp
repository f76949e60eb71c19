#include "crypto/classic_cipher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <type_traits>

namespace martlet::crypto {
namespace {

static_assert(!std::is_copy_constructible_v<ClassicMessageKey>);
static_assert(!std::is_copy_constructible_v<ClassicCipher>);

ClassicMessageKey key_of(std::string_view hex) {
  const auto bytes = from_hex(hex).value();
  return ClassicMessageKey{
      [&](std::span<std::uint8_t, 16> out) { std::ranges::copy(bytes, out.begin()); }};
}

TEST(ClassicCipher, IsAes128OfTheCounterFromOne) {
  // FIPS 197 has no vector with this counter; these two blocks are AES-128 of 00..01 and 00..02
  // under the key of its appendix B, taken from `openssl enc -aes-128-ecb -nopad`.
  const auto key = key_of("2b7e151628aed2a6abf7158809cf4f3c");
  ClassicCipher cipher{key};
  Bytes stream(32);
  cipher.apply(Bytes(32, 0), stream);
  EXPECT_EQ(to_hex(stream), "57127d4034b1bebfaef466b9c7726fc6973f2ef34879e2027f1734303ff21f89");
}

TEST(ClassicCipher, GoesOnWhereItStopped) {
  const auto key = key_of("000102030405060708090a0b0c0d0e0f");
  Bytes input(300);
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<std::uint8_t>(i * 7);
  Bytes whole(input.size());
  ClassicCipher{key}.apply(input, whole);
  for (const std::size_t cut : {0U, 1U, 15U, 16U, 17U, 100U, 299U, 300U}) {
    SCOPED_TRACE(cut);
    Bytes parts = input;
    const std::span out{parts};
    ClassicCipher cipher{key};
    cipher.apply(out.first(cut), out.first(cut));
    cipher.apply(out.subspan(cut), out.subspan(cut));
    EXPECT_EQ(parts, whole);
    ClassicCipher{key}.apply(parts, parts);
    EXPECT_EQ(parts, input) << "decryption is the same";
  }
}

}  // namespace
}  // namespace martlet::crypto
