#include "server/scene_test.h"

namespace martlet::server {
namespace {

/// Handles through sessions and the office: who asks, who is told.
class HandleOfficeTest : public Scene {
 protected:
  static constexpr const char* kMail = "alice@elsewhere.example";

  HandleOfficeTest() {
    options_.domain = kDomain;
    options_.handles = {true, true, "+15550100000"};
    open();
  }
  void open() {
    world_ = std::make_unique<TestWorld>(*mailboxes_, directory_, proofs_, random_, options_, now_);
  }
  /// Logs in, and reads what that brings.
  Peer online(const TestDevice& device) {
    const auto peer = log_in(device);
    world_->take(peer);
    return peer;
  }
  template <class Body>
  std::vector<Body> taken(Peer peer) {
    std::vector<Body> found;
    for (auto& frame : world_->take(peer)) {
      if (auto* body = std::get_if<Body>(&frame.body)) found.push_back(std::move(*body));
    }
    return found;
  }
  OfficeOptions options_;
};

TEST_F(HandleOfficeTest, AllDevicesOfTheAccountAreToldAndNobodyElse) {
  auto laptop = member("alice@chat.example.org");
  const auto phone = second_device(laptop);
  const auto bob = member("bob@chat.example.org");
  const auto at_laptop = online(laptop);
  const auto at_phone = online(phone);
  const auto at_bob = online(bob);
  world_->say(at_laptop, 5, wire::HandleAdd{kMail, {}});
  world_->work_all();
  const auto frames = world_->take(at_laptop);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].request, 5U);
  EXPECT_EQ(std::get<wire::HandleAdded>(frames[0].body).row.state, wire::HandleState::sending);
  EXPECT_EQ(frames[1].request, 0U);
  const auto pushed = taken<wire::Handles>(at_phone);
  ASSERT_EQ(pushed.size(), 1U);
  EXPECT_EQ(pushed[0].rows.at(1).handle, kMail);
  const auto mail = world_->take_sendings().at(0);
  EXPECT_EQ(mail.asked_by, "alice@chat.example.org");

  world_->serve(
      {{kOutside, 0},
       0,
       0,
       ProofSent{mail.account, mail.handle, mail.started, mail.attempt, ProofSent::Outcome::sent}});
  EXPECT_EQ(taken<wire::Handles>(at_phone).at(0).rows.at(1).state, wire::HandleState::waiting);
  const auto page = world_->ask_as_operator(OpenConfirmation{mail.secret, true});
  EXPECT_EQ(std::get<Confirmation>(page.body).state, Confirmation::State::done);
  EXPECT_EQ(taken<wire::Handles>(at_phone).at(0).rows.at(1).state, wire::HandleState::confirmed);
  EXPECT_EQ(taken<wire::Handles>(at_laptop).size(), 2U);
  EXPECT_TRUE(world_->take(at_bob).empty());

  world_->say(at_phone, 6, wire::HandleDefault{kMail});
  world_->work_all();
  EXPECT_EQ(taken<wire::Handles>(at_laptop).at(0).rows.at(0).handle, kMail);
  EXPECT_EQ(taken<wire::Handles>(at_phone).size(), 2U);
  world_->say(at_phone, 7, wire::HandleRemove{"alice@chat.example.org"});
  world_->say(at_phone, 8, wire::HandleRemove{kMail});
  world_->work_all();
  EXPECT_EQ(taken<wire::Refusal>(at_phone).at(0).code, wire::RefusalCode::handle_last);
  EXPECT_EQ(taken<wire::Handles>(at_laptop).at(0).rows.size(), 1U);
}

TEST_F(HandleOfficeTest, WhoLosesAHandleIsToldAtOnceOrWhenHeAsks) {
  const auto alice = member(kMail);
  const auto bob = member("bob@chat.example.org");
  const auto at_alice = online(alice);
  const auto at_bob = online(bob);
  world_->say(at_bob, 1, wire::HandleAdd{kMail, {}});
  world_->work_all();
  EXPECT_TRUE(world_->take(at_alice).empty());
  const auto mail = world_->take_sendings().at(0);
  world_->ask_as_operator(OpenConfirmation{mail.secret, true});
  EXPECT_EQ(taken<wire::Handles>(at_alice).at(0).rows.at(0).state, wire::HandleState::moved);
  world_->say(at_alice, 2, wire::HandleList{});
  world_->work_all();
  EXPECT_EQ(taken<wire::Handles>(at_alice).at(0).rows.size(), 1U);
}

TEST_F(HandleOfficeTest, AStrangerGetsNothing) {
  const auto peer = connect();
  world_->take(peer);
  const wire::Body asks[] = {wire::HandleAdd{kMail, {}}, wire::HandleConfirm{kMail, "1"},
                             wire::HandleRemove{kMail}, wire::HandleDefault{kMail},
                             wire::HandleList{}};
  for (const auto& ask : asks) world_->say(peer, 1, ask);
  world_->work_all();
  const auto refusals = taken<wire::Refusal>(peer);
  ASSERT_EQ(refusals.size(), std::size(asks));
  for (const auto& refusal : refusals) {
    EXPECT_EQ(refusal.code, wire::RefusalCode::not_authenticated);
  }
  EXPECT_TRUE(world_->take_sendings().empty());
}

TEST_F(HandleOfficeTest, AServersWordsEndTheConnection) {
  const auto alice = member("alice@chat.example.org");
  const wire::Body asks[] = {wire::HandleAdded{}, wire::Handles{}};
  for (const auto& ask : asks) {
    const auto peer = online(alice);
    world_->say(peer, 1, ask);
    world_->work_all();
    EXPECT_TRUE(world_->closed(peer));
  }
}

TEST_F(HandleOfficeTest, AReceivedTextGoesThroughTheOffice) {
  const auto alice = member("alice@chat.example.org");
  const auto peer = online(alice);
  world_->say(peer, 1, wire::HandleAdd{"+15550123456", wire::HandleMethod::inbound_sms});
  world_->work_all();
  const auto added = taken<wire::HandleAdded>(peer).at(0);
  const auto wrong = world_->ask_as_operator(InboundSms{"+15550123456", "hello"});
  EXPECT_TRUE(std::holds_alternative<Done>(wrong.body));
  EXPECT_TRUE(world_->take(peer).empty());
  world_->ask_as_operator(InboundSms{"+15550123456", added.text});
  EXPECT_EQ(taken<wire::Handles>(peer).at(0).rows.at(1).state, wire::HandleState::confirmed);
}

TEST_F(HandleOfficeTest, MailsThatWereDueGoOutAfterARestart) {
  const auto alice = member("alice@chat.example.org");
  const auto peer = online(alice);
  world_->say(peer, 1, wire::HandleAdd{kMail, {}});
  world_->work_all();
  ASSERT_EQ(world_->take_sendings().size(), 1U);
  now_ = world_->now();
  open();
  world_->advance(handle_limits::kResultPatience);
  EXPECT_EQ(world_->take_sendings().size(), 1U);
}

}  // namespace
}  // namespace martlet::server
