// Meetings as two connections see them.
#include "server/rendezvous.h"
#include "server/scene_test.h"

namespace martlet::server {
namespace {

using namespace std::chrono_literals;
using wire::RefusalCode;

class Meeting : public Scene {
 protected:
  static constexpr wire::RendezvousName kName{9, 8, 7};

  /// A newcomer's connection with an open meeting.
  Peer open() {
    const auto peer = connect();
    const auto answer = answer_to(peer, wire::OpenRendezvous{kName});
    const auto* opened = std::get_if<wire::RendezvousOpened>(&answer);
    EXPECT_NE(opened, nullptr);
    if (opened != nullptr) number_ = opened->number;
    return peer;
  }
  std::vector<std::string> relayed(Peer peer) {
    std::vector<std::string> texts;
    for (const auto& frame : world_->take(peer)) {
      if (const auto* relay = std::get_if<wire::Relay>(&frame.body)) {
        texts.emplace_back(relay->content.begin(), relay->content.end());
      }
    }
    return texts;
  }
  void relay(Peer peer, const std::string& text) {
    world_->say(peer, 0, wire::Relay{copy_of(bytes_of(text))});
    world_->work_all();
  }
  bool told_that_it_ended(Peer peer) {
    const auto frames = world_->take(peer);
    return std::ranges::any_of(frames, [](const wire::Frame& frame) {
      return std::holds_alternative<wire::RendezvousEnded>(frame.body);
    });
  }

  TestDevice alice_ = member("alice@example.org");
  std::string number_;
};

TEST_F(Meeting, ByNameAndByNumber) {
  const auto approver = online(alice_);
  for (const bool by_number : {false, true}) {
    const auto newcomer = open();
    wire::JoinRendezvous join{kName};
    if (by_number) join.meeting = number_;
    const auto joined = answer_to(approver, join);
    ASSERT_TRUE(std::holds_alternative<wire::RendezvousJoined>(joined));
    EXPECT_EQ(std::get<wire::RendezvousJoined>(joined).name, kName);
    for (int i = 0; i < 20; ++i) relay(newcomer, "more than a stranger's eight frames");
    EXPECT_EQ(relayed(approver).size(), 20U);
    relay(approver, "one");
    relay(approver, "two");
    EXPECT_EQ(relayed(newcomer), (std::vector<std::string>{"one", "two"})) << "in order";
    world_->disconnect(newcomer);
    world_->work_all();
    EXPECT_TRUE(told_that_it_ended(approver));
  }
}

TEST_F(Meeting, TheNewcomerIsToldWhenTheOtherSideGoes) {
  const auto newcomer = open();
  const auto approver = online(alice_);
  answer_to(approver, wire::JoinRendezvous{kName});
  world_->disconnect(approver);
  world_->work_all();
  EXPECT_TRUE(told_that_it_ended(newcomer));
  EXPECT_EQ(code_of(answer_to(newcomer, wire::Relay{Bytes{1}})), RefusalCode::rendezvous_unknown);
}

TEST_F(Meeting, MayTakeTenMinutesAndNoLonger) {
  const auto newcomer = open();
  const auto approver = online(alice_);
  answer_to(approver, wire::JoinRendezvous{kName});
  for (int minute = 1; minute < 10; ++minute) {
    world_->advance(1min);
    relay(newcomer, "still here");
    EXPECT_EQ(relayed(approver).size(), 1U) << minute;
  }
  world_->advance(1min);
  EXPECT_TRUE(told_that_it_ended(approver));
  EXPECT_TRUE(world_->closed(newcomer));
  EXPECT_FALSE(world_->closed(approver));
}

TEST_F(Meeting, WhoWaitsInOneMayPingAsOftenAsTenMinutesTake) {
  const auto newcomer = open();
  for (int minute = 0; minute < 10; ++minute) {
    EXPECT_TRUE(std::holds_alternative<wire::Pong>(answer_to(newcomer, wire::Ping{}))) << minute;
  }
  const auto without = connect();
  for (std::size_t i = 0; i < limits::kStrangerRequestsMax; ++i) {
    EXPECT_TRUE(std::holds_alternative<wire::Pong>(answer_to(without, wire::Ping{})));
  }
  world_->say(without, 1, wire::Ping{});
  const auto frames = world_->take(without);
  EXPECT_TRUE(std::ranges::any_of(frames, [](const wire::Frame& frame) {
    return std::holds_alternative<wire::Refusal>(frame.body);
  }));
}

TEST_F(Meeting, ConnectionsWithoutOneKeepTheirTenSeconds) {
  const auto peer = connect();
  world_->advance(limits::kHandshakeTimeout);
  EXPECT_TRUE(world_->closed(peer));
}

TEST_F(Meeting, FiveWrongNumbers) {
  const auto newcomer = open();
  const auto approver = online(alice_);
  auto wrong = number_;
  wrong[0] = wrong[0] == '0' ? '1' : '0';
  for (unsigned i = 0; i < RendezvousBook::kWrongNumbersMax; ++i) {
    EXPECT_EQ(code_of(answer_to(approver, wire::JoinRendezvous{wrong})),
              RefusalCode::rendezvous_unknown);
  }
  const auto paused = answer_to(approver, wire::JoinRendezvous{number_});
  ASSERT_EQ(code_of(paused), RefusalCode::limit_reached);
  EXPECT_EQ(std::get<wire::Refusal>(paused).retry_after, RendezvousBook::kWrongNumberPause);
  EXPECT_FALSE(world_->closed(approver)) << "messages go on";
  EXPECT_FALSE(world_->closed(newcomer));
}

TEST_F(Meeting, StrangersCannotJoinAndMembersCannotOpen) {
  const auto newcomer = open();
  const auto other = connect();
  EXPECT_EQ(code_of(answer_to(other, wire::JoinRendezvous{kName})), RefusalCode::not_authenticated);
  EXPECT_EQ(code_of(answer_to(other, wire::Relay{Bytes{1}})), RefusalCode::rendezvous_unknown);
  EXPECT_EQ(code_of(answer_to(newcomer, wire::OpenRendezvous{{1}})), RefusalCode::limit_reached)
      << "one is enough";
  const auto approver = online(alice_);
  EXPECT_EQ(code_of(answer_to(approver, wire::OpenRendezvous{{1}})), RefusalCode::malformed);
  EXPECT_TRUE(world_->closed(approver));
}

TEST_F(Meeting, ARelayWithoutAMeetingCountsAgainstAStranger) {
  const auto peer = connect();
  for (std::size_t i = 0; i < limits::kStrangerRequestsMax; ++i) {
    EXPECT_FALSE(world_->closed(peer));
    relay(peer, "x");
  }
  relay(peer, "x");
  EXPECT_TRUE(world_->closed(peer));
}

}  // namespace
}  // namespace martlet::server
