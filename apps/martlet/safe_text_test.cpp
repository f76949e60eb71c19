#include "apps/martlet/safe_text.h"

#include <gtest/gtest.h>

#include "base/seeded_random.h"
#include "base/utf8.h"

namespace martlet::cli {
namespace {

struct SafeTextCase {
  const char* name;
  std::string text;
  std::string expected;
};

const SafeTextCase kCases[] = {
    {"plain", "hi", "hi"},
    {"empty", "", ""},
    {"other writing stays", "Gr\u00fc\u00dfe \u05e9\u05dc\u05d5\u05dd \U0001f600",
     "Gr\u00fc\u00dfe \u05e9\u05dc\u05d5\u05dd \U0001f600"},
    {"a colour", "\x1b[31mred", "\u241b[31mred"},
    {"a title", "\x1b]0;owned\x07", "\u241b]0;owned\u2407"},
    {"carriage return over our line", "hi\rBob: yes", "hi\u240dBob: yes"},
    {"backspaces", "no\x08\x08yes", "no\u2408\u2408yes"},
    {"nul", std::string("a\0b", 3), "a\u2400b"},
    {"delete", "a\x7f", "a\u2421"},
    {"C1 control sequence introducer", "a\u009b31m", "a\ufffd31m"},
    {"a bare C1 byte",
     "a\x9b"
     "31m",
     "a\ufffd31m"},
    {"tab", "a\tb", "a b"},
    {"line break", "a\nb", "a \u23ce b"},
    {"line break of two", "a\r\nb", "a \u23ce b"},
    {"line separator", "a\u2028b", "a\u23ceb"},
    {"right-to-left override", "photo_\u202egpj.exe", "photo_\ufffdgpj.exe"},
    {"left-to-right embedding", "\u202aa\u202c", "\ufffda\ufffd"},
    {"isolates", "\u2066a\u2067b\u2068c\u2069", "\ufffda\ufffdb\ufffdc\ufffd"},
    {"marks stay", "a\u200e\u200f", "a\u200e\u200f"},
    {"cut short", "a\xe2\x82", "a\ufffd\ufffd"},
    {"overlong escape", "\xc0\x9b[31m", "\ufffd\ufffd[31m"},
    {"overlong of three", "\xe0\x80\x9b", "\ufffd\ufffd\ufffd"},
    {"a surrogate", "\xed\xa0\x80", "\ufffd\ufffd\ufffd"},
    {"beyond the last", "\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"},
    {"no lead byte at all", "\xff\xfe", "\ufffd\ufffd"},
};

TEST(SafeText, NothingActsOnTheTerminal) {
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(safe(c.text), c.expected);
    for (const char byte : safe(c.text)) {
      EXPECT_TRUE(static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7f);
    }
  }
}

TEST(SafeText, WhateverComesIsUtf8WithoutControls) {
  SeededRandom random{1};
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random.below(24), '\0');
    for (auto& c : text) {
      // Mostly bytes that begin or go on with something.
      constexpr std::string_view kOften = "\x1b\n\r\x9b\xc2\xe2\x80\xaa\xa8\xf0\x9f\xed\xa0[a";
      c = random.below(3) == 0 ? static_cast<char>(random.below(256))
                               : kOften[static_cast<std::size_t>(random.below(kOften.size()))];
    }
    const auto shown = safe(text);
    ASSERT_TRUE(is_utf8(shown)) << i;
    for (const char c : shown) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << i;
    for (std::size_t at = 0; (at = shown.find('\xc2', at)) != std::string::npos; ++at) {
      ASSERT_GE(static_cast<unsigned char>(shown[at + 1]), 0xa0) << "C1 in " << i;
    }
  }
}

TEST(SafeText, AKeptLineBreakCannotFakeALineOfOurs) {
  EXPECT_EQ(safe("hi\n18:55 Bob: pay him", LineBreaks::kept), "hi\n      | 18:55 Bob: pay him");
}

TEST(SafeText, PreviewCutsBetweenCodePoints) {
  EXPECT_EQ(safe_preview("\u00e4\u00e4\u00e4", 2), "\u00e4\u00e4\u2026");
  EXPECT_EQ(safe_preview("\u00e4\u00e4", 2), "\u00e4\u00e4");
  EXPECT_EQ(safe_preview("\x1b[2J and on", 4), "\u241b[2J\u2026");
  EXPECT_EQ(safe_preview("", 4), "");
}

}  // namespace
}  // namespace martlet::cli
