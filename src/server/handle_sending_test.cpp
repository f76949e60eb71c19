#include "server/handle_proofs_test.h"

namespace martlet::server {
namespace {

using namespace handle_limits;
using Page = Confirmation::State;
using Outcome = ProofSent::Outcome;

TEST_F(HandleProofsTest, AServerThatIsDownForAnHourGetsTheMailAfterwards) {
  auto mail = sending(alice, kMail);
  std::size_t attempts = 1;
  while (now < kStart + 65min) {
    report(mail, Outcome::failed);
    EXPECT_EQ(state(alice, kMail), HandleState::retrying);
    const auto wait = row(alice, kMail)->retry_at - now;
    EXPECT_GE(wait, kRetryFirst);
    EXPECT_LE(wait, kRetryMost);
    if (attempts % 3 == 0) start();  // martletd is started again
    pass(wait - 1ms);
    EXPECT_TRUE(handles->take_sendings().empty());
    pass(1s);
    auto sendings = handles->take_sendings();
    ASSERT_EQ(sendings.size(), 1U);
    EXPECT_NE(sendings[0].secret, mail.secret);
    mail = sendings[0];
    ++attempts;
  }
  EXPECT_LT(attempts, 20U);
  report(mail, Outcome::sent);
  pass(30min);
  EXPECT_EQ(open(mail.secret, true), Page::done);  // its hour began when it was made
}

TEST_F(HandleProofsTest, AMailThatArrivedAllTheSameWorks) {
  const auto first = sending(alice, kMail);
  report(first, Outcome::failed);
  pass(kRetryFirst);
  ASSERT_EQ(handles->take_sendings().size(), 1U);
  EXPECT_EQ(open(first.secret, true), Page::done);
}

TEST_F(HandleProofsTest, OfCodesOnlyTheNewestWorks) {
  const auto first = sending(alice, kNumber);
  report(first, Outcome::failed);
  pass(kRetryFirst);
  const auto second = handles->take_sendings().at(0);
  ASSERT_NE(first.secret, second.secret);
  expect_refused(handles->confirm(alice, {kNumber, first.secret}, now), RefusalCode::code_wrong);
  EXPECT_TRUE(handles->confirm(alice, {kNumber, second.secret}, now).ok());
}

TEST_F(HandleProofsTest, GivesUpInTheEnd) {
  struct Case {
    const char* handle;
    Milliseconds after;
  };
  for (const auto& [handle, after] : {Case{kMail, kMailTriedFor}, Case{kNumber, kSmsTriedFor}}) {
    SCOPED_TRACE(handle);
    const auto started = now;
    auto last = sending(alice, handle);
    while (state(alice, handle) != HandleState::given_up && now < started + 2 * after) {
      report(last, Outcome::failed);
      pass(10s);
      for (auto& next : handles->take_sendings()) last = next;
    }
    EXPECT_EQ(now - started, after);
    pass(kFinishedKept - 1s);
    EXPECT_EQ(state(alice, handle), HandleState::given_up);
    pass(1s);
    EXPECT_FALSE(row(alice, handle).has_value());
  }
}

TEST_F(HandleProofsTest, AnAddressThatTheServerRefusesIsNotTriedAgain) {
  const auto mail = sending(alice, kMail);
  report(mail, Outcome::refused);
  EXPECT_EQ(state(alice, kMail), HandleState::refused);
  pass(kMailTriedFor);
  EXPECT_TRUE(handles->take_sendings().empty());
  EXPECT_EQ(state(alice, kMail), HandleState::refused);
  EXPECT_EQ(open(mail.secret, true), Page::expired);
}

TEST_F(HandleProofsTest, NoResultForLongMeansSendAgain) {
  sending(alice, kMail);
  pass(kResultPatience - 1ms);
  EXPECT_TRUE(handles->take_sendings().empty());
  pass(1s);
  EXPECT_EQ(handles->take_sendings().size(), 1U);
}

TEST_F(HandleProofsTest, ResultsThatMeanNothing) {
  const auto first = sending(alice, kMail);
  report(first, Outcome::failed);
  pass(kRetryFirst);
  const auto second = handles->take_sendings().at(0);
  auto other = second;
  other.account = bob;
  report(other, Outcome::refused);
  other = second;
  other.handle = "other@example.org";
  report(other, Outcome::refused);
  other = second;
  other.started += 1ms;
  report(other, Outcome::refused);
  report(first, Outcome::refused);  // a late answer to an older attempt
  EXPECT_EQ(state(alice, kMail), HandleState::retrying);
  report(second, Outcome::sent);
  report(second, Outcome::refused);
  EXPECT_EQ(state(alice, kMail), HandleState::waiting);
}

TEST_F(HandleProofsTest, WaitingEndsWithItsSecrets) {
  report(sending(alice, kMail), Outcome::sent);
  handles->take_changed();
  pass(kMailTokenLifetime);
  EXPECT_EQ(state(alice, kMail), HandleState::expired);
  EXPECT_EQ(handles->take_changed(), std::set{alice});
}

TEST_F(HandleProofsTest, AClockThatWasAheadLeavesNothingBehind) {
  const auto mail = sending(alice, kMail);
  report(mail, Outcome::sent);
  sending(bob, "bob@example.org");
  now -= std::chrono::days{365};
  pass(1s);
  EXPECT_EQ(state(alice, kMail), HandleState::expired);
  EXPECT_EQ(state(bob, "bob@example.org"), HandleState::given_up);
  EXPECT_EQ(open(mail.secret, true), Page::expired);
}

TEST_F(HandleProofsTest, ATickDoesABoundedAmountOfWork) {
  store::HandleProof filler;
  filler.kind = ProofKind::mail_link;
  filler.state = store::ProofState::retrying;
  filler.started = kStart;
  for (std::size_t i = 0; i < kWorkATick + 10; ++i) {
    filler.account = alice;
    filler.handle = "f" + std::to_string(i) + "@example.org";
    proof_disk[{filler.account, filler.handle}] = filler;
  }
  start();
  pass(1s);
  EXPECT_EQ(handles->take_sendings().size(), kWorkATick);
  handles->on_tick(now);  // at once again: not yet
  EXPECT_TRUE(handles->take_sendings().empty());
  pass(1s);
  EXPECT_EQ(handles->take_sendings().size(), 10U);
}

TEST_F(HandleProofsTest, WhatTheDiskDoesNotTakeHasNotHappened) {
  for (const auto fault : {store::WriteFault::lost, store::WriteFault::written}) {
    proof_fault = fault;
    expect_refused(add(alice, kMail), RefusalCode::unavailable);
    EXPECT_TRUE(handles->take_sendings().empty());
    proof_fault = store::WriteFault::none;
  }
  const auto mail = sending(alice, kMail);
  report(mail, Outcome::sent);
  proof_fault = store::WriteFault::lost;
  const auto page = handles->open({mail.secret, true}, now);
  expect_refused(page, RefusalCode::unavailable);
  EXPECT_FALSE(owns(alice, kMail));
  proof_fault = store::WriteFault::none;
  EXPECT_EQ(open(mail.secret, true), Page::done);
}

TEST_F(HandleProofsTest, WhatIsProvenArrivesThoughTheDirectoryFailsAndTheServerIsKilled) {
  const auto mail = sending(alice, kMail);
  report(mail, Outcome::sent);
  directory_fault = store::WriteFault::lost;
  expect_refused(handles->open({mail.secret, true}, now), RefusalCode::unavailable);
  pass(1s);
  EXPECT_FALSE(owns(alice, kMail));
  start();
  directory_fault = store::WriteFault::none;
  pass(kMailTokenLifetime);  // it was proven in time
  EXPECT_TRUE(owns(alice, kMail));
  EXPECT_EQ(open(mail.secret, true), Page::used);
}

TEST_F(HandleProofsTest, WhoProvedLaterKeepsTheHandleThoughTheDiskForgotWhoWasDone) {
  const auto first = sending(bob, kMail);
  report(first, Outcome::sent);
  directory_fault = store::WriteFault::lost;
  expect_refused(handles->open({first.secret, true}, now), RefusalCode::unavailable);
  directory_fault = store::WriteFault::none;
  const auto second = sending(alice, kMail);
  ASSERT_EQ(open(second.secret, true), Page::done);
  start();
  pass(1min);
  EXPECT_TRUE(owns(alice, kMail));
  EXPECT_EQ(state(bob, kMail), HandleState::moved);
}

TEST_F(HandleProofsTest, AProofOfAnAccountThatIsGoneOrSuspendedIsDropped) {
  const auto mail = sending(alice, kMail);
  directory_disk.accounts.at(alice).status = store::AccountStatus::suspended;
  EXPECT_EQ(open(mail.secret, true), Page::unknown);
  EXPECT_EQ(handles->size(), 0U);
  EXPECT_FALSE(directory.account_of_handle(kMail).take().has_value());
}

TEST_F(HandleProofsTest, ADamagedStoreIsToldAndRefused) {
  class Damaged final : public store::ProofStore {
   public:
    Result<void> put(const store::HandleProof&) override { return error(); }
    Result<void> remove(const AccountId&, const std::string&) override { return error(); }
    Result<std::vector<store::HandleProof>> all() override { return error(); }
    Result<void> scrub() override { return error(); }

   private:
    static Error error() { return {Failure::corrupt, "damaged"}; }
  } damaged;
  HandleProofs broken{damaged, directory, random, "chat.example", {true, true, kGateway}};
  EXPECT_TRUE(broken.is_damaged());
  broken.on_tick(now);
  expect_refused(broken.add(alice, "", {kMail, {}}, now), RefusalCode::unavailable);
  expect_refused(broken.list(alice, now), RefusalCode::unavailable);
  expect_refused(broken.open({"token", true}, now), RefusalCode::unavailable);
  EXPECT_FALSE(broken.receive({kNumber, "M-AAAAA-AAAAA"}, now));
}

}  // namespace
}  // namespace martlet::server
