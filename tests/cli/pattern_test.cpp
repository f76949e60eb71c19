#include "cli/pattern.h"

#include <gtest/gtest.h>

namespace martlet::cli_test {
namespace {

TEST(Pattern, Fits) {
  const struct {
    const char* pattern;
    const char* line;
    bool expected;
  } cases[] = {
      {"", "", true},
      {"", "a", false},
      {"a", "", false},
      {"a.c", "abc", false},
      {"a*", "a", true},
      {"a*c", "abbc", true},
      {"a*c", "abbcd", false},
      {"*b*", "abc", true},
      {"*", "", true},
      {"{\"v\":1,*\"text\":\"hi\"*}", "{\"v\":1,\"text\":\"hi\",\"x\":[]}", true},
      {"{\"v\":1,*\"text\":\"hi\"*}", "{\"v\":1,\"text\":\"ho\"}", false},
      {"<not a name>", "<not a name>", true},
      {"<>", "<>", true},
      {"\"<id>\"", "\"abc\"", true},
      {"\"<id>\"", "\"ab\"c\"", false},
      {"<id> <id>", "a a", true},
      {"<id> <id>", "a b", false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string{c.pattern} + " ~ " + c.line);
    std::map<std::string, std::string> known;
    EXPECT_EQ(fits(c.pattern, c.line, known), c.expected);
    EXPECT_TRUE(c.expected || known.empty());
  }
}

TEST(Pattern, RemembersWhatANameStoodFor) {
  std::map<std::string, std::string> known;
  EXPECT_TRUE(fits("id=\"<first>\" *", "id=\"abc\" and so on", known));
  EXPECT_EQ(known.at("first"), "abc");
  EXPECT_TRUE(fits("<first>!", "abc!", known));
  EXPECT_FALSE(fits("<first>!", "abd!", known));
}

}  // namespace
}  // namespace martlet::cli_test
