#include "server/session.h"

#include "server/scene_test.h"

namespace martlet::server {
namespace {

using wire::RefusalCode;

struct SessionTest : Scene {};

TEST_F(SessionTest, FirstComesAChallengeThatTellsTheLimits) {
  const auto peer = connect();
  const auto frames = world_->take(peer);
  ASSERT_EQ(frames.size(), 1U);
  const auto& challenge = std::get<wire::Challenge>(frames[0].body);
  EXPECT_EQ(challenge.version, wire::kProtocolVersion);
  EXPECT_EQ(challenge.domain, kDomain);
  EXPECT_EQ(challenge.server_time, kStart);
  EXPECT_EQ(challenge.frame_bytes_max, limits::kFrameBytesMax);
  EXPECT_EQ(challenge.sealed_bytes_max, limits::kSealedBytesMax);
  EXPECT_EQ(challenge.ping_interval, limits::kPingInterval);
  EXPECT_EQ(challenge.envelope_lifetime, limits::kEnvelopeLifetime);
  EXPECT_NE(challenge.nonce, nonce(connect()));
}

TEST_F(SessionTest, ADeviceThatSignsTheChallengeIsWelcome) {
  const auto alice = member("alice@example.org");
  const auto peer = log_in(alice);
  const auto frames = world_->take(peer);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].request, 9U);
  const auto& welcome = std::get<wire::Welcome>(frames[0].body);
  EXPECT_EQ(welcome.account, alice.account);
  EXPECT_EQ(welcome.waiting, 0U);
  EXPECT_EQ(world_->frame_bytes_max(peer), limits::kFrameBytesMax);
  EXPECT_FALSE(world_->closed(peer));
}

struct BadLogin {
  const char* name;
  std::function<void(wire::Authenticate&)> change;
  RefusalCode expected;
};

TEST_F(SessionTest, RefusesEveryOtherLogin) {
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  const auto stranger = newcomer();
  Session::Exporter other_exporter{9};
  Bytes nonce_then;
  const BadLogin kLogins[] = {
      {"another device's id", [&](auto& a) { a.device = bob.id; }, RefusalCode::not_authenticated},
      {"a device nobody knows", [&](auto& a) { a.device = stranger.id; },
       RefusalCode::not_authenticated},
      {"a stranger's own signature",
       [&](auto& a) { a = stranger.authenticate(nonce_then, exporter_); },
       RefusalCode::not_authenticated},
      {"a flipped bit", [&](auto& a) { a.signature[5] ^= 1; }, RefusalCode::not_authenticated},
      {"no signature", [&](auto& a) { a.signature = {}; }, RefusalCode::not_authenticated},
      {"signed for another connection: relayed",
       [&](auto& a) { a = alice.authenticate(nonce_then, other_exporter); },
       RefusalCode::not_authenticated},
      {"signed for another nonce: replayed",
       [&](auto& a) { a = alice.authenticate(Bytes(32, 1), exporter_); },
       RefusalCode::not_authenticated},
      {"a version we do not speak", [&](auto& a) { a.version = 2; }, RefusalCode::wrong_version},
      {"version zero", [&](auto& a) { a.version = 0; }, RefusalCode::wrong_version},
  };
  for (const auto& login : kLogins) {
    SCOPED_TRACE(login.name);
    const auto peer = connect();
    const auto nonce_now = nonce(peer);
    nonce_then = copy_of(nonce_now);
    auto body = alice.authenticate(nonce_now, exporter_);
    login.change(body);
    EXPECT_EQ(code_of(answer_to(peer, body)), login.expected);
    EXPECT_TRUE(world_->closed(peer));
    EXPECT_EQ(world_->office().online(), 0U);
  }
}

TEST_F(SessionTest, ASignatureSeenOnOneConnectionDoesNotOpenAnother) {
  const auto alice = member("alice@example.org");
  const auto first = connect();
  const auto seen = alice.authenticate(nonce(first), exporter_);
  ASSERT_TRUE(std::holds_alternative<wire::Welcome>(answer_to(first, seen)));
  const auto second = connect();
  EXPECT_EQ(code_of(answer_to(second, seen)), RefusalCode::not_authenticated);
}

TEST_F(SessionTest, ASuspendedAccountDoesNotGetIn) {
  const auto alice = member("alice@example.org");
  directory_disk_.accounts.at(alice.account).status = store::AccountStatus::suspended;
  const auto peer = connect();
  EXPECT_EQ(code_of(answer_to(peer, alice.authenticate(nonce(peer), exporter_))),
            RefusalCode::account_suspended);
}

TEST_F(SessionTest, ADeviceRevokedBetweenTheTwoStepsOfALoginDoesNotGetIn) {
  const auto alice = member("alice@example.org");
  const auto peer = connect();
  world_->say(peer, 77, alice.authenticate(nonce(peer), exporter_));
  world_->work(1);  // the key was given out
  directory_disk_.devices.erase(alice.id);
  world_->work_all();
  EXPECT_EQ(code_of(world_->take(peer).back().body), RefusalCode::not_authenticated);
  EXPECT_TRUE(world_->closed(peer));
}

TEST_F(SessionTest, ASecondLoginBeforeTheFirstIsAnsweredCloses) {
  const auto alice = member("alice@example.org");
  const auto peer = connect();
  const auto login = alice.authenticate(nonce(peer), exporter_);
  world_->say(peer, 1, login);
  EXPECT_EQ(code_of(answer_to(peer, login)), RefusalCode::malformed);
  EXPECT_TRUE(world_->closed(peer));
  EXPECT_EQ(world_->office().online(), 0U);
}

struct StrangerFrame {
  const char* name;
  wire::Body body;
};

TEST_F(SessionTest, AStrangerIsServedNothingElse) {
  const auto alice = member("alice@example.org");
  const StrangerFrame kFrames[] = {
      {"send", send_to(alice, 1)},
      {"acknowledge", wire::Acknowledge{{1}}},
      {"what only servers say", wire::Welcome{}},
      {"and of chains", wire::Appended{alice.account, 1, alice.head}},
      {"and push", wire::ChainChanged{alice.account, 1, alice.head}},
  };
  const auto peer = connect();
  for (const auto& frame : kFrames) {
    SCOPED_TRACE(frame.name);
    EXPECT_EQ(code_of(answer_to(peer, frame.body)), RefusalCode::not_authenticated);
  }
  EXPECT_EQ(waiting(alice), 0U);
  EXPECT_FALSE(world_->closed(peer));
}

TEST_F(SessionTest, AStrangerHasAFewFramesOnly) {
  const auto peer = connect();
  for (std::size_t i = 0; i < limits::kStrangerRequestsMax; ++i) {
    EXPECT_TRUE(std::holds_alternative<wire::Pong>(answer_to(peer, wire::Ping{})));
  }
  EXPECT_FALSE(world_->closed(peer));
  world_->say(peer, 5, wire::Lookup{"alice@example.org"});
  EXPECT_EQ(code_of(world_->take(peer).back().body), RefusalCode::limit_reached);
  EXPECT_TRUE(world_->closed(peer));
}

TEST_F(SessionTest, WhoNeverLogsInIsClosedInTime) {
  const auto peer = connect();
  world_->advance(limits::kHandshakeTimeout - Milliseconds{1});
  EXPECT_FALSE(world_->closed(peer));
  world_->advance(Milliseconds{1});
  EXPECT_TRUE(world_->closed(peer));
}

TEST_F(SessionTest, ALoginThatTheOfficeNeverAnswersIsClosedInTime) {
  const auto alice = member("alice@example.org");
  const auto peer = connect();
  world_->say(peer, 1, alice.authenticate(nonce(peer), exporter_));
  world_->advance(limits::kHandshakeTimeout);
  EXPECT_TRUE(world_->closed(peer));
  world_->work_all();
  EXPECT_EQ(world_->office().online(), 0U);
}

TEST_F(SessionTest, WhoHasLoggedInMayBeSilent) {
  const auto peer = online(member("alice@example.org"));
  world_->advance(limits::kHandshakeTimeout * 100);
  EXPECT_FALSE(world_->closed(peer));
}

struct BadFrame {
  const char* name;
  Bytes bytes;
  RefusalCode expected;
};

TEST_F(SessionTest, BrokenFramesAreRefusedAndTheConnectionClosed) {
  const auto alice = member("alice@example.org");
  wire::Send too_large = send_to(alice, 1, limits::kSealedBytesMax + 1);
  const BadFrame kFrames[] = {
      {"garbage", Bytes(50, 0xff), RefusalCode::malformed},
      {"cut short", {0x52, 0x7f, 0x01}, RefusalCode::malformed},
      {"an envelope too large", wire::encode(wire::Frame{1, too_large}), RefusalCode::too_large},
      {"what only servers say", wire::encode(wire::Frame{1, wire::Welcome{}}),
       RefusalCode::malformed},
      {"a second login", wire::encode(wire::Frame{1, wire::Authenticate{}}),
       RefusalCode::malformed},
      {"enrolment of who is in", wire::encode(wire::Frame{1, wire::Enrol{"token", "", {Bytes(3)}}}),
       RefusalCode::malformed},
  };
  for (const auto& frame : kFrames) {
    SCOPED_TRACE(frame.name);
    const auto peer = online(alice);
    world_->say(peer, frame.bytes);
    const auto frames = world_->take(peer);
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(code_of(frames.back().body), frame.expected);
    EXPECT_TRUE(world_->closed(peer));
    world_->disconnect(peer);
    world_->work_all();
  }
}

TEST_F(SessionTest, AfterTheCloseNothingIsHeardOrSaid) {
  const auto alice = member("alice@example.org");
  SessionOutput out;
  const ServerInfo info{kDomain, limits::kEnvelopeLifetime};
  Session session{{0, 1}, info, exporter_, random_, now_, out};
  out = {};
  session.on_frame(Bytes(50, 0xff), now_, out);
  ASSERT_TRUE(out.close);
  out = {};
  session.on_frame(wire::encode(wire::Frame{1, wire::Ping{}}), now_, out);
  session.on_answer({{0, 1}, 1, 0, wire::Deliver{}}, now_, out);
  session.on_tick(now_ + limits::kHandshakeTimeout, out);
  session.shut_down(out);
  EXPECT_TRUE(out.frames.empty());
  EXPECT_TRUE(out.requests.empty());
  EXPECT_FALSE(out.close);
}

TEST_F(SessionTest, UnknownFramesAreSkipped) {
  const auto peer = online(member("alice@example.org"));
  world_->say(peer, Bytes{0xfa, 0x3f, 0x02, 0x08, 0x01});  // field 1023, which no version has yet
  EXPECT_TRUE(world_->take(peer).empty());
  EXPECT_TRUE(std::holds_alternative<wire::Pong>(answer_to(peer, wire::Ping{})));
}

TEST_F(SessionTest, TooManyUnansweredSendsPauseReading) {
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  const auto peer = online(alice);
  for (std::size_t i = 0; i < limits::kSendsInFlightMax + 10; ++i) {
    world_->say(peer, i, send_to(bob, static_cast<std::uint8_t>(i)));
  }
  EXPECT_TRUE(world_->paused(peer));
  EXPECT_EQ(world_->queued(), limits::kSendsInFlightMax);
  world_->work(1);
  EXPECT_TRUE(world_->paused(peer));
  world_->work_all();
  EXPECT_FALSE(world_->paused(peer));
  EXPECT_EQ(world_->take(peer).size(), limits::kSendsInFlightMax + 10);
}

TEST_F(SessionTest, TooManyUnansweredBytesPauseReading) {
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  const auto peer = online(alice);
  const auto needed = limits::kReadPauseBytes / 60'000 + 1;
  for (std::size_t i = 0; i < needed; ++i) {
    EXPECT_FALSE(world_->paused(peer));
    world_->say(peer, i, send_to(bob, static_cast<std::uint8_t>(i), 60'000));
  }
  EXPECT_TRUE(world_->paused(peer));
  world_->work_all();
  EXPECT_FALSE(world_->paused(peer));
  EXPECT_EQ(waiting(bob), needed);
}

TEST_F(SessionTest, AcknowledgementsAndLookupsCountAsUnansweredToo) {
  const auto peer = online(member("alice@example.org"));
  for (std::size_t i = 0; i < limits::kSendsInFlightMax; ++i) {
    world_->say(peer, i, wire::Acknowledge{{i}});
  }
  EXPECT_TRUE(world_->paused(peer));
  world_->work_all();
  EXPECT_FALSE(world_->paused(peer));
  EXPECT_TRUE(world_->take(peer).empty());
}

TEST_F(SessionTest, ALoginThatDoesNotContinueTheLastOneIsToldWhichThatWas) {
  const auto alice = member("alice@example.org");
  using Mark = std::array<std::uint8_t, 16>;
  const auto try_login = [&](std::uint64_t number, Mark mark, Mark previous) {
    const auto peer = connect();
    auto login = alice.authenticate(nonce(peer), exporter_);
    login.login = {number, mark};
    login.previous_mark = previous;
    world_->say(peer, 9, login);
    world_->work_all();
    return peer;
  };
  const auto first = try_login(5, Mark{50}, Mark{40});
  EXPECT_TRUE(std::holds_alternative<wire::Welcome>(world_->take(first).at(0).body));
  const auto copy = try_login(5, Mark{51}, Mark{40});
  const auto frames = world_->take(copy);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].request, 9U);
  const auto& refusal = std::get<wire::Refusal>(frames[0].body);
  EXPECT_EQ(refusal.code, RefusalCode::device_elsewhere);
  EXPECT_EQ(refusal.last_login, (wire::LoginMark{5, Mark{50}}));
  EXPECT_TRUE(world_->closed(copy));
  EXPECT_FALSE(world_->closed(first));  // who is online stays
  world_->disconnect(copy);
  world_->work_all();
  EXPECT_EQ(world_->office().online(), 1U);
  // It goes on from there, and now the other copy is the one that is behind.
  const auto again = try_login(6, Mark{61}, Mark{50});
  EXPECT_TRUE(std::holds_alternative<wire::Welcome>(world_->take(again).at(0).body));
  const auto other = try_login(6, Mark{60}, Mark{50});
  EXPECT_EQ(code_of(world_->take(other).at(0).body), RefusalCode::device_elsewhere);
}

TEST_F(SessionTest, ANewerConnectionOfTheSameDeviceTakesOver) {
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  const auto old = online(alice);
  const auto fresh = online(alice);
  const auto frames = world_->take(old);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(code_of(frames[0].body), RefusalCode::device_elsewhere);
  EXPECT_TRUE(world_->closed(old));
  world_->disconnect(old);  // its Unsubscribe must not end the newer one
  world_->work_all();
  EXPECT_EQ(world_->office().online(), 1U);
  const auto sender = online(bob);
  answer_to(sender, send_to(alice, 1));
  EXPECT_EQ(delivered(fresh).size(), 1U);
}

TEST_F(SessionTest, WhoIsGoneIsOffline) {
  const auto alice = member("alice@example.org");
  const auto peer = online(alice);
  world_->disconnect(peer);
  world_->work_all();
  EXPECT_EQ(world_->office().online(), 0U);
}

TEST_F(SessionTest, ShuttingDownIsSaidToAll) {
  const auto alice = member("alice@example.org");
  const auto in = online(alice);
  const auto stranger = connect();
  world_->shut_down();
  for (const auto peer : {in, stranger}) {
    EXPECT_EQ(code_of(world_->take(peer).back().body), RefusalCode::shutting_down);
    EXPECT_TRUE(world_->closed(peer));
  }
}

TEST_F(SessionTest, ShuttingDownSaysHowLongToStayAway) {
  const ServerInfo info{kDomain, limits::kEnvelopeLifetime};
  SessionOutput out;
  Session session{{0, 1}, info, exporter_, random_, now_, out};
  out = {};
  session.shut_down(out, Milliseconds{1'234});
  ASSERT_EQ(out.frames.size(), 1U);
  const auto frame = wire::parse_frame(out.frames[0]);
  ASSERT_TRUE(frame.ok());
  const auto& refusal = std::get<wire::Refusal>(frame.value().body);
  EXPECT_EQ(refusal.code, RefusalCode::shutting_down);
  EXPECT_EQ(refusal.retry_after, Milliseconds{1'234});
  EXPECT_TRUE(out.close);
}

TEST_F(SessionTest, StrangersOfOneAddressShareAnAllowanceHoweverManyConnectionsTheyOpen) {
  const auto alice = member("alice@example.org");
  StrangerLimits strangers{world_->now()};
  const Origin here{network_of("2001:db8::1"), &strangers};
  const Origin next_door{network_of("2001:db8::ffff"), &strangers};  // of the same /64
  const Origin elsewhere{network_of("2001:db8:0:1::1"), &strangers};
  const auto ask = [&](const Origin& origin, wire::Body body) {
    const auto peer = world_->connect(exporter_, origin);
    return code_of(answer_to(peer, std::move(body)));
  };
  for (std::size_t i = 0; i < limits::kStrangerLookupsAMinute; ++i) {
    const auto refused = i % 2 == 0 ? ask(here, wire::Lookup{"nobody@example.org"})
                                    : ask(next_door, wire::FetchChain{AccountId{{9}}, 0});
    EXPECT_NE(refused, RefusalCode::limit_reached) << i;
  }
  const wire::Body kQuestions[] = {
      wire::Lookup{"alice@example.org"},
      wire::FetchChain{alice.account, 0},
      wire::AppendLink{alice.account, alice.head, alice.links[0]},
      wire::OpenRendezvous{{1}},
  };
  for (const auto& question : kQuestions) {
    EXPECT_EQ(ask(here, question), RefusalCode::limit_reached);
    EXPECT_NE(ask(elsewhere, question), RefusalCode::limit_reached);
  }
  // It is strangers' alone: who logs in from there has his own.
  const auto peer = world_->connect(exporter_, here);
  world_->say(peer, 9, alice.authenticate(nonce(peer), exporter_));
  world_->work_all();
  EXPECT_TRUE(
      std::holds_alternative<wire::Account>(answer_to(peer, wire::Lookup{"alice@example.org"})));
  world_->advance(std::chrono::minutes{1});
  EXPECT_EQ(ask(here, wire::FetchChain{alice.account, 0}), std::nullopt);
}

}  // namespace
}  // namespace martlet::server
