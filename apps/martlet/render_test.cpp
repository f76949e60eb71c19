#include "apps/martlet/render.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <nlohmann/json.hpp>

namespace martlet::cli {
namespace {

using store::EventKind;
using store::MessageState;
using Json = nlohmann::json;

class FixedClock final : public Clock {
 public:
  UnixMillis now() const override {
    return unix_millis(1'778'353'000'000);
  }  // 2026-05-09T18:56:40Z
};

template <class IdType>
IdType id_of(std::uint8_t first) {
  std::array<std::uint8_t, IdType::kBytes> bytes{};
  bytes[0] = first;
  return IdType{bytes};
}

store::MessageRecord incoming() {
  store::MessageRecord message;
  message.order = 7;
  message.id = id_of<MessageId>(1);
  message.author = id_of<DeviceId>(2);
  message.chat = id_of<ChatId>(3);
  message.peer_handle = "bob@example.org";
  message.sender_name = "Bob";
  message.sent = unix_millis(1'778'352'902'004);
  message.stored = unix_millis(1'778'352'902'500);
  message.text = "hi";
  return message;
}

client::Event message_event() {
  client::Event event;
  event.event.cursor = 42;
  event.event.kind = EventKind::message;
  event.message = incoming();
  return event;
}

client::Event receipt_event(MessageState state, store::FailureReason reason) {
  client::Event event;
  event.event.cursor = 43;
  event.event.kind = EventKind::receipt;
  event.event.at = unix_millis(1'778'352'902'500);
  event.event.message = id_of<MessageId>(1);
  event.event.chat = id_of<ChatId>(3);
  event.event.state = state;
  event.event.reason = reason;
  event.message = incoming();
  event.message->outgoing = true;
  event.message->sender_name = "Alice";
  return event;
}

const char* const kId1 = "AQAAAAAAAAAAAAAAAAAAAA";
const char* const kChat3 = "AwAAAAAAAAAAAAAAAAAAAA";

class RenderText : public ::testing::Test {
 protected:
  RenderText() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
  FixedClock clock_;
  std::unique_ptr<Renderer> text_ = make_text_renderer(clock_, false);
};

Json parse_line(const std::string& line) {
  EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line each";
  return Json::parse(line);
}

TEST(RenderJson, Message) {
  const auto json = parse_line(make_json_renderer(false)->event(message_event()));
  const auto expected = Json{{"v", 1},
                             {"type", "message"},
                             {"id", kId1},
                             {"chat", kChat3},
                             {"direction", "in"},
                             {"from", "bob@example.org"},
                             {"from_name", "Bob"},
                             {"sender_device", "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
                             {"sent_at", "2026-05-09T18:55:02.004Z"},
                             {"stored_at", "2026-05-09T18:55:02.500Z"},
                             {"text", "hi"},
                             {"attachments", Json::array()},
                             {"state", "received"},
                             {"order", 7},
                             {"cursor", 42}};
  EXPECT_EQ(json, expected) << json;
}

TEST(RenderJson, ReplyAndOwnMessage) {
  auto message = incoming();
  message.outgoing = true;
  message.state = MessageState::failed;
  message.reason = store::FailureReason::unknown_handle;
  message.reply_to = id_of<MessageId>(9);
  auto renderer = make_json_renderer(false);
  renderer->set_people({"alice@example.org", {}});
  const auto json = parse_line(renderer->history({message}, false));
  EXPECT_EQ(json["from"], "alice@example.org");
  EXPECT_EQ(json["to"], "bob@example.org");
  EXPECT_EQ(json["direction"], "out");
  EXPECT_EQ(json["state"], "failed");
  EXPECT_EQ(json["reason"], "unknown_handle");
  EXPECT_EQ(json["reply_to"], "CQAAAAAAAAAAAAAAAAAAAA");
  EXPECT_FALSE(json.contains("cursor"));
}

TEST(RenderJson, Receipt) {
  auto event = receipt_event(MessageState::delivered, store::FailureReason::none);
  event.event.device = id_of<DeviceId>(2);
  const auto json = parse_line(make_json_renderer(false)->event(event));
  const auto expected = Json{{"v", 1},
                             {"type", "receipt"},
                             {"id", kId1},
                             {"chat", kChat3},
                             {"state", "delivered"},
                             {"device", "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
                             {"at", "2026-05-09T18:55:02.500Z"},
                             {"cursor", 43}};
  EXPECT_EQ(json, expected) << json;
}

wire::HandleRow handle_row(const char* handle, wire::HandleState state) {
  wire::HandleRow row;
  row.handle = handle;
  row.state = state;
  return row;
}
std::vector<wire::HandleRow> handle_rows() {
  auto pending = handle_row("c@d", wire::HandleState::waiting);
  pending.method = wire::HandleMethod::sms_code;
  pending.expires = unix_millis(1'778'352'902'004);
  pending.tries_left = 4;
  return {handle_row("a@b", wire::HandleState::confirmed),
          handle_row("e@f", wire::HandleState::confirmed), pending,
          handle_row("g@h", static_cast<wire::HandleState>(99))};
}
client::Event handle_event(const char* text) {
  client::Event event;
  event.event.kind = store::EventKind::handle;
  event.event.at = unix_millis(1'778'352'902'004);
  event.event.cursor = 44;
  event.event.text = text;
  return event;
}

TEST(RenderJson, Handles) {
  const auto renderer = make_json_renderer(false);
  HandleAnswer answer;
  answer.progress.rows = handle_rows();
  const auto rows =
      Json::array({Json{{"handle", "a@b"}, {"state", "confirmed"}, {"default", true}},
                   Json{{"handle", "e@f"}, {"state", "confirmed"}, {"default", false}},
                   Json{{"handle", "c@d"},
                        {"state", "pending"},
                        {"method", "sms_code"},
                        {"expires_at", "2026-05-09T18:55:02.004Z"},
                        {"tries_left", 4},
                        {"default", false}},
                   Json{{"handle", "g@h"}, {"state", "unknown"}, {"default", false}}});
  const auto listed = parse_line(renderer->handles(answer));
  EXPECT_EQ(listed, (Json{{"v", 1}, {"type", "handles"}, {"handles", rows}})) << listed;
  client::WhoamiAnswer whoami;
  whoami.handles = handle_rows();
  EXPECT_EQ(parse_line(renderer->whoami(whoami))["handles"], rows);

  answer.ask.what = client::HandleAsk::What::add;
  answer.progress.added = {handle_rows()[2], "M-ABCDE-FGHIJ", "+15550100"};
  const auto added = parse_line(renderer->handles(answer));
  EXPECT_EQ(added["type"], "handle_added");
  EXPECT_EQ(added["handle"], "c@d");
  EXPECT_EQ(added["text"], "M-ABCDE-FGHIJ");
  EXPECT_EQ(added["number"], "+15550100");
}

TEST(RenderJson, HandleEvent) {
  const auto json = parse_line(make_json_renderer(false)->event(handle_event("confirmed a@b")));
  const auto expected = Json{{"v", 1},
                             {"type", "handle"},
                             {"at", "2026-05-09T18:55:02.004Z"},
                             {"what", "confirmed"},
                             {"handle", "a@b"},
                             {"cursor", 44}};
  EXPECT_EQ(json, expected) << json;
}

TEST_F(RenderText, Handles) {
  HandleAnswer answer;
  answer.progress.rows = handle_rows();
  EXPECT_EQ(text_->handles(answer),
            "a@b  confirmed, default\ne@f  confirmed\nc@d  pending until 18:55\ng@h  unknown\n");
  answer.progress.rows.clear();
  EXPECT_NE(text_->handles(answer).find("No handles"), std::string::npos);
  answer.ask.what = client::HandleAsk::What::add;
  struct Case {
    wire::HandleMethod method;
    const char* says;
  };
  for (const auto& [method, says] : {Case{wire::HandleMethod::mail_link, "A mail is on its way"},
                                     Case{wire::HandleMethod::sms_code, "handle confirm c@d CODE"},
                                     Case{wire::HandleMethod::inbound_sms, "M-ABCDE-FGHIJ"}}) {
    answer.progress.added = {handle_rows()[2], "M-ABCDE-FGHIJ", "+15550100"};
    answer.progress.added.row.method = method;
    EXPECT_NE(text_->handles(answer).find(says), std::string::npos) << says;
  }
  answer.progress.added.row = handle_row("c@d", wire::HandleState::confirmed);
  EXPECT_EQ(text_->handles(answer), "c@d is yours already.\n");
}

TEST_F(RenderText, HandleEvents) {
  for (const auto* what : {"pending", "confirmed", "default", "removed", "moved", "retrying",
                           "refused", "given_up", "expired", "spent"}) {
    const auto line = text_->event(handle_event((std::string{what} + " a@b").c_str()));
    EXPECT_EQ(line.substr(0, 12), "18:55 ! a@b ") << line;
    EXPECT_EQ(line.find("has changed"), std::string::npos) << what;
  }
  EXPECT_NE(text_->event(handle_event("flown a@b")).find("a@b has changed"), std::string::npos);
  EXPECT_EQ(text_->event(handle_event("confirmed \x1b[2J@b")).find('\x1b'), std::string::npos);
}

TEST_F(RenderText, WhoamiShowsAllHandles) {
  client::WhoamiAnswer answer;
  answer.handle = "a@b";
  answer.handles = handle_rows();
  const auto text = text_->whoami(answer);
  EXPECT_NE(text.find("handle       a@b\n"), std::string::npos);
  EXPECT_NE(text.find("also         e@f\n"), std::string::npos);
  EXPECT_NE(text.find("also         c@d (pending)\n"), std::string::npos);
}

TEST(RenderJson, UnknownIdsAreLeftOut) {
  auto event = receipt_event(MessageState::failed, store::FailureReason::refused);
  event.event.chat = ChatId{};
  const auto json = parse_line(make_json_renderer(false)->event(event));
  EXPECT_FALSE(json.contains("chat"));
  EXPECT_FALSE(json.contains("device"));
  EXPECT_EQ(json["reason"], "refused");
}

TEST(RenderJson, SentAndItsProblem) {
  SendAnswer answer{id_of<MessageId>(1), {}, std::nullopt};
  answer.progress.state = MessageState::sent;
  answer.progress.chat = id_of<ChatId>(3);
  answer.progress.devices = 2;
  const auto renderer = make_json_renderer(false);
  const auto expected = Json{{"v", 1},         {"type", "sent"}, {"id", kId1},
                             {"chat", kChat3}, {"devices", 2},   {"state", "sent"}};
  EXPECT_EQ(parse_line(renderer->sent(answer)), expected);

  const auto problem = parse_line(renderer->problem(
      {client::ErrorCode::timed_out, "still queued", "wait", id_of<MessageId>(1)}));
  const auto expected_problem =
      Json{{"v", 1},         {"type", "error"}, {"code", "timed_out"}, {"message", "still queued"},
           {"hint", "wait"}, {"id", kId1}};
  EXPECT_EQ(problem, expected_problem);
}

TEST(RenderJson, BadTextNeverBreaksTheLine) {
  auto event = message_event();
  event.message->text = "a\nb\x1b[31m\x9b\xff\"\\ \u009b \u202e";
  for (const bool ascii_only : {false, true}) {
    const auto line = make_json_renderer(ascii_only)->event(event);
    EXPECT_EQ(parse_line(line)["text"], "a\nb\x1b[31m\ufffd\ufffd\"\\ \u009b \u202e");
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
    if (!ascii_only) continue;
    for (const char c : line) EXPECT_TRUE((c >= 0x20 && c < 0x7f) || c == '\n');
  }
}

TEST(RenderJson, ChatsContactsWhoamiRead) {
  const auto renderer = make_json_renderer(false);
  store::ChatRecord chat;
  chat.chat = id_of<ChatId>(3);
  chat.peer_handle = "bob@example.org";
  chat.peer_name = "Bob";
  chat.unread = 2;
  chat.last = incoming();
  const auto json = parse_line(renderer->chats({chat}));
  EXPECT_EQ(json["type"], "chat");
  EXPECT_EQ(json["unread"], 2);
  EXPECT_EQ(json["last"]["text"], "hi");
  EXPECT_EQ(renderer->chats({}), "");

  const store::ContactRecord contact{"Bob", "bob@example.org", unix_millis(0)};
  const auto expected = Json{{"v", 1},
                             {"type", "contact"},
                             {"name", "Bob"},
                             {"handle", "bob@example.org"},
                             {"handles", {"bob@example.org"}},
                             {"added_at", "1970-01-01T00:00:00.000Z"}};
  EXPECT_EQ(parse_line(renderer->contacts({contact})), expected);
  const store::ContactRecord first{"Eva", "+491712345678", unix_millis(0), 7};
  const store::ContactRecord second{"Eva", "eva@example.org", unix_millis(0), 7};
  const store::ContactRecord namesake{"Eva", "ada@example.org", unix_millis(0), 8};
  const auto rows = renderer->contacts({first, namesake, second});
  EXPECT_EQ(std::ranges::count(rows, '\n'), 2);
  EXPECT_NE(rows.find(R"("handles":["+491712345678","eva@example.org"])"), std::string::npos)
      << rows;
  const auto read_expected = Json{{"v", 1}, {"type", "read"}, {"messages", 3}};
  EXPECT_EQ(parse_line(renderer->read({3, std::nullopt})), read_expected);

  client::WhoamiAnswer me;
  me.handle = "alice@example.org";
  me.account = id_of<AccountId>(5);
  const auto whoami = parse_line(renderer->whoami(me));
  EXPECT_EQ(whoami["type"], "whoami");
  EXPECT_EQ(whoami["account"].get<std::string>().size(), 43U);
}

TEST_F(RenderText, DoctorSaysHowItIs) {
  DoctorAnswer found{"/profile", "host:1", true, std::nullopt, {2, 3, 4, 5, Milliseconds{-7'000}}};
  const auto renderer = make_json_renderer(false);
  const auto expected = Json{{"v", 1},
                             {"type", "doctor"},
                             {"profile", "/profile"},
                             {"server", "host:1"},
                             {"server_reachable", true},
                             {"clock_skew_ms", -7'000},
                             {"undecryptable_total", 2},
                             {"waiting_to_open", 3},
                             {"outbox", 4},
                             {"kept", 5}};
  EXPECT_EQ(parse_line(renderer->doctor(found)), expected);
  EXPECT_NE(text_->doctor(found).find("off by -7 s"), std::string::npos);
  found.server_reachable = false;
  found.problem = client::ApiError{client::ErrorCode::network, "nobody there", ""};
  EXPECT_EQ(parse_line(renderer->doctor(found))["problem"], "network");
  found.server_reachable.reset();
  EXPECT_TRUE(parse_line(renderer->doctor(found))["server_reachable"].is_null());
}

TEST_F(RenderText, OneReadableLineAnEvent) {
  EXPECT_EQ(text_->event(message_event()), "18:55 Bob <bob@example.org>: hi\n");
  auto event = message_event();
  event.message->text = "hi\n18:56 Alice: pay him\x1b[2J";
  EXPECT_EQ(text_->event(event),
            "18:55 Bob <bob@example.org>: hi \u23ce 18:56 Alice: pay him\u241b[2J\n");
  event.message->stored = unix_millis(1'778'252'902'500);
  event.message->text = "old";
  EXPECT_EQ(text_->event(event), "2026-05-08 15:08 Bob <bob@example.org>: old\n");
}

TEST_F(RenderText, AContactGoesByOurNameAndNobodyElseCanTakeIt) {
  text_->set_people({"alice@example.org", {{"Bobby", "bob@example.org", {}}}});
  EXPECT_EQ(text_->event(message_event()), "18:55 Bobby: hi\n");
  auto event = message_event();
  event.message->peer_handle = "mallory@example.org";
  event.message->sender_name = "Bobby";
  EXPECT_EQ(text_->event(event), "18:55 Bobby <mallory@example.org>: hi\n");
  event.message->sender_name = "Bobby\x1b[8m";
  EXPECT_EQ(text_->event(event), "18:55 Bobby\u241b[8m <mallory@example.org>: hi\n");
  event.message->sender_name.clear();
  EXPECT_EQ(text_->event(event), "18:55 mallory@example.org: hi\n");
}

TEST_F(RenderText, ReceiptsAndFailures) {
  EXPECT_EQ(text_->event(receipt_event(MessageState::read, store::FailureReason::none)),
            "18:55 bob@example.org: \"hi\" read\n");
  EXPECT_EQ(text_->event(receipt_event(MessageState::failed, store::FailureReason::unknown_handle)),
            "18:55 bob@example.org: \"hi\" not sent: nobody on the server has this handle\n");
  auto gone = receipt_event(MessageState::read, store::FailureReason::none);
  gone.message.reset();
  EXPECT_EQ(text_->event(gone), "18:55 (a message that is gone)\n");
}

TEST_F(RenderText, HistoryKeepsLineBreaksButNobodyCanFakeALine) {
  auto message = incoming();
  message.text = "one\n18:56 Alice: two";
  EXPECT_EQ(text_->history({message}, false),
            "18:55 Bob <bob@example.org>: one\n      | 18:56 Alice: two\n");
  message.outgoing = true;
  message.text = "yes";
  message.state = MessageState::delivered;
  EXPECT_EQ(text_->history({message}, true), std::string{kId1} + "  18:55 You: yes (delivered)\n");
  message.needs_newer = true;
  EXPECT_EQ(text_->history({message}, false),
            "18:55 You: (needs a newer version of martlet) (delivered)\n");
}

TEST_F(RenderText, ProblemsSayWhatToDo) {
  EXPECT_EQ(text_->problem({client::ErrorCode::network, "no answer", "try later", {}}),
            "martlet: no answer\n  try later\n");
  EXPECT_EQ(text_->problem({client::ErrorCode::usage, "bad\x1b[31m word", "", {}}),
            "martlet: bad\u241b[31m word\n");
}

TEST_F(RenderText, EmptyListsSayHowToBegin) {
  EXPECT_NE(text_->chats({}).find("martlet send"), std::string::npos);
  EXPECT_NE(text_->contacts({}).find("martlet contact add"), std::string::npos);
  EXPECT_EQ(text_->history({}, false), "No messages.\n");
}

TEST(RenderNames, WhatWeCallSomebodyGoesBeforeWhatHeCallsHimself) {
  auto message = incoming();
  message.peer = id_of<AccountId>(5);
  message.sender_name = "The Boss";
  const auto json = make_json_renderer(false);
  const struct {
    const char* name;
    People people;
    const char* expected;
  } kCases[] = {
      {"a stranger", {"alice@example.org", {}}, "The Boss"},
      {"a contact", {"alice@example.org", {{"Bobby", "bob@example.org", {}}}}, "Bobby"},
      {"another's contact", {"alice@example.org", {{"Bobby", "b@example.org", {}}}}, "The Boss"},
      {"a contact by another handle",
       {"alice@example.org", {{"Bobby", "+491712345678", {}}}, {{id_of<AccountId>(5), "Bobby"}}},
       "Bobby"},
      {"another account", {"alice@example.org", {}, {{id_of<AccountId>(6), "Bobby"}}}, "The Boss"},
  };
  for (const auto& [name, people, expected] : kCases) {
    SCOPED_TRACE(name);
    json->set_people(people);
    EXPECT_EQ(Json::parse(json->history({message}, false))["from_name"], expected);
    store::ChatRecord chat;
    chat.peer = message.peer;
    chat.peer_handle = message.peer_handle;
    chat.peer_name = message.sender_name;
    chat.last = message;
    EXPECT_EQ(Json::parse(json->chats({chat}))["name"], expected);
  }
}

TEST(RenderNames, AnImportSaysWhatItDidAndWhatItSkipped) {
  client::ContactImport result;
  result.cards = 3;
  result.added = 4;
  result.skipped = 9;
  result.without_country = 1;
  result.skips = {{12, "Bob\x1b", "0171 2345678", "a phone number without its country"}};
  const auto json = Json::parse(make_json_renderer(false)->contacts_imported(result));
  EXPECT_EQ(json["type"], "imported");
  EXPECT_EQ(json["added"], 4);
  EXPECT_EQ(json["skipped"], 9);
  EXPECT_EQ(json["skips"][0]["line"], 12);
  EXPECT_EQ(json["skips"][0]["reason"], "a phone number without its country");
  const FixedClock clock;
  const auto text = make_text_renderer(clock, false)->contacts_imported(result);
  for (const auto* part : {"4 handles added, 0 renamed, 0 as they were.\n", "9 skipped:\n",
                           "line 12: a phone number without its country, Bob\u241b, 0171 2345678",
                           "  and more\n", "--region DE"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
}

TEST(RenderNames, AnAmbiguousNameListsItsCandidates) {
  Problem problem{client::ErrorCode::ambiguous_name, "which", "", {}};
  problem.candidates = {{"Bob", "bob@example.org", {}}, {"Bobby", "b@example.org", {}}};
  const auto json = Json::parse(make_json_renderer(false)->problem(problem));
  EXPECT_EQ(json["candidates"].size(), 2U);
  EXPECT_EQ(json["candidates"][1]["handle"], "b@example.org");
  const FixedClock clock;
  const auto text = make_text_renderer(clock, false);
  EXPECT_EQ(text->problem(problem),
            "martlet: which\n  Bob  bob@example.org\n  Bobby  b@example.org\n");
  EXPECT_NE(text->question(problem.candidates).find("  2  Bobby  b@example.org\n"),
            std::string::npos);
}

}  // namespace
}  // namespace martlet::cli
