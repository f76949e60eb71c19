#include "base/utf8.h"

#include <gtest/gtest.h>

namespace martlet {
namespace {

TEST(Utf8, TakesEveryLength) {
  for (const auto* text :
       {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "h\xc3\xa9llo \xf0\x9f\x90\xa6!"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Utf8, RefusesTheRest) {
  const std::string_view refused[] = {
      "\x80",
      "\xbf",
      "\xc0\x80",
      "\xc1\xbf",
      "\xc2",
      "\xe0\x9f\xbf",
      "\xe0\xa0",
      "\xed\xa0\x80",
      "\xed\xbf\xbf",
      "\xf0\x8f\xbf\xbf",
      "\xf4\x90\x80\x80",
      "\xf5\x80\x80\x80",
      "\xff",
      "\xf0\x90\x80",
      "a\x80",
      "\xc2\x41",
      "\xe1\x80\x41",
      std::string_view{"\xff\0\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 12}};
  for (const auto text : refused) EXPECT_FALSE(is_utf8(text)) << text.size();
}

}  // namespace
}  // namespace martlet
