#include "base/handle.h"

#include <gtest/gtest.h>

namespace martlet {
namespace {

TEST(Handle, FoldsWhatPeopleType) {
  EXPECT_EQ(Handle::parse(" Alice@Example.ORG ").value().text(), "alice@example.org");
  EXPECT_EQ(Handle::parse("a.b+tag@x-y.example").value().text(), "a.b+tag@x-y.example");
  EXPECT_EQ(Handle::parse("+1 (555) 123-4567").value().text(), "+15551234567");
  EXPECT_EQ(Handle::parse("bob@localhost").value().domain(), "localhost");
  EXPECT_TRUE(Handle::parse("+15551234567").value().is_number());
  EXPECT_EQ(Handle::parse("+15551234567").value().domain(), "");
}

const char* const kRefused[] = {"",
                                "   ",
                                "alice",
                                "@example.org",
                                "alice@",
                                "alice@@example.org",
                                "a..b@example.org",
                                ".a@example.org",
                                "a.@example.org",
                                "a b@example.org",
                                "alice@example..org",
                                "alice@-example.org",
                                "alice@example-.org",
                                "alice@example.123",
                                "alice@192.0.2.1",
                                "alice@[192.0.2.1]",
                                "\"alice\"@example.org",
                                "ali\xc3\xa7"
                                "e@example.org",
                                "alice@ex\xc3\xa4mple.org",
                                "alice(comment)@example.org",
                                "+",
                                "+123456",
                                "+1234567890123456",
                                "+0555123456",
                                "+1555x234567",
                                "15551234567"};

TEST(Handle, RefusesTheRest) {
  for (const auto* typed : kRefused) {
    SCOPED_TRACE(typed);
    const auto parsed = Handle::parse(typed);
    ASSERT_FALSE(parsed.ok()) << parsed.value().text();
    EXPECT_EQ(parsed.error().failure, Failure::malformed);
  }
}

TEST(Handle, KeepsItsBounds) {
  const std::string local(64, 'a');
  EXPECT_TRUE(Handle::parse(local + "@x.org").ok());
  EXPECT_FALSE(Handle::parse(local + "a@x.org").ok());
  const std::string label(63, 'b');
  EXPECT_TRUE(Handle::parse("a@" + label + ".org").ok());
  EXPECT_FALSE(Handle::parse("a@" + label + "b.org").ok());
  const std::string long_domain = label + "." + label + "." + label + ".abcdefghij.org";
  EXPECT_TRUE(Handle::parse("a@" + long_domain).ok());
  EXPECT_FALSE(Handle::parse(local + "@" + long_domain).ok()) << "over 254 bytes";
}

}  // namespace
}  // namespace martlet
