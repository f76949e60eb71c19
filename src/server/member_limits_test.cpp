#include "server/member_limits.h"

#include "server/scene_test.h"

namespace martlet::server {
namespace {

using namespace std::chrono_literals;
using wire::RefusalCode;

struct MemberLimitsTest : Scene {
  MemberLimits members{kStart, 3};
  const Origin here{"192.0.2.1", nullptr, &members};

  /// Logged in from `here`.
  Peer come(const TestDevice& device) {
    const auto peer = world_->connect(exporter_, here);
    world_->say(peer, 9, device.authenticate(nonce(peer), exporter_));
    world_->work_all();
    world_->take(peer);
    return peer;
  }
  static AccountId account(std::uint8_t number) {
    std::array<std::uint8_t, 32> bytes{};
    bytes.front() = number;
    return AccountId{bytes};
  }
};

TEST_F(MemberLimitsTest, EachKindAndAccountHasItsOwn) {
  struct Kind {
    RateKind kind;
    std::size_t most;
  };
  for (const auto& [kind, most] : {Kind{RateKind::lookups, limits::kLookupsAMinute},
                                   Kind{RateKind::links, rate_limits::kAppendsAMinute},
                                   Kind{RateKind::handles, rate_limits::kHandleRequestsAMinute}}) {
    SCOPED_TRACE(name_of(kind));
    for (std::size_t i = 0; i < most; ++i) {
      ASSERT_EQ(members.take(kind, account(1), kStart), 0ms);
    }
    const auto wait = members.take(kind, account(1), kStart);
    EXPECT_GT(wait, 0ms);
    EXPECT_EQ(members.refused(kind), 1U);
    EXPECT_EQ(members.take(kind, account(2), kStart), 0ms);
    EXPECT_EQ(members.take(kind, account(1), kStart + wait), 0ms);
    EXPECT_EQ(members.refused(kind), 1U);
  }
  EXPECT_EQ(members.refused(RateKind::sends), 0U);
}

TEST_F(MemberLimitsTest, AccountsBeyondTheBoundShareOneAllowance) {
  for (std::uint8_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(members.take(RateKind::links, account(i), kStart), 0ms);
  }
  for (std::size_t i = 0; i < rate_limits::kAppendsAMinute; ++i) {
    EXPECT_EQ(members.take(RateKind::links, account(static_cast<std::uint8_t>(4 + i)), kStart),
              0ms);
  }
  EXPECT_GT(members.take(RateKind::links, account(255), kStart), 0ms);
  EXPECT_EQ(members.take(RateKind::links, account(1), kStart), 0ms);
}

TEST_F(MemberLimitsTest, ANewConnectionBringsNoNewAllowance) {
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  const auto first = come(alice);
  for (std::size_t i = 0; i < limits::kLookupsAMinute; ++i) {
    ASSERT_TRUE(
        std::holds_alternative<wire::Account>(answer_to(first, wire::Lookup{"bob@example.org"})));
  }
  const auto again = come(alice);
  for (const auto& body :
       {wire::Body{wire::Lookup{"bob@example.org"}}, wire::Body{wire::FetchChain{alice.account, 0}},
        wire::Body{wire::JoinRendezvous{}}}) {
    const auto answer = answer_to(again, body);
    EXPECT_EQ(code_of(answer), RefusalCode::limit_reached);
    const auto wait = std::get<wire::Refusal>(answer).retry_after;
    EXPECT_GT(wait, 0ms);
    EXPECT_LE(wait, 1s);
  }
  EXPECT_EQ(members.refused(RateKind::lookups), 3U);
  // Another account, and what it may besides, is not held up.
  EXPECT_TRUE(std::holds_alternative<wire::Account>(
      answer_to(come(bob), wire::Lookup{"alice@example.org"})));
  EXPECT_TRUE(std::holds_alternative<wire::Handles>(answer_to(again, wire::HandleList{})));
  world_->advance(1s);
  EXPECT_TRUE(
      std::holds_alternative<wire::Account>(answer_to(again, wire::Lookup{"bob@example.org"})));
}

TEST_F(MemberLimitsTest, LinksAndHandlesAreCountedApart) {
  const auto alice = member("alice@example.org");
  const auto peer = come(alice);
  const wire::AppendLink again{alice.account, alice.head, alice.links[0]};
  for (std::size_t i = 0; i < rate_limits::kAppendsAMinute; ++i) {
    EXPECT_NE(code_of(answer_to(peer, again)), RefusalCode::limit_reached);
  }
  EXPECT_EQ(code_of(answer_to(peer, again)), RefusalCode::limit_reached);
  for (std::size_t i = 0; i < rate_limits::kHandleRequestsAMinute; ++i) {
    ASSERT_TRUE(std::holds_alternative<wire::Handles>(answer_to(peer, wire::HandleList{})));
  }
  EXPECT_EQ(code_of(answer_to(peer, wire::HandleList{})), RefusalCode::limit_reached);
  EXPECT_EQ(members.refused(RateKind::links), 1U);
  EXPECT_EQ(members.refused(RateKind::handles), 1U);
}

}  // namespace
}  // namespace martlet::server
