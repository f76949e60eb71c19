#include "client/stage_test.h"

namespace martlet::client {
namespace {

using namespace std::chrono_literals;

class Connecting : public Stage {
 protected:
  /// Answers requests of one kind with `body`; the rest is left to the honest server.
  template <class Kind>
  void answer(wire::Body body) {
    server_.script = [body](const wire::Frame& frame) -> FakeServer::Reply {
      if (std::holds_alternative<Kind>(frame.body)) return body;
      return FakeServer::Honest{};
    };
  }
  template <class Kind>
  void silence() {
    server_.script = [](const wire::Frame& frame) -> FakeServer::Reply {
      if (std::holds_alternative<Kind>(frame.body)) return FakeServer::Silent{};
      return FakeServer::Honest{};
    };
  }
};

TEST_F(Connecting, AnEmptyVaultIsNotEnrolled) {
  const auto engine = Engine::open(*vault_, random_);
  ASSERT_FALSE(engine.ok());
  EXPECT_EQ(engine.error().code, ErrorCode::not_enrolled);
}

TEST_F(Connecting, EnrolsAndLogsInOnOneConnection) {
  prepare("ALICE@example.org");
  EXPECT_FALSE(engine_->enrolled());
  EXPECT_TRUE(engine_->wants_connection(now_));
  EXPECT_EQ(to_text(engine_->server()).substr(0, 22), "chat.example.org:8443#");
  connect();
  EXPECT_EQ(engine_->link(), Link::online);
  const auto enrols = server_.all<wire::Enrol>();
  ASSERT_EQ(enrols.size(), 1U);
  EXPECT_EQ(enrols[0].token, "AAECAwQFBgcICQoLDA0ODw");
  EXPECT_EQ(enrols[0].handle, "alice@example.org");
  const auto me = engine_->whoami();
  EXPECT_EQ(me.handle, "alice@example.org");
  EXPECT_EQ(me.name, "Alice");
  EXPECT_EQ(me.device_name, "laptop");
  EXPECT_TRUE(me.admin);
  EXPECT_EQ(me.public_code.size(), 36U + 8U);
  const auto profile = vault_->profile().value();
  EXPECT_TRUE(profile->enrolled);
  EXPECT_TRUE(profile->token.empty());

  restart();
  connect();
  EXPECT_EQ(engine_->link(), Link::online);
  EXPECT_EQ(server_.all<wire::Enrol>().size(), 1U);
  EXPECT_EQ(server_.all<wire::Authenticate>().size(), 2U);
}

TEST_F(Connecting, AnInterruptedEnrolmentGoesOnWithTheSameKeys) {
  prepare();
  silence<wire::Enrol>();
  connect();
  EXPECT_FALSE(engine_->enrolled());
  const auto account = own_account();
  const EnrollRequest again{kUrl, "Alice B.", "alice@example.org", "laptop"};
  ASSERT_TRUE(Engine::prepare_enrollment(*vault_, again, numbered_keys(5), random_, now_).ok());
  restart();
  EXPECT_EQ(own_account(), account);
  EXPECT_EQ(engine_->whoami().name, "Alice B.");
  server_.script = {};
  connect();
  EXPECT_EQ(engine_->link(), Link::online);
  EXPECT_EQ(server_.all<wire::Enrol>().back().handle, "alice@example.org");
  EXPECT_EQ(server_.all<wire::Enrol>().front().links, server_.all<wire::Enrol>().back().links);

  const auto late = Engine::prepare_enrollment(*vault_, again, numbered_keys(5), random_, now_);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::already_enrolled);
}

TEST_F(Connecting, ARefusedHandleCanBeLeftAway) {
  prepare();
  const EnrollRequest greedy{kUrl, "Alice", "queen@example.org", "laptop"};
  ASSERT_TRUE(Engine::prepare_enrollment(*vault_, greedy, numbered_keys(5), random_, now_).ok());
  const EnrollRequest modest{kUrl, "Alice", "", "laptop"};
  ASSERT_TRUE(Engine::prepare_enrollment(*vault_, modest, numbered_keys(5), random_, now_).ok());
  restart();
  connect();
  EXPECT_EQ(server_.all<wire::Enrol>().back().handle, "");
}

TEST_F(Connecting, AnotherInvitationStartsOver) {
  prepare();
  const auto account = own_account();
  const EnrollRequest other{"https://other.example/i/AQECAwQFBgcICQoLDA0ODw", "", "", ""};
  ASSERT_TRUE(Engine::prepare_enrollment(*vault_, other, numbered_keys(5), random_, now_).ok());
  restart();
  EXPECT_NE(own_account(), account);
  EXPECT_EQ(to_text(engine_->server()), "other.example:443");
}

TEST_F(Connecting, BadEnrolmentsLeaveTheVaultEmpty) {
  struct Bad {
    const char* name;
    EnrollRequest request;
  };
  const Bad cases[] = {
      {"no URL", {"", "A", "", "d"}},
      {"a bad handle", {kUrl, "A", "not a handle", "d"}},
      {"a name of two lines", {kUrl, "A\nB", "", "d"}},
      {"a name too long", {kUrl, std::string(limits::kNameBytesMax + 1, 'a'), "", "d"}},
      {"a device name that is not UTF-8", {kUrl, "A", "", "\xff"}},
  };
  for (const auto& bad : cases) {
    SCOPED_TRACE(bad.name);
    const auto done =
        Engine::prepare_enrollment(*vault_, bad.request, numbered_keys(0), random_, now_);
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, ErrorCode::usage);
    EXPECT_FALSE(vault_->profile().value().has_value());
  }
}

TEST_F(Connecting, VerbsThatSendWaitForTheEnrolment) {
  prepare();
  EXPECT_EQ(engine_->send({"bob@example.org", "hi", {}}, now_).error().code,
            ErrorCode::not_enrolled);
  EXPECT_EQ(engine_->read("bob@example.org", now_).error().code, ErrorCode::not_enrolled);
}

TEST_F(Connecting, RefusalsForGoodStopTheEngine) {
  struct Refusal {
    wire::RefusalCode code;
    ErrorCode expected;
  };
  const Refusal refusals[] = {
      {wire::RefusalCode::invitation_unknown, ErrorCode::invitation_unknown},
      {wire::RefusalCode::invitation_used, ErrorCode::invitation_used},
      {wire::RefusalCode::invitation_expired, ErrorCode::invitation_expired},
      {wire::RefusalCode::handle_taken, ErrorCode::handle_taken},
      {wire::RefusalCode::handle_refused, ErrorCode::handle_refused},
      {wire::RefusalCode::chain_refused, ErrorCode::refused},
      {wire::RefusalCode::malformed, ErrorCode::refused},
      {wire::RefusalCode::wrong_version, ErrorCode::outdated},
      {wire::RefusalCode::not_authenticated, ErrorCode::not_enrolled},
  };
  prepare();
  for (const auto& refusal : refusals) {
    SCOPED_TRACE(wire::name_of(refusal.code));
    restart();
    answer<wire::Enrol>(FakeServer::refusal(refusal.code));
    connect();
    ASSERT_TRUE(engine_->fatal().has_value());
    EXPECT_EQ(engine_->fatal()->code, refusal.expected);
    EXPECT_TRUE(engine_->take_close_wish());
    disconnect();
    EXPECT_FALSE(engine_->wants_connection(now_ + 1h));
    EXPECT_EQ(engine_->wake_at(), UnixMillis::max());
  }
}

TEST_F(Connecting, RefusalsToComeBackLaterAreObeyed) {
  for (const auto code : {wire::RefusalCode::unavailable, wire::RefusalCode::limit_reached,
                          wire::RefusalCode::shutting_down, static_cast<wire::RefusalCode>(999)}) {
    SCOPED_TRACE(wire::name_of(code));
    open_vault();
    prepare();
    answer<wire::Enrol>(FakeServer::refusal(code, 30s));
    connect();
    EXPECT_FALSE(engine_->fatal().has_value());
    EXPECT_TRUE(engine_->take_close_wish());
    disconnect();
    EXPECT_FALSE(engine_->wants_connection(now_ + 29s));
    EXPECT_TRUE(engine_->wants_connection(now_ + 31s));
  }
}

TEST_F(Connecting, AnUnknownDeviceIsToldToEnrol) {
  come_online();
  server_.chains.erase(own_account());
  reconnect();
  ASSERT_TRUE(engine_->fatal().has_value());
  EXPECT_EQ(engine_->fatal()->code, ErrorCode::not_enrolled);
}

TEST_F(Connecting, AnotherAccountInTheWelcomeIsAnIdentityProblem) {
  prepare();
  answer<wire::Authenticate>(wire::Welcome{bob_.account, 0, now_});
  connect();
  ASSERT_TRUE(engine_->fatal().has_value());
  EXPECT_EQ(engine_->fatal()->code, ErrorCode::identity);
}

TEST_F(Connecting, AnotherAccountInTheEnrolmentIsAnIdentityProblem) {
  prepare();
  answer<wire::Enrol>(wire::Enrolled{"alice@example.org", bob_.account, false});
  connect();
  ASSERT_TRUE(engine_->fatal().has_value());
  EXPECT_EQ(engine_->fatal()->code, ErrorCode::identity);
  EXPECT_FALSE(vault_->profile().value()->enrolled);
}

TEST_F(Connecting, ASilentServerIsLeft) {
  prepare();
  engine_->on_connected(FakeServer::kExporter, now_);
  EXPECT_EQ(engine_->wake_at(), now_ + limits::kHandshakeTimeout);
  pass(limits::kHandshakeTimeout - 1ms);
  EXPECT_FALSE(engine_->take_close_wish());
  pass(1ms);
  EXPECT_TRUE(engine_->take_close_wish());
}

TEST_F(Connecting, AnUnansweredRequestIsAskedAgainOnANewConnection) {
  come_online();
  silence<wire::Lookup>();
  const auto id = send("bob@example.org", "hi");
  EXPECT_EQ(progress(id).state, store::MessageState::queued);
  EXPECT_FALSE(engine_->settled());
  pass(limits::kAnswerTimeout - 1s);
  EXPECT_FALSE(engine_->take_close_wish());
  pass(2s);
  EXPECT_TRUE(engine_->take_close_wish());
  server_.script = {};
  reconnect();
  EXPECT_EQ(progress(id).state, store::MessageState::sent);
  EXPECT_EQ(server_.accepted.size(), 1U);
}

TEST_F(Connecting, PingsWhenSilentAndLeavesWithoutAPong) {
  server_.ping_interval = 30s;
  come_online();
  EXPECT_EQ(engine_->wake_at(), now_ + 30s);
  pass(29s);
  EXPECT_TRUE(server_.all<wire::Ping>().empty());
  pass(1s);
  EXPECT_EQ(server_.all<wire::Ping>().size(), 1U);
  EXPECT_TRUE(engine_->settled());
  silence<wire::Ping>();
  pass(30s);
  EXPECT_EQ(server_.all<wire::Ping>().size(), 2U);
  EXPECT_FALSE(engine_->take_close_wish());
  pass(limits::kAnswerTimeout + 1s);
  EXPECT_TRUE(engine_->take_close_wish());
}

TEST_F(Connecting, AnswersThePingsOfTheServer) {
  come_online();
  push(wire::Frame{77, wire::Ping{}});
  ASSERT_EQ(server_.asked.size(), 1U);
  EXPECT_EQ(server_.asked[0].request, 77U);
  EXPECT_TRUE(std::holds_alternative<wire::Pong>(server_.asked[0].body));
}

TEST_F(Connecting, BackOffGrowsWithJitterAndStaysBounded) {
  prepare();
  std::set<Milliseconds> delays;
  for (int attempt = 0; attempt < 20; ++attempt) {
    disconnect();
    const auto delay = engine_->wake_at() - now_;
    EXPECT_GE(delay, limits::kReconnectDelayMin);
    EXPECT_LE(delay, std::min(limits::kReconnectDelayMin * (2U << std::min(attempt, 10)),
                              limits::kReconnectDelayMax));
    EXPECT_FALSE(engine_->wants_connection(engine_->wake_at() - 1ms));
    EXPECT_TRUE(engine_->wants_connection(engine_->wake_at()));
    delays.insert(delay);
    now_ = engine_->wake_at();
  }
  EXPECT_GT(delays.size(), 15U);  // jitter: hardly two alike
  EXPECT_GT(*delays.rbegin(), limits::kReconnectDelayMax / 4);
}

TEST_F(Connecting, AGoodConnectionStartsTheBackOffAnew) {
  come_online();
  for (int i = 0; i < 10; ++i) {
    disconnect();
    now_ = engine_->wake_at();
  }
  connect();
  pass(1min);
  disconnect();
  EXPECT_LE(engine_->wake_at() - now_, 2 * limits::kReconnectDelayMin);
}

TEST_F(Connecting, ComesBackWithJitterAfterAGoodConnectionToo) {
  std::set<Milliseconds> delays;
  come_online();
  for (int i = 0; i < 20; ++i) {
    pass(1min);
    disconnect();
    delays.insert(engine_->wake_at() - now_);
    connect();
  }
  EXPECT_GT(delays.size(), 10U) << "when a server stops, all its devices lose a good connection";
}

TEST_F(Connecting, ARefusalOutOfNothingEndsTheConnection) {
  for (const auto code : {wire::RefusalCode::device_elsewhere, wire::RefusalCode::shutting_down,
                          wire::RefusalCode::malformed}) {
    SCOPED_TRACE(wire::name_of(code));
    open_vault();
    if (!vault_->profile().value()) prepare();
    restart();
    connect();
    push(FakeServer::refusal(code, 1min));
    EXPECT_TRUE(engine_->take_close_wish());
    EXPECT_FALSE(engine_->fatal().has_value());
    disconnect();
    EXPECT_FALSE(engine_->wants_connection(now_ + 59s));
  }
}

TEST_F(Connecting, GarbageEndsTheConnection) {
  come_online();
  engine_->on_frame(bytes_of("\xff\xff\xff garbage"), now_);
  EXPECT_TRUE(engine_->take_close_wish());
  EXPECT_FALSE(engine_->fatal().has_value());
  // What still arrives is not looked at.
  push(letter(1, "too late"));
  EXPECT_TRUE(shown().empty());
}

TEST_F(Connecting, AnswersThatNobodyAskedForAreIgnored) {
  come_online();
  push(wire::Frame{4'711, wire::Accepted{numbered_message(1)}});
  push(wire::Frame{0, wire::Accepted{numbered_message(1)}});
  push(wire::Frame{4'711, FakeServer::refusal(wire::RefusalCode::unavailable)});
  push(wire::Frame{0, wire::Welcome{own_account(), 7, now_}});
  push(wire::Frame{4'712, wire::Pong{}});
  push(server_.challenge());
  EXPECT_FALSE(engine_->take_close_wish());
  EXPECT_TRUE(engine_->settled());
  EXPECT_TRUE(server_.asked.empty());
}

TEST_F(Connecting, AClockThatGoesBackDoesNotStopTheClient) {
  come_online();
  silence<wire::Lookup>();
  const auto id = send("bob@example.org", "hi");
  now_ -= 24h * 365;
  pass(0ms);
  EXPECT_TRUE(engine_->take_close_wish());
  disconnect();
  EXPECT_LE(engine_->wake_at() - now_, limits::kReconnectDelayMax);
  server_.script = {};
  connect();
  EXPECT_EQ(progress(id).state, store::MessageState::sent);
}

TEST_F(Connecting, WhatWasAnnouncedAtLoginIsAwaited) {
  server_.waiting = 2;
  come_online();
  EXPECT_FALSE(engine_->settled());
  deliver(letter(1, "one"));
  EXPECT_FALSE(engine_->settled());
  deliver(letter(2, "two"));
  EXPECT_TRUE(engine_->settled());
  reconnect();
  EXPECT_FALSE(engine_->settled());
  pass(5s);  // they expired in the meantime
  EXPECT_TRUE(engine_->settled());
}

TEST_F(Connecting, ADamagedProfileIsToldApart) {
  prepare();
  auto profile = *vault_->profile().value();
  struct Damage {
    const char* name;
    std::function<void(store::ProfileRecord&)> apply;
  };
  const Damage damages[] = {
      {"no signing key", [](auto& p) { p.signing_key.clear(); }},
      {"another signing key", [](auto& p) { p.signing_key.back() ^= 1U; }},
      {"no classic key", [](auto& p) { p.classic_key.clear(); }},
      {"no chain", [](auto& p) { p.links.clear(); }},
      {"another account", [this](auto& p) { p.account = bob_.account; }},
  };
  for (const auto& damage : damages) {
    SCOPED_TRACE(damage.name);
    auto damaged = profile;
    damage.apply(damaged);
    ASSERT_TRUE(vault_->transact([&] { return vault_->put_profile(damaged); }).ok());
    const auto engine = Engine::open(*vault_, random_);
    ASSERT_FALSE(engine.ok());
    EXPECT_EQ(engine.error().code, ErrorCode::profile_damaged);
  }
}

}  // namespace
}  // namespace martlet::client
