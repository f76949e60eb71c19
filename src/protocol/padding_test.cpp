#include "protocol/padding.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"

namespace martlet::protocol {
namespace {

TEST(PaddedSize, IsTheFloorAndThenPadme) {
  const struct {
    std::size_t content;
    std::size_t padded;
  } cases[] = {
      // The terminator counts: 255 bytes fill the floor.
      {0, 256},
      {1, 256},
      {255, 256},
      // From 256 to 511 steps of 16.
      {256, 272},
      {271, 272},
      {272, 288},
      {511, 512},
      // From 512 to 1023 steps of 32, then 64.
      {512, 544},
      {1'000, 1'024},
      {1'024, 1'088},
      {2'047, 2'048},
      {2'048, 2'176},
      // From 32,768 steps of 2,048; at 65,536 five bits are kept.
      {32'768, 34'816},
      {60'000, 61'440},
      {63'487, 63'488},
      {63'488, 65'536},
      {65'536, 67'584},
      {1'000'000, 1'015'808},
  };
  for (const auto& c : cases) EXPECT_EQ(padded_size(c.content), c.padded) << c.content;
}

TEST(PaddedSize, GrowsNeverShrinksAndAddsAtMost12Percent) {
  std::size_t before = 0;
  std::size_t classes = 0;
  for (std::size_t size = 0; size <= 70'000; ++size) {
    const auto padded = padded_size(size);
    ASSERT_GT(padded, size);
    ASSERT_GE(padded, before);
    ASSERT_EQ(padded_size(padded - 1), padded);
    if (size >= limits::kPaddingFloorBytes) {
      ASSERT_LE((padded - size - 1) * 100, (size + 1) * 12) << size;
    }
    classes += padded == before ? 0 : 1;
    before = padded;
  }
  EXPECT_EQ(classes, 132U) << "so many lengths are all that the server sees";
}

TEST(Pad, IsTakenOffAgain) {
  for (std::size_t size = 0; size < 1'200; ++size) {
    Bytes content(size, 0x80);
    const auto padded = pad(content);
    ASSERT_EQ(padded.size(), padded_size(size));
    const auto back = unpad(padded.reveal());
    ASSERT_TRUE(back.ok()) << size;
    ASSERT_EQ(copy_of(back.value()), content);
  }
}

TEST(Pad, KeepsZerosAtTheEndOfTheContent) {
  const Bytes content{1, 0, 0, 0};
  const auto padded = pad(content);
  EXPECT_EQ(copy_of(unpad(padded.reveal()).value()), content);
}

TEST(Unpad, RefusesEveryOtherPadding) {
  const auto with = [](std::size_t size, std::size_t at, std::uint8_t value) {
    Bytes bytes(size, 0);
    if (at < size) bytes[at] = value;
    return bytes;
  };
  const struct {
    const char* name;
    Bytes padded;
  } cases[] = {
      {"nothing", {}},
      {"zeros alone", Bytes(256, 0)},
      {"another terminator", with(256, 5, 0x81)},
      {"terminator 01", with(256, 5, 0x01)},
      {"something behind the terminator",
       [&] {
         auto bytes = with(256, 5, 0x80);
         bytes[200] = 1;
         return bytes;
       }()},
      {"below the floor", with(255, 5, 0x80)},
      {"one byte alone", {0x80}},
      {"above the floor for a short content", with(272, 5, 0x80)},
      {"between two steps", with(257, 256, 0x80)},
      {"a step too long", with(288, 256, 0x80)},
      {"content that would fill the floor", with(272, 255, 0x80)},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto content = unpad(c.padded);
    ASSERT_FALSE(content.ok());
    EXPECT_EQ(content.error().failure, Failure::malformed);
  }
}

}  // namespace
}  // namespace martlet::protocol
