#include "client/names.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace martlet::client {
namespace {

TEST(Names, AreOneLineOfUtf8) {
  EXPECT_TRUE(is_name(""));
  EXPECT_TRUE(is_name("Zo\xc3\xab"));
  EXPECT_TRUE(is_name(std::string(limits::kNameBytesMax, 'a')));
  EXPECT_FALSE(is_name(std::string(limits::kNameBytesMax + 1, 'a')));
  EXPECT_FALSE(is_name("two\nlines"));
  EXPECT_FALSE(is_name("\x1b[31mred"));
  EXPECT_FALSE(is_name("\x7f"));
  EXPECT_FALSE(is_name("\xff"));
  EXPECT_FALSE(is_name(std::string_view{"a\0b", 3}));
}

TEST(Names, FoldCase) {
  struct Pair {
    const char* a;
    const char* b;
    bool same;
  };
  const Pair pairs[] = {
      {"Bob", "bOB", true},           {"ZO\xc3\x8b", "zo\xc3\xab", true},
      {"\xce\xa9", "\xcf\x89", true}, {"\xd0\x96\xd0\x81", "\xd0\xb6\xd1\x91", true},
      {"Bob", "Rob", false},          {"\xc3\x97", "\xc3\xb7", false},
      {"ss", "\xc3\x9f", false},      {"\xe2\x82\xac", "\xe2\x82\xad", false},
  };
  for (const auto& pair : pairs) {
    EXPECT_EQ(folded(pair.a) == folded(pair.b), pair.same) << pair.a << " " << pair.b;
  }
}

}  // namespace
}  // namespace martlet::client
