#include "client/own_handles.h"

#include "client/errors.h"
#include "client/stage_test.h"

namespace martlet::client {
namespace {

using wire::HandleRow;
using wire::HandleState;
using State = HandleProgress::State;

HandleRow row(const std::string& handle, HandleState state) {
  HandleRow row;
  row.handle = handle;
  row.state = state;
  return row;
}

constexpr auto kConfirmed = HandleState::confirmed;
constexpr auto kWaiting = HandleState::waiting;

TEST(HandleChanges, TellWhatMattersOnce) {
  struct Case {
    const char* name;
    std::vector<HandleRow> before, after;
    std::vector<std::string> changes;
  };
  const Case cases[] = {
      {"nothing", {row("a@b", kConfirmed)}, {row("a@b", kConfirmed)}, {}},
      {"a proof begins",
       {row("a@b", kConfirmed)},
       {row("a@b", kConfirmed), row("c@d", HandleState::sending)},
       {"pending c@d"}},
      {"its mail has left",
       {row("a@b", kConfirmed), row("c@d", HandleState::sending)},
       {row("a@b", kConfirmed), row("c@d", kWaiting)},
       {}},
      {"it is retried",
       {row("c@d", HandleState::sending)},
       {row("c@d", HandleState::retrying)},
       {"retrying c@d"}},
      {"it gets through", {row("c@d", HandleState::retrying)}, {row("c@d", kWaiting)}, {}},
      {"confirmed",
       {row("a@b", kConfirmed), row("c@d", kWaiting)},
       {row("a@b", kConfirmed), row("c@d", kConfirmed)},
       {"confirmed c@d"}},
      {"the first one", {}, {row("a@b", kConfirmed)}, {"confirmed a@b", "default a@b"}},
      {"another default",
       {row("a@b", kConfirmed), row("c@d", kConfirmed)},
       {row("c@d", kConfirmed), row("a@b", kConfirmed)},
       {"default c@d"}},
      {"removed",
       {row("a@b", kConfirmed), row("c@d", kConfirmed)},
       {row("c@d", kConfirmed)},
       {"removed a@b", "default c@d"}},
      {"a proof ended by hand", {row("c@d", kWaiting)}, {}, {"removed c@d"}},
      {"moved", {row("a@b", kConfirmed)}, {row("a@b", HandleState::moved)}, {"moved a@b"}},
      {"what told of it goes", {row("a@b", HandleState::moved)}, {}, {}},
      {"a failure is dismissed", {row("a@b", HandleState::expired)}, {}, {}},
      {"refused",
       {row("c@d", HandleState::sending)},
       {row("c@d", HandleState::refused)},
       {"refused c@d"}},
      {"given up",
       {row("c@d", HandleState::retrying)},
       {row("c@d", HandleState::given_up)},
       {"given_up c@d"}},
      {"expired", {row("c@d", kWaiting)}, {row("c@d", HandleState::expired)}, {"expired c@d"}},
      {"spent", {row("c@d", kWaiting)}, {row("c@d", HandleState::spent)}, {"spent c@d"}},
      {"begun again", {row("c@d", HandleState::expired)}, {row("c@d", kWaiting)}, {"pending c@d"}},
      {"a state of the future",
       {row("c@d", kWaiting)},
       {row("c@d", static_cast<HandleState>(99))},
       {}},
  };
  for (const auto& [name, before, after, changes] : cases) {
    EXPECT_EQ(handle_changes(before, after), changes) << name;
  }
}

class OwnHandlesTest : public Stage {
 protected:
  static constexpr const char* kOwn = "alice@example.org";
  static constexpr const char* kMail = "alice@elsewhere.example";

  void say(std::vector<HandleRow> rows) { push(wire::Body{wire::Handles{std::move(rows)}}); }
  std::vector<std::string> told() {
    std::vector<std::string> texts;
    for (const auto& event : events()) {
      if (event.event.kind == store::EventKind::handle) texts.push_back(event.event.text);
    }
    return texts;
  }
  HandleTicket ask(const HandleAsk& what) {
    const auto ticket = engine_->ask_handles(what, now_);
    EXPECT_TRUE(ticket.ok());
    exchange();
    return ticket.ok() ? ticket.value() : 0;
  }
  HandleProgress progress_of(HandleTicket ticket) {
    return engine_->handle_progress(ticket).value();
  }
};

TEST_F(OwnHandlesTest, TheFirstListIsNoNews) {
  come_online();
  EXPECT_EQ(told(), std::vector<std::string>{});
  ASSERT_EQ(engine_->whoami().handles.size(), 1U);
  EXPECT_EQ(engine_->whoami().handles[0].handle, kOwn);
}

TEST_F(OwnHandlesTest, EveryDeviceTellsWhatIsPushed) {
  come_online();
  say({row(kOwn, kConfirmed), row(kMail, kWaiting)});
  say({row(kOwn, kConfirmed), row(kMail, kWaiting)});
  say({row(kOwn, kConfirmed), row(kMail, kConfirmed)});
  EXPECT_EQ(told(), (std::vector<std::string>{std::string{"pending "} + kMail,
                                              std::string{"confirmed "} + kMail}));
}

TEST_F(OwnHandlesTest, WhatChangedWhileItWasAwayIsToldAtTheNextLogin) {
  come_online();
  disconnect();
  restart();
  server_.script = [](const wire::Frame& frame) -> FakeServer::Reply {
    if (!std::holds_alternative<wire::HandleList>(frame.body)) return FakeServer::Honest{};
    return wire::Body{wire::Handles{{row(kMail, kConfirmed), row(kOwn, HandleState::moved)}}};
  };
  connect();
  EXPECT_EQ(told(), (std::vector<std::string>{std::string{"confirmed "} + kMail,
                                              std::string{"moved "} + kOwn,
                                              std::string{"default "} + kMail}));
  restart();
  EXPECT_EQ(engine_->whoami().handle, kMail);
  ASSERT_EQ(engine_->whoami().handles.size(), 2U);
  EXPECT_EQ(engine_->whoami().handles[1].state, HandleState::moved);
}

TEST_F(OwnHandlesTest, MessagesGoOutAsTheDefault) {
  come_online();
  say({row(kMail, kConfirmed), row(kOwn, kConfirmed)});
  send("bob@example.org", "hi");
  ASSERT_EQ(server_.accepted.size(), 1U);
  const auto content = bob_.open(server_.accepted[0], own_keys());
  ASSERT_TRUE(content);
  EXPECT_EQ(content->sender_handle, kMail);
}

TEST_F(OwnHandlesTest, WhatIsNoHandleIsLeftOut) {
  come_online();
  say({row(kOwn, kConfirmed), row("Not Canonical@example.org", kConfirmed), row("", kConfirmed),
       row(kOwn, HandleState::moved), row("c@d.example", static_cast<HandleState>(1'000))});
  EXPECT_EQ(told(), std::vector<std::string>{});
  EXPECT_EQ(engine_->whoami().handles.size(), 1U);
}

TEST_F(OwnHandlesTest, AVaultThatFailsTellsItAgain) {
  come_online();
  const auto honest = std::exchange(fault_, [] { return store::WriteFault::lost; });
  say({row(kOwn, kConfirmed), row(kMail, kConfirmed)});
  EXPECT_EQ(told(), std::vector<std::string>{});
  fault_ = honest;
  server_.script = [](const wire::Frame& frame) -> FakeServer::Reply {
    if (!std::holds_alternative<wire::HandleList>(frame.body)) return FakeServer::Honest{};
    return wire::Body{wire::Handles{{row(kOwn, kConfirmed), row(kMail, kConfirmed)}}};
  };
  reconnect();
  EXPECT_EQ(told(), std::vector<std::string>{std::string{"confirmed "} + kMail});
}

TEST_F(OwnHandlesTest, QuestionsGetTheirAnswers) {
  come_online();
  server_.script = [](const wire::Frame& frame) -> FakeServer::Reply {
    if (const auto* add = std::get_if<wire::HandleAdd>(&frame.body)) {
      wire::HandleAdded added;
      added.row = row(add->handle, HandleState::sending);
      return wire::Body{added};
    }
    if (const auto* confirm = std::get_if<wire::HandleConfirm>(&frame.body)) {
      if (confirm->code != "123456") {
        return wire::Body{FakeServer::refusal(wire::RefusalCode::code_wrong)};
      }
      return wire::Body{wire::Handles{{row(kOwn, kConfirmed), row(confirm->handle, kConfirmed)}}};
    }
    return FakeServer::Honest{};
  };
  using What = HandleAsk::What;
  const auto added = progress_of(ask({What::add, " Alice@Elsewhere.EXAMPLE ", {}, {}}));
  EXPECT_EQ(added.state, State::done);
  EXPECT_EQ(added.added.row.handle, kMail);
  const auto wrong = progress_of(ask({What::confirm, "+15550123456", {}, "000000"}));
  EXPECT_EQ(wrong.state, State::refused);
  EXPECT_EQ(wrong.error->code, ErrorCode::code_wrong);
  const auto right = progress_of(ask({What::confirm, "+15550123456", {}, "123456"}));
  EXPECT_EQ(right.state, State::done);
  EXPECT_EQ(right.rows.size(), 2U);
  EXPECT_EQ(told(), std::vector<std::string>{"confirmed +15550123456"});
  EXPECT_TRUE(engine_->settled());
  EXPECT_FALSE(engine_->handle_progress(999).ok());
  EXPECT_FALSE(engine_->ask_handles({What::add, "nothing", {}, {}}, now_).ok());
}

TEST_F(OwnHandlesTest, RefusalsSayWhatToDo) {
  struct Case {
    wire::RefusalCode code;
    Milliseconds retry_after;
    ErrorCode expected;
  };
  const Case cases[] = {
      {wire::RefusalCode::handle_local, {}, ErrorCode::handle_local},
      {wire::RefusalCode::handle_unsupported, {}, ErrorCode::handle_unsupported},
      {wire::RefusalCode::handle_last, {}, ErrorCode::handle_last},
      {wire::RefusalCode::handles_full, {}, ErrorCode::handles_full},
      {wire::RefusalCode::code_wrong, {}, ErrorCode::code_wrong},
      {wire::RefusalCode::proof_over, {}, ErrorCode::proof_over},
      {wire::RefusalCode::unknown_handle, {}, ErrorCode::unknown_handle},
      {wire::RefusalCode::limit_reached, std::chrono::minutes{5}, ErrorCode::rate_limited},
      {wire::RefusalCode::limit_reached, std::chrono::hours{20}, ErrorCode::rate_limited},
      {wire::RefusalCode::malformed, {}, ErrorCode::refused},
  };
  come_online();
  for (const auto& [code, retry_after, expected] : cases) {
    SCOPED_TRACE(wire::name_of(code));
    server_.script = [code = code, wait = retry_after](const wire::Frame& frame) {
      return std::holds_alternative<wire::HandleRemove>(frame.body)
                 ? FakeServer::Reply{wire::Body{FakeServer::refusal(code, wait)}}
                 : FakeServer::Reply{FakeServer::Honest{}};
    };
    const auto progress = progress_of(ask({HandleAsk::What::remove, kMail, {}, {}}));
    EXPECT_EQ(progress.state, State::refused);
    EXPECT_EQ(progress.error->code, expected);
  }
}

TEST_F(OwnHandlesTest, AQuestionOutlivesABrokenConnectionAndADiskThatRefuses) {
  come_online();
  int asked = 0;
  server_.script = [&](const wire::Frame& frame) -> FakeServer::Reply {
    if (!std::holds_alternative<wire::HandleDefault>(frame.body)) return FakeServer::Honest{};
    ++asked;
    if (asked == 1) return FakeServer::Silent{};
    if (asked == 2) {
      return wire::Body{FakeServer::refusal(wire::RefusalCode::unavailable, Milliseconds{100})};
    }
    return wire::Body{wire::Handles{{row(kOwn, kConfirmed)}}};
  };
  const auto ticket = ask({HandleAsk::What::make_default, kOwn, {}, {}});
  EXPECT_FALSE(engine_->settled());
  reconnect();
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(progress_of(ticket).state, State::waiting);
  pass(std::chrono::seconds{6});
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(progress_of(ticket).state, State::done);
  EXPECT_TRUE(engine_->settled());
}

TEST_F(OwnHandlesTest, BeforeTheEnrolmentNothingIsAsked) {
  prepare();
  const auto answer = engine_->ask_handles({}, now_);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::not_enrolled);
}

}  // namespace
}  // namespace martlet::client
