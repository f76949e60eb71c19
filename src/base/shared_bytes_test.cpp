#include "base/shared_bytes.h"

#include <gtest/gtest.h>

namespace martlet {
namespace {

TEST(SharedBytes, CopiesWhatItIsGivenOnce) {
  Bytes source{1, 2, 3};
  const SharedBytes bytes{source};
  source[0] = 9;
  EXPECT_EQ(bytes, (SharedBytes{Bytes{1, 2, 3}}));
  const auto other = bytes;
  EXPECT_EQ(other.data(), bytes.data()) << "a copy of the object copies no byte";
}

TEST(SharedBytes, OutlivesWhoMadeIt) {
  SharedBytes kept;
  {
    const SharedBytes made{Bytes(1'000, 7)};
    kept = made;
  }
  EXPECT_EQ(kept.size(), 1'000U);
  EXPECT_EQ(copy_of(kept), Bytes(1'000, 7));
}

TEST(SharedBytes, EqualByContent) {
  EXPECT_EQ(SharedBytes{}, SharedBytes{Bytes{}});
  EXPECT_TRUE(SharedBytes{}.empty());
  EXPECT_FALSE(SharedBytes{Bytes{1}} == SharedBytes{Bytes{2}});
  EXPECT_FALSE(SharedBytes{Bytes{1}} == (SharedBytes{Bytes{1, 1}}));
}

}  // namespace
}  // namespace martlet
