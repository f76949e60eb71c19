// Two copies of one profile, and an old copy that was restored, are noticed and told of.
#include "client/login_marks.h"

#include "client/stage_test.h"

namespace martlet::client {
namespace {

struct LoginMarksTest : Stage {
  void SetUp() override { come_online(); }
  wire::Authenticate last_login() { return server_.all<wire::Authenticate>().back(); }
  /// The server answers the next login so.
  void refuse_login(const wire::LoginMark& last) {
    server_.script = [last, done = false](const wire::Frame& frame) mutable -> FakeServer::Reply {
      if (done || !std::holds_alternative<wire::Authenticate>(frame.body)) {
        return FakeServer::Honest{};
      }
      done = true;
      auto refusal = FakeServer::refusal(wire::RefusalCode::device_elsewhere);
      refusal.last_login = last;
      return wire::Body{refusal};
    };
  }
};

TEST_F(LoginMarksTest, EachLoginContinuesTheOneBefore) {
  reconnect();
  const auto second = last_login();
  EXPECT_EQ(second.login.number, 2U);
  restart();
  connect();
  const auto third = last_login();
  EXPECT_EQ(third.login.number, 3U);
  EXPECT_EQ(third.previous_mark, second.login.mark);
  EXPECT_NE(third.login.mark, second.login.mark);
}

TEST_F(LoginMarksTest, ALoginWithoutAnAnswerIsRepeatedAsItWas) {
  reconnect();
  const auto before = last_login();
  server_.script = [](const wire::Frame& frame) -> FakeServer::Reply {
    if (std::holds_alternative<wire::Authenticate>(frame.body)) return FakeServer::Silent{};
    return FakeServer::Honest{};
  };
  reconnect();
  const auto lost = last_login();
  restart();
  server_.script = nullptr;
  connect();
  EXPECT_EQ(engine_->link(), Link::online);
  EXPECT_EQ(last_login().login, lost.login);
  EXPECT_EQ(last_login().previous_mark, before.login.mark);
}

TEST_F(LoginMarksTest, AMarkThatIsNotOnDiskIsNotSent) {
  disconnect();
  server_.asked.clear();
  fault_ = [] { return store::WriteFault::lost; };
  connect();
  EXPECT_TRUE(server_.all<wire::Authenticate>().empty());
  EXPECT_TRUE(engine_->take_close_wish());
  EXPECT_FALSE(engine_->fatal().has_value());
}

TEST_F(LoginMarksTest, WhoHearsOfAnotherLastLoginTellsAndGoesOnFromIt) {
  const wire::LoginMark other{77, {7}};
  refuse_login(other);
  reconnect();
  ASSERT_EQ(alerts().size(), 1U);
  EXPECT_NE(alerts()[0].find("profile seems to run twice"), std::string::npos);
  EXPECT_FALSE(engine_->fatal().has_value());
  EXPECT_TRUE(engine_->take_close_wish());
  reconnect();
  EXPECT_EQ(engine_->link(), Link::online);
  EXPECT_EQ(last_login().login.number, 78U);
  EXPECT_EQ(last_login().previous_mark, other.mark);
  deliver(letter(1, "still here"));
  EXPECT_EQ(shown(), std::vector<std::string>{"still here"});
}

TEST_F(LoginMarksTest, ItTellsOnceAnHour) {
  for (std::uint64_t i = 0; i < 3; ++i) {
    refuse_login({77 + i, {7}});
    reconnect();
    restart();
  }
  EXPECT_EQ(alerts().size(), 1U);
  now_ += LoginMarks::kAlertPause;
  refuse_login({99, {7}});
  connect();
  EXPECT_EQ(alerts().size(), 2U);
}

TEST_F(LoginMarksTest, WithoutALastLoginItIsOnlyARetry) {
  server_.script = [](const wire::Frame& frame) -> FakeServer::Reply {
    if (!std::holds_alternative<wire::Authenticate>(frame.body)) return FakeServer::Honest{};
    return wire::Body{FakeServer::refusal(wire::RefusalCode::device_elsewhere)};
  };
  reconnect();
  EXPECT_TRUE(alerts().empty());
  EXPECT_TRUE(engine_->take_close_wish());
  EXPECT_FALSE(engine_->fatal().has_value());
}

TEST_F(LoginMarksTest, ANoteThatIsNoneIsDamage) {
  for (const auto size : {0U, 31U, 33U, 47U, 49U}) {
    SCOPED_TRACE(size);
    ASSERT_TRUE(
        vault_->transact([&] { return vault_->put_note("login_marks", Bytes(size)); }).ok());
    LoginMarks marks{*vault_, random_};
    wire::Authenticate login;
    const auto done = marks.mark(login);
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().failure, Failure::corrupt);
  }
}

}  // namespace
}  // namespace martlet::client
