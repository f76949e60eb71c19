#include "crypto/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <sstream>
#include <type_traits>

namespace {

/// What the memory at `watched` held when it was given back; only the test below sets it.
struct {
  const void* watched = nullptr;
  std::size_t size = 0;
  bool released = false;
  bool was_zero = false;
} release;

}  // namespace

// The only way to see a heap block at the moment of its release.
void* operator new(std::size_t size) {
  void* block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc{};
  return block;
}
static void look_and_free(void* block) noexcept {
  if (block != nullptr && block == release.watched) {
    const martlet::ByteView bytes{static_cast<const std::uint8_t*>(block), release.size};
    release.was_zero = std::ranges::all_of(bytes, [](auto byte) { return byte == 0; });
    release.released = true;
    release.watched = nullptr;
  }
  std::free(block);
}
void operator delete(void* block) noexcept { look_and_free(block); }
void operator delete(void* block, std::size_t) noexcept { look_and_free(block); }

namespace martlet::crypto {
namespace {

using RootKey = Secret<32, struct RootKeyKind>;
using ChainKey = Secret<32, struct ChainKeyKind>;

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept Comparable = requires(const T& a, const T& b) {
  a == b;
};

static_assert(!std::is_copy_constructible_v<RootKey>);
static_assert(!std::is_copy_assignable_v<RootKey>);
static_assert(std::is_nothrow_move_constructible_v<RootKey>);
static_assert(!std::is_default_constructible_v<RootKey>);
static_assert(!std::is_constructible_v<RootKey, std::array<std::uint8_t, 32>>);
static_assert(!std::is_convertible_v<RootKey, ByteView>);
static_assert(!std::is_constructible_v<RootKey, ChainKey>);
static_assert(!std::is_assignable_v<RootKey&, ChainKey>);
static_assert(!Comparable<RootKey> && !Printable<RootKey>);

static_assert(!std::is_copy_constructible_v<Plaintext>);
static_assert(!std::is_copy_assignable_v<Plaintext>);
static_assert(std::is_nothrow_move_constructible_v<Plaintext>);
static_assert(!std::is_constructible_v<Plaintext, Bytes>);
static_assert(!std::is_convertible_v<Plaintext, ByteView>);
static_assert(!std::is_constructible_v<Plaintext, EncodedKey>);
static_assert(!Comparable<Plaintext> && !Printable<Plaintext>);

RootKey sevens() {
  return RootKey{[](std::span<std::uint8_t, 32> out) { std::ranges::fill(out, 7); }};
}
Plaintext sevens(std::size_t size) {
  return Plaintext{size, [](std::span<std::uint8_t> out) {
                     std::ranges::fill(out, 7);
                     return out.size();
                   }};
}
bool all_are(ByteView bytes, std::uint8_t value) {
  return std::ranges::all_of(bytes, [&](auto byte) { return byte == value; });
}

TEST(Secret, IsFilledInPlace) { EXPECT_TRUE(all_are(sevens().reveal(), 7)); }

TEST(Secret, IsWipedWhenMovedFrom) {
  auto from = sevens();
  const RootKey to{std::move(from)};
  EXPECT_TRUE(all_are(to.reveal(), 7));
  EXPECT_TRUE(all_are(from.reveal(), 0));

  auto other = sevens();
  auto target = RootKey{[](std::span<std::uint8_t, 32>) {}};
  target = std::move(other);
  EXPECT_TRUE(all_are(target.reveal(), 7));
  EXPECT_TRUE(all_are(other.reveal(), 0));
}

TEST(Secret, SurvivesAnAssignmentToItself) {
  auto key = sevens();
  auto& same = key;
  key = std::move(same);
  EXPECT_TRUE(all_are(key.reveal(), 7));
}

TEST(Secret, IsWipedWhenDestroyed) {
  // The object dies, the storage stays ours to look at.
  alignas(RootKey) std::array<unsigned char, sizeof(RootKey)> storage;
  auto* key = new (storage.data()) RootKey{sevens()};
  ASSERT_TRUE(all_are(storage, 7));
  key->~RootKey();
  EXPECT_TRUE(all_are(storage, 0));
}

TEST(SecretBytes, KeepsWhatFillSaysItUsed) {
  ByteView whole;
  const Plaintext two{8, [&](std::span<std::uint8_t> out) {
                        std::ranges::fill(out, 7);
                        whole = out;
                        return std::size_t{2};
                      }};
  EXPECT_EQ(two.size(), 2U);
  EXPECT_TRUE(all_are(two.reveal(), 7));
  EXPECT_EQ(two.reveal().data(), whole.data());
  EXPECT_TRUE(all_are(whole.subspan(2), 0)) << "the rest of the allocation";
  const Plaintext none{8, [](std::span<std::uint8_t>) { return std::size_t{0}; }};
  EXPECT_EQ(none.size(), 0U);
  const Plaintext empty{0, [](std::span<std::uint8_t> out) { return out.size(); }};
  EXPECT_EQ(empty.size(), 0U);
}

TEST(SecretBytes, IsWipedBeforeItsMemoryIsReleased) {
  {
    const auto plain = sevens(100);
    release = {plain.reveal().data(), plain.size(), false, false};
  }
  EXPECT_TRUE(release.released);
  EXPECT_TRUE(release.was_zero);

  auto replaced = sevens(50);
  release = {replaced.reveal().data(), replaced.size(), false, false};
  replaced = sevens(60);
  EXPECT_TRUE(release.released);
  EXPECT_TRUE(release.was_zero);
}

TEST(SecretBytes, IsEmptyWhenMovedFrom) {
  auto from = sevens(100);
  const auto* bytes = from.reveal().data();
  Plaintext to{std::move(from)};
  EXPECT_EQ(from.size(), 0U);
  EXPECT_EQ(to.reveal().data(), bytes) << "moved, not copied";
  EXPECT_TRUE(all_are(to.reveal(), 7));
  auto target = sevens(5);
  target = std::move(to);
  EXPECT_EQ(to.size(), 0U);
  EXPECT_EQ(target.size(), 100U);
  auto& same = target;
  target = std::move(same);
  EXPECT_EQ(target.size(), 100U);
}

TEST(Wipe, TakesAnEmptySpan) {
  wipe({});
  Bytes bytes(5, 7);
  wipe(std::span{bytes}.subspan(1, 3));
  EXPECT_EQ(bytes, (Bytes{7, 0, 0, 0, 7}));
}

}  // namespace
}  // namespace martlet::crypto
