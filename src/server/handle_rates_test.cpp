#include "server/handle_proofs_test.h"

namespace martlet::server {
namespace {

using namespace handle_limits;

std::string address(std::size_t number) { return "a" + std::to_string(number) + "@example.org"; }

TEST_F(HandleProofsTest, AnAccountAddsSoManyAnHour) {
  for (std::size_t i = 0; i < kAddsAnAccountAnHour; ++i) {
    ASSERT_TRUE(add(alice, address(i), HandleMethod::automatic, "").ok()) << i;
  }
  const auto refused = add(alice, address(99), HandleMethod::automatic, "");
  expect_refused(refused, RefusalCode::limit_reached);
  EXPECT_EQ(refused.error().retry_after, 1h);
  EXPECT_TRUE(add(bob, address(99), HandleMethod::automatic, "").ok());
  pass(1h);
  EXPECT_TRUE(add(alice, address(99), HandleMethod::automatic, "").ok());
}

TEST_F(HandleProofsTest, AHandleIsWrittenToSoOftenAnHour) {
  AccountId account{{10}};
  enrol(account, "carol@chat.example");
  for (std::size_t i = 0; i < kAddsAHandleAnHour; ++i) {
    ASSERT_TRUE(add(i % 2 == 0 ? alice : bob, kMail, HandleMethod::automatic, "").ok()) << i;
    now += kAddRepeatedWithin;
  }
  handles->take_sendings();
  expect_refused(add(account, kMail, HandleMethod::automatic, ""), RefusalCode::limit_reached);
  EXPECT_TRUE(handles->take_sendings().empty());
  EXPECT_TRUE(add(account, address(1), HandleMethod::automatic, "").ok());
}

TEST_F(HandleProofsTest, AHandleIsWrittenToSoOftenADay) {
  for (std::size_t i = 0; i < kAddsAHandleADay; ++i) {
    ASSERT_TRUE(add(alice, kMail, HandleMethod::automatic, "").ok()) << i;
    pass(1h);
  }
  const auto refused = add(alice, kMail, HandleMethod::automatic, "");
  expect_refused(refused, RefusalCode::limit_reached);
  EXPECT_EQ(refused.error().retry_after, 24h - kAddsAHandleADay * 1h);
  pass(refused.error().retry_after);
  EXPECT_TRUE(add(alice, kMail, HandleMethod::automatic, "").ok());
}

TEST_F(HandleProofsTest, ANetworkAddsSoManyAnHour) {
  for (std::size_t i = 0; i < kAddsANetworkAnHour; ++i) {
    AccountId account{{static_cast<std::uint8_t>(20 + i)}};
    enrol(account, "n" + std::to_string(i) + "@chat.example");
    ASSERT_TRUE(add(account, address(i)).ok()) << i;
  }
  expect_refused(add(alice, address(99)), RefusalCode::limit_reached);
  EXPECT_TRUE(add(alice, address(99), HandleMethod::automatic, "192.0.2.2").ok());
  pass(1h);
  EXPECT_TRUE(add(bob, address(98)).ok());
}

TEST_F(HandleProofsTest, ARefusalCostsNothing) {
  for (int i = 0; i < 20; ++i)
    expect_refused(add(alice, "x@chat.example"), RefusalCode::handle_local);
  EXPECT_TRUE(add(alice, kMail).ok());
}

TEST_F(HandleProofsTest, TheSameAgainAtOnceIsSentOnce) {
  sending(alice, kMail);
  now += kAddRepeatedWithin - 1ms;
  EXPECT_TRUE(add(alice, kMail).ok());
  EXPECT_TRUE(handles->take_sendings().empty());
  now += 1ms;
  EXPECT_TRUE(add(alice, kMail).ok());
  EXPECT_EQ(handles->take_sendings().size(), 1U);
}

TEST_F(HandleProofsTest, AddingAnewEndsTheOlderLink) {
  const auto first = sending(alice, kMail);
  now += 1min;
  const auto second = sending(alice, kMail);
  EXPECT_EQ(open(first.secret, true), Confirmation::State::unknown);
  report(first, ProofSent::Outcome::refused);  // what became of the first is over
  EXPECT_EQ(state(alice, kMail), HandleState::sending);
  EXPECT_EQ(open(second.secret, true), Confirmation::State::done);
}

TEST_F(HandleProofsTest, AnAccountHasSoManyHandles) {
  for (std::size_t i = 1; i < wire::kHandlesAnAccountMax; ++i) {
    ASSERT_TRUE(add(alice, address(i), HandleMethod::automatic, "").ok()) << i;
    if (i % 2 == 0) {
      ASSERT_EQ(open(handles->take_sendings().back().secret, true), Confirmation::State::done);
    }
    if (i % kAddsAnAccountAnHour == 0) now += 1h;
  }
  now += 1h - 1ms;
  expect_refused(add(alice, address(99), HandleMethod::automatic, ""), RefusalCode::handles_full);
  ASSERT_TRUE(handles->remove(alice, address(1), now).ok());
  EXPECT_TRUE(add(alice, address(99), HandleMethod::automatic, "").ok());
}

TEST_F(HandleProofsTest, AnAccountsOldProofsMakeRoom) {
  for (std::size_t i = 0; i < 3 * kProofsAnAccountMax; ++i) {
    ASSERT_TRUE(add(alice, address(i), HandleMethod::automatic, "").ok()) << i;
    report(handles->take_sendings().front(), ProofSent::Outcome::refused);
    now += 6min;  // no tick: nothing is forgotten by its age
  }
  EXPECT_EQ(handles->size(), kProofsAnAccountMax);
  EXPECT_EQ(handles->list(alice, now).value().rows.size(), kProofsAnAccountMax + 1);
  EXPECT_FALSE(row(alice, address(0)).has_value());
  EXPECT_TRUE(row(alice, address(3 * kProofsAnAccountMax - 1)).has_value());
}

TEST_F(HandleProofsTest, TheServerHoldsSoManyProofs) {
  store::HandleProof filler;
  filler.kind = ProofKind::sms_code;
  filler.state = store::ProofState::waiting;
  for (std::size_t i = 0; i < kProofsMax; ++i) {
    filler.handle = std::to_string(i);
    filler.account = AccountId{{3}};
    proof_disk[{filler.account, filler.handle}] = filler;
  }
  start();
  expect_refused(add(alice, kMail), RefusalCode::limit_reached);
  proof_disk.erase(proof_disk.begin());
  start();
  EXPECT_TRUE(add(alice, kMail).ok());
}

}  // namespace
}  // namespace martlet::server
