#include "crypto/classic_rsa.h"

#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <thread>
#include <type_traits>

namespace martlet::crypto {
namespace {

static_assert(!std::is_copy_constructible_v<ClassicDecryptionKey>);
static_assert(!std::is_copy_assignable_v<ClassicDecryptionKey>);
static_assert(std::is_nothrow_move_constructible_v<ClassicDecryptionKey>);
static_assert(std::is_copy_constructible_v<ClassicEncryptionKey>);

/// Making one takes a tenth of a second, so the tests share it.
const ClassicDecryptionKey& shared_key() {
  static const auto key = ClassicDecryptionKey::generate();
  return key;
}
Bytes public_der() { return copy_of(shared_key().encryption_key().der()); }
Bytes counting(std::size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
  return bytes;
}

TEST(ClassicEncryptionKey, HasTheOneEncodingOfTheSuite) {
  const auto der = public_der();
  ASSERT_EQ(der.size(), 172U);
  EXPECT_EQ(to_hex(ByteView{der}.first(7)), "3081a90281a100");
  EXPECT_EQ(to_hex(ByteView{der}.last(5)), "0203010001");
  const auto again = ClassicEncryptionKey::from_der(der);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(copy_of(again.value().der()), der);
}

TEST(ClassicEncryptionKey, RefusesEveryOtherEncoding) {
  const struct {
    const char* name;
    std::function<void(Bytes&)> damage;
  } cases[] = {
      {"nothing", [](Bytes& der) { der.clear(); }},
      {"cut by one byte", [](Bytes& der) { der.pop_back(); }},
      {"trailing byte", [](Bytes& der) { der.push_back(0); }},
      {"first byte gone", [](Bytes& der) { der.erase(der.begin()); }},
      {"even modulus", [](Bytes& der) { der[166] = static_cast<std::uint8_t>(der[166] & 0xfe); }},
      {"1,279 bits", [](Bytes& der) { der[7] = static_cast<std::uint8_t>(der[7] & 0x7f); }},
      {"modulus with a zero in front", [](Bytes& der) { der[7] = 0; }},
      {"negative modulus", [](Bytes& der) { der[6] = 0xff; }},
      {"e = 3 at full length", [](Bytes& der) { der[169] = 0, der[171] = 3; }},
      {"e = 65539", [](Bytes& der) { der[171] = 3; }},
      {"e = 131073", [](Bytes& der) { der[169] = 2; }},
      {"e of two bytes", [](Bytes& der) { der[168] = 2; }},
      {"not a sequence", [](Bytes& der) { der[0] = 0x31; }},
      {"sequence of indefinite length", [](Bytes& der) { der[1] = 0x80; }},
      {"sequence length in two bytes", [](Bytes& der) { der[1] = 0x82; }},
      {"sequence longer", [](Bytes& der) { der[2] = 0xaa; }},
      {"sequence shorter", [](Bytes& der) { der[2] = 0xa8; }},
      {"modulus not an integer", [](Bytes& der) { der[3] = 0x03; }},
      {"modulus longer", [](Bytes& der) { der[5] = 0xa2; }},
      {"exponent not an integer", [](Bytes& der) { der[167] = 0x04; }},
      {"zeros", [](Bytes& der) { der.assign(der.size(), 0); }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    auto der = public_der();
    c.damage(der);
    const auto key = ClassicEncryptionKey::from_der(der);
    ASSERT_FALSE(key.ok());
    EXPECT_EQ(key.error().failure, Failure::malformed);
  }
}

TEST(ClassicRsa, DecryptsWhatWasEncrypted) {
  const auto& key = shared_key();
  for (const std::size_t size : {1U, 16U, 17U, 115U, 116U, 117U, 118U}) {
    SCOPED_TRACE(size);
    const auto input = counting(size);
    const auto block = key.encryption_key().encrypt(input);
    const auto plain = key.decrypt(block);
    ASSERT_TRUE(plain.ok());
    EXPECT_EQ(copy_of(plain.value().reveal()), input);
    EXPECT_NE(key.encryption_key().encrypt(input), block) << "OAEP takes a new seed each time";
  }
}

TEST(ClassicRsa, RefusesEveryOtherBlock) {
  const auto& key = shared_key();
  const auto good = copy_of(key.encryption_key().encrypt(counting(116)));
  const auto other = ClassicDecryptionKey::generate();
  const struct {
    const char* name;
    Bytes block;
  } cases[] = {
      {"nothing", {}},
      {"cut by one byte", Bytes(good.begin(), good.end() - 1)},
      {"one byte more", concat({good, counting(1)})},
      {"zeros", Bytes(160, 0)},
      {"one", concat({Bytes(159, 0), counting(1)})},
      {"ones, beyond the modulus", Bytes(160, 0xff)},
      {"the modulus",
       Bytes(key.encryption_key().der().begin() + 7, key.encryption_key().der().begin() + 167)},
      {"for another key", copy_of(other.encryption_key().encrypt(counting(116)))},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto plain = key.decrypt(c.block);
    ASSERT_FALSE(plain.ok());
    EXPECT_EQ(plain.error().failure, Failure::forged);
    EXPECT_STREQ(plain.error().reason.text, "does not decrypt") << "failures must look alike";
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto flipped = good;
    flipped[at] = static_cast<std::uint8_t>(flipped[at] ^ 1);
    EXPECT_FALSE(key.decrypt(flipped).ok()) << at;
  }
}

TEST(ClassicDecryptionKey, IsTheSameAfterTheVault) {
  const auto& key = shared_key();
  const auto encoded = key.encode();
  const auto loaded = ClassicDecryptionKey::from_der(encoded.reveal());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.value().encryption_key().der(), key.encryption_key().der());
  const auto block = key.encryption_key().encrypt(counting(20));
  EXPECT_EQ(copy_of(loaded.value().decrypt(block).value().reveal()), counting(20));
}

TEST(ClassicDecryptionKey, RefusesADamagedEncoding) {
  const auto good = copy_of(shared_key().encode().reveal());
  const auto refused = [](const Bytes& encoded) {
    const auto key = ClassicDecryptionKey::from_der(encoded);
    return !key.ok() && key.error().failure == Failure::malformed;
  };
  EXPECT_FALSE(refused(good));
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused(Bytes(good.begin(), good.end() - 1)));
  EXPECT_TRUE(refused(concat({good, counting(1)})));
  EXPECT_TRUE(refused(public_der()));
  for (const std::size_t at : {std::size_t{0}, std::size_t{4}, std::size_t{40}, std::size_t{100}}) {
    auto damaged = good;
    damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ 0x10);
    EXPECT_TRUE(refused(damaged)) << at;
  }
}

TEST(ClassicDecryptionKey, DecryptsOnSeveralThreads) {
  const auto& key = shared_key();
  const auto block = key.encryption_key().encrypt(counting(30));
  std::array<int, 4> good{};
  std::vector<std::thread> threads;
  for (auto& count : good) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const auto plain = key.decrypt(block);
        count += plain.ok() && equal(plain.value().reveal(), counting(30)) ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, (std::array<int, 4>{20, 20, 20, 20}));
}

}  // namespace
}  // namespace martlet::crypto
