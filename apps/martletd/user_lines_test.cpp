#include "apps/martletd/user_lines.h"

#include <gtest/gtest.h>

namespace martlet::daemon {
namespace {

server::UserLine user(std::uint8_t number, std::vector<std::string> handles) {
  server::UserLine line;
  line.account = AccountId{{number}};
  line.handles = std::move(handles);
  line.devices = 2;
  line.online = 1;
  line.admin = number == 1;
  line.status = number == 2 ? store::AccountStatus::suspended : store::AccountStatus::active;
  line.enrolled = unix_millis(0);
  line.waiting = {3, 900};
  return line;
}

TEST(UserLines, TheListIsTheSameForPeopleAndPrograms) {
  const auto line = users_json({{user(1, {"alice@example.org", "+15551234567"}), user(2, {})}});
  for (const auto* part :
       {R"("type":"users")", R"("handles":["alice@example.org","+15551234567"])", R"("devices":2)",
        R"("online":1)", R"("admin":true)", R"("state":"suspended")",
        R"("created":"1970-01-01T00:00:00.000Z")", R"("waiting":{"items":3,"bytes":900})"}) {
    EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
  }
  const auto text = users_text(line);
  for (const auto* part :
       {"active     1970-01-01  2 devices, 1 online  3 waiting  admin  alice@",
        "alice@example.org, +15551234567\n", "suspended  1970-01-01", "waiting  AgAAAA"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  EXPECT_EQ(users_text(users_json({})), "nobody has joined yet\n");
}

TEST(UserLines, PagesJoin) {
  const server::UserList first{{user(1, {"a@b.example"}), user(2, {})}, true};
  const server::UserList last{{user(3, {"c@d.example"})}, false};
  EXPECT_EQ(next_users(users_json(first)), (AccountId{{2}}));
  EXPECT_EQ(next_users(users_json(last)), std::nullopt);
  EXPECT_EQ(next_users(users_json({{}, true})), std::nullopt);
  const auto all = joined_users({users_json(first), users_json(last)});
  EXPECT_EQ(std::ranges::count(users_text(all), '\n'), 3);
  EXPECT_EQ(next_users(all), std::nullopt);
}

TEST(UserLines, WhatBecameOfAUserIsOneLine) {
  EXPECT_EQ(user_text(user_status_json({user(2, {"b@c.example"})})), "suspended  b@c.example\n");
  EXPECT_EQ(user_text(user_status_json({user(1, {"b@c.example"})})), "active     b@c.example\n");
  const auto erased = user_erased_json({user(1, {"b@c.example"}), true});
  EXPECT_NE(erased.find(R"("scrubbed":true)"), std::string::npos) << erased;
  EXPECT_EQ(user_text(erased), "erased     b@c.example (2 devices)\n");
  EXPECT_NE(user_text(user_erased_json({user(1, {}), false})).find("still on it"),
            std::string::npos);
}

TEST(UserLines, OtherLinesAreReadWithoutHarm) {
  for (const std::string line :
       {"", "[]", "{}", "{\"users\":5}", "{\"users\":[1,null,{\"handles\":[2],\"waiting\":7}]}",
        "{\"next\":4}", "{\"type\":\"user_erased\",\"handles\":{}}", "{\"user\":[]}"}) {
    SCOPED_TRACE(line);
    EXPECT_EQ(next_users(line), std::nullopt);
    EXPECT_FALSE(users_text(line).empty());
    EXPECT_FALSE(user_text(line).empty());
    EXPECT_FALSE(joined_users({line}).empty());
  }
}

}  // namespace
}  // namespace martlet::daemon
