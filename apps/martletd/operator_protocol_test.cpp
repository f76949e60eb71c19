#include "apps/martletd/operator_protocol.h"

#include <gtest/gtest.h>

namespace martlet::daemon {
namespace {

TEST(OperatorProtocol, RequestsReadBack) {
  const server::Invite invite{"alice@example.org", true, 7, std::chrono::days{2}};
  const auto read = parse_operator_request(encode(invite));
  ASSERT_TRUE(read.ok());
  const auto& got = std::get<server::Invite>(read.value());
  EXPECT_EQ(got.handle, invite.handle);
  EXPECT_EQ(got.admin, invite.admin);
  EXPECT_EQ(got.uses, invite.uses);
  EXPECT_EQ(got.lifetime, invite.lifetime);
  for (const bool list : {false, true}) {
    const auto status = parse_operator_request(encode(server::StatusQuery{list}));
    EXPECT_EQ(std::get<server::StatusQuery>(status.value()).mailboxes, list);
  }
}

TEST(OperatorProtocol, RequestsAboutUsersReadBack) {
  const auto all = parse_operator_request(encode(server::ListUsers{}));
  EXPECT_FALSE(std::get<server::ListUsers>(all.value()).after.has_value());
  const AccountId account{{7, 8}};
  const auto rest = parse_operator_request(encode(server::ListUsers{account}));
  EXPECT_EQ(std::get<server::ListUsers>(rest.value()).after, account);
  for (const bool suspended : {false, true}) {
    const auto read = parse_operator_request(encode(server::Suspend{"bob@example.org", suspended}));
    EXPECT_EQ(std::get<server::Suspend>(read.value()).who, "bob@example.org");
    EXPECT_EQ(std::get<server::Suspend>(read.value()).suspended, suspended);
  }
  const auto erase = parse_operator_request(encode(server::Erase{"bob@example.org"}));
  EXPECT_EQ(std::get<server::Erase>(erase.value()).who, "bob@example.org");
}

TEST(OperatorProtocol, WhatIsTypedMayBeNoText) {
  const auto line = encode(server::Invite{"\xff\xfe\n", false, 1, Seconds{1}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_TRUE(parse_operator_request(line).ok());
}

TEST(OperatorProtocol, RefusesEverythingElse) {
  const char* const kLines[] = {
      "",
      "invite",
      "[]",
      "\"invite\"",
      "{",
      "{}",
      R"({"verb":5})",
      R"({"verb":"erase"})",
      R"({"verb":"user_ls"})",
      R"({"verb":"user_ls","after":"AAAA"})",
      R"({"verb":"user_ls","after":"no base64!"})",
      R"({"verb":"user_suspend","who":"bob@example.org"})",
      R"({"verb":"user_suspend","who":1,"suspended":true})",
      R"({"verb":"user_suspend","who":"bob@example.org","suspended":"yes"})",
      R"({"verb":"user_erase"})",
      R"({"verb":"user_erase","who":null})",
      R"({"verb":"status"})",
      R"({"verb":"status","mailboxes":1})",
      R"({"verb":"invite"})",
      R"({"verb":"invite","handle":null,"admin":false,"uses":1,"lifetime_ms":1})",
      R"({"verb":"invite","handle":"","admin":"no","uses":1,"lifetime_ms":1})",
      R"({"verb":"invite","handle":"","admin":false,"uses":-1,"lifetime_ms":1})",
      R"({"verb":"invite","handle":"","admin":false,"uses":4294967296,"lifetime_ms":1})",
      R"({"verb":"invite","handle":"","admin":false,"uses":1.5,"lifetime_ms":1})",
      R"({"verb":"invite","handle":"","admin":false,"uses":1})",
  };
  for (const auto* line : kLines) {
    SCOPED_TRACE(line);
    EXPECT_FALSE(parse_operator_request(line).ok());
  }
}

TEST(OperatorProtocol, ComplaintsCrossTheSocket) {
  const Complaint complaint{Exit::refused, "a \"quoted\" message", "a hint"};
  const auto got = accept_answer(complaint_json(complaint));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().exit, complaint.exit);
  EXPECT_EQ(got.error().message, complaint.message);
  EXPECT_EQ(got.error().hint, complaint.hint);
  for (const auto* line : {"", "no", "[1]", R"({"error":5})", R"({"error":{"exit":"x"}})"}) {
    EXPECT_EQ(accept_answer(line).error().exit, Exit::bug);
  }
}

TEST(OperatorProtocol, AnInvitationIsItsUrl) {
  const auto line = invited_json("https://h/i/T#F", {"T", "a@b.example", unix_millis(0)});
  EXPECT_EQ(url_of(accept_answer(line).value()), "https://h/i/T#F");
  EXPECT_EQ(url_of("{}"), "");
}

TEST(OperatorProtocol, AStatusIsTheSameForPeopleAndPrograms) {
  server::StatusReport status;
  status.directory = {3, 4, 5};
  status.online = 2;
  status.waiting = {7, 7'000};
  status.mailboxes_in_use = 1;
  const DeviceId device{{0xab}};
  status.health.damaged = {device};
  status.mailboxes.push_back(
      {device,
       {7, 7'000},
       {{1, store::ItemKind::envelope, 390, unix_millis(0), unix_millis(1), "0201"},
        {2, store::ItemKind::undelivered, 0, unix_millis(0), unix_millis(1), ""}}});
  const auto line = status_json(status, true);
  for (const auto* part :
       {R"("type":"status")", R"("health":"damaged")", R"("accounts":3)", R"("devices":4)",
        R"("handles":5)", R"("online":2)", R"("waiting":{"items":7,"bytes":7000})",
        R"("sealed_starts_hex":"0201")", R"("expires":"1970-01-01T00:00:00.001Z")"}) {
    EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
  }
  const auto text = status_text(line);
  for (const auto* part :
       {"health     damaged", "devices    4, 2 online", "7 sealed items, 7000 bytes",
        "for device "
        "qwAAAA",
        "envelope, 390 bytes", "sealed: 0201...", "undelivered, 0 bytes"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  EXPECT_EQ(status_json(status, false).find("\"mailboxes\":"), std::string::npos);
  EXPECT_NE(status_json({}, true).find("\"mailboxes\":[]"), std::string::npos);
  EXPECT_NE(status_json({}, true).find("\"health\":\"ok\""), std::string::npos);
}

}  // namespace
}  // namespace martlet::daemon
