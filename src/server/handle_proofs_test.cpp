#include "server/handle_proofs_test.h"

#include "server/proof_codes.h"

namespace martlet::server {
namespace {

using namespace handle_limits;
using Page = Confirmation::State;

TEST_F(HandleProofsTest, AMailsLinkProvesAnAddressOnce) {
  const auto mail = sending(alice, kMail);
  EXPECT_EQ(mail.kind, ProofKind::mail_link);
  EXPECT_EQ(mail.handle, kMail);
  EXPECT_EQ(mail.asked_by, "alice@chat.example");
  EXPECT_EQ(mail.expires, now + kMailTokenLifetime);
  EXPECT_EQ(state(alice, kMail), HandleState::sending);
  report(mail, ProofSent::Outcome::sent);
  EXPECT_EQ(state(alice, kMail), HandleState::waiting);
  EXPECT_EQ(row(alice, kMail)->expires, now + kMailTokenLifetime);

  const auto page = handles->open({mail.secret, false}, now);
  EXPECT_EQ(page.value().state, Page::asks);
  EXPECT_EQ(page.value().handle, kMail);
  EXPECT_EQ(page.value().asked_by, "alice@chat.example");
  EXPECT_FALSE(owns(alice, kMail));  // scanners open links
  handles->take_changed();
  EXPECT_EQ(open(mail.secret, true), Page::done);
  EXPECT_TRUE(owns(alice, kMail));
  EXPECT_EQ(state(alice, kMail), HandleState::confirmed);
  EXPECT_EQ(handles->take_changed(), std::set{alice});
  for (const bool press : {false, true}) {
    const auto again = handles->open({mail.secret, press}, now);
    EXPECT_EQ(again.value().state, Page::used);
    EXPECT_EQ(again.value().handle + again.value().asked_by, "");
  }
}

TEST_F(HandleProofsTest, ALinkThatDoesNotWorkSaysNothingElse) {
  const auto mail = sending(alice, kMail);
  for (const auto* token : {"", "x", "AAAAAAAAAAAAAAAAAAAAAA"}) {
    for (const bool press : {false, true}) EXPECT_EQ(open(token, press), Page::unknown) << token;
  }
  now += kMailTokenLifetime;
  for (const bool press : {false, true}) {
    const auto page = handles->open({mail.secret, press}, now);
    EXPECT_EQ(page.value().state, Page::expired);
    EXPECT_EQ(page.value().handle + page.value().asked_by, "");
  }
  EXPECT_FALSE(owns(alice, kMail));
}

TEST_F(HandleProofsTest, ALinkWorksUntilItsLastMillisecond) {
  const auto mail = sending(alice, kMail);
  report(mail, ProofSent::Outcome::sent);
  pass(kMailTokenLifetime - 1ms);
  EXPECT_EQ(open(mail.secret, true), Page::done);
}

TEST_F(HandleProofsTest, ACodeProvesANumber) {
  const auto sms = sending(alice, kNumber);
  EXPECT_EQ(sms.kind, ProofKind::sms_code);
  report(sms, ProofSent::Outcome::sent);
  EXPECT_EQ(open(sms.secret, true), Page::unknown);  // it is no link
  const auto done = handles->confirm(alice, {kNumber, sms.secret}, now);
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done.value().rows.back().handle, kNumber);
  EXPECT_EQ(done.value().rows.back().state, HandleState::confirmed);
  EXPECT_TRUE(owns(alice, kNumber));
  EXPECT_TRUE(handles->confirm(alice, {kNumber, sms.secret}, now).ok());  // the answer was lost
}

TEST_F(HandleProofsTest, FiveWrongCodesEndAProof) {
  const auto sms = sending(alice, kNumber);
  report(sms, ProofSent::Outcome::sent);
  const std::string wrong = sms.secret == "000000" ? "000001" : "000000";
  for (unsigned left = kCodeTries; left > 0; --left) {
    EXPECT_EQ(row(alice, kNumber)->tries_left, left);
    expect_refused(handles->confirm(alice, {kNumber, wrong}, now), RefusalCode::code_wrong);
    start();  // a restart gives no tries back
  }
  EXPECT_EQ(state(alice, kNumber), HandleState::spent);
  expect_refused(handles->confirm(alice, {kNumber, sms.secret}, now), RefusalCode::proof_over);
  EXPECT_FALSE(owns(alice, kNumber));
}

TEST_F(HandleProofsTest, CodesThatProveNothing) {
  const auto sms = sending(alice, kNumber);
  report(sms, ProofSent::Outcome::sent);
  expect_refused(handles->confirm(bob, {kNumber, sms.secret}, now), RefusalCode::proof_over);
  expect_refused(handles->confirm(alice, {kMail, sms.secret}, now), RefusalCode::proof_over);
  expect_refused(handles->confirm(alice, {kNumber, ""}, now), RefusalCode::code_wrong);
  expect_refused(handles->confirm(AccountId{{9}}, {kNumber, sms.secret}, now),
                 RefusalCode::not_authenticated);
  now += kSmsCodeLifetime;
  expect_refused(handles->confirm(alice, {kNumber, sms.secret}, now), RefusalCode::proof_over);
  EXPECT_FALSE(owns(alice, kNumber));
}

TEST_F(HandleProofsTest, ATextFromTheNumberItselfProvesIt) {
  const auto added = add(alice, kNumber, HandleMethod::inbound_sms).take();
  EXPECT_EQ(added.row.state, HandleState::waiting);
  EXPECT_EQ(added.row.expires, now + kInboundCodeLifetime);
  EXPECT_EQ(added.number, kGateway);
  EXPECT_TRUE(handles->take_sendings().empty());
  EXPECT_FALSE(handles->receive({"+15550123457", added.text}, now)) << "another number";
  EXPECT_FALSE(handles->receive({kNumber, "M-AAAAA-AAAAA"}, now)) << "another code";
  EXPECT_FALSE(handles->receive({kNumber, "hello"}, now));
  EXPECT_FALSE(handles->receive({kNumber, ""}, now));
  expect_refused(handles->confirm(alice, {kNumber, added.text}, now), RefusalCode::code_wrong);
  EXPECT_EQ(open(added.text, true), Page::unknown);
  EXPECT_TRUE(handles->receive({kNumber, "  " + added.text + "\n"}, now));
  EXPECT_TRUE(owns(alice, kNumber));
  EXPECT_FALSE(handles->receive({kNumber, added.text}, now)) << "twice";
}

TEST_F(HandleProofsTest, ATextThatComesLateProvesNothing) {
  const auto added = add(alice, kNumber, HandleMethod::inbound_sms).take();
  EXPECT_FALSE(handles->receive({kNumber, added.text}, now + kInboundCodeLifetime));
  pass(kInboundCodeLifetime);
  EXPECT_EQ(state(alice, kNumber), HandleState::expired);
  EXPECT_FALSE(handles->receive({kNumber, added.text}, now));
}

TEST_F(HandleProofsTest, WhatIsRefusedAtOnce) {
  struct Case {
    const char* name;
    const char* handle;
    HandleMethod method;
    RefusalCode code;
  };
  const Case cases[] = {
      {"nothing", "", HandleMethod::automatic, RefusalCode::handle_refused},
      {"no handle", "alice", HandleMethod::automatic, RefusalCode::handle_refused},
      {"not canonical", "Alice@example.org", HandleMethod::automatic, RefusalCode::handle_refused},
      {"blanks in a number", "+1 5550123456", HandleMethod::automatic, RefusalCode::handle_refused},
      {"a name of the server", "carol@chat.example", HandleMethod::automatic,
       RefusalCode::handle_local},
      {"a name of the server that is taken", "bob@chat.example", HandleMethod::mail_link,
       RefusalCode::handle_local},
      {"a mail to a number", kNumber, HandleMethod::mail_link, RefusalCode::handle_unsupported},
      {"a code to an address", kMail, HandleMethod::sms_code, RefusalCode::handle_unsupported},
      {"an SMS from an address", kMail, HandleMethod::inbound_sms, RefusalCode::handle_unsupported},
      {"a method of the future", kMail, static_cast<HandleMethod>(9),
       RefusalCode::handle_unsupported},
  };
  for (const auto& [name, handle, method, code] : cases) {
    SCOPED_TRACE(name);
    expect_refused(add(alice, handle, method), code);
  }
  expect_refused(add(AccountId{{9}}, kMail), RefusalCode::not_authenticated);
  directory_disk.accounts.at(bob).status = store::AccountStatus::suspended;
  expect_refused(add(bob, kMail), RefusalCode::not_authenticated);
  EXPECT_TRUE(handles->take_sendings().empty());
  EXPECT_EQ(handles->size(), 0U);
}

TEST_F(HandleProofsTest, AServerProvesWhatItIsSetUpFor) {
  start({});
  for (const auto* handle : {kMail, kNumber}) {
    expect_refused(add(alice, handle), RefusalCode::handle_unsupported);
  }
  start({true, false, ""});
  EXPECT_TRUE(add(alice, kMail).ok());
  expect_refused(add(alice, kNumber), RefusalCode::handle_unsupported);
  start({false, false, kGateway});
  EXPECT_EQ(add(alice, kNumber).value().number, kGateway);
  expect_refused(add(alice, kNumber, HandleMethod::sms_code), RefusalCode::handle_unsupported);
}

TEST_F(HandleProofsTest, TheAnswerIsTheSameWhoeverHasTheHandle) {
  ASSERT_TRUE(directory.move_handle("taken@example.org", bob).ok());
  const auto other = add(alice, "taken@example.org").take();
  const auto free = add(alice, "free@example.org").take();
  EXPECT_EQ(other.row.state, free.row.state);
  EXPECT_EQ(other.row.method, free.row.method);
  EXPECT_EQ(other.row.expires, free.row.expires);
  EXPECT_EQ(other.row.tries_left, free.row.tries_left);
  EXPECT_EQ(other.text + other.number, free.text + free.number);
  EXPECT_EQ(handles->take_sendings().size(), 2U);
  EXPECT_EQ(handles->take_changed(), std::set{alice});  // bob hears nothing of an attempt
  EXPECT_TRUE(owns(bob, "taken@example.org"));
}

TEST_F(HandleProofsTest, AHandleMovesByProof) {
  const auto mine = sending(bob, kMail);
  ASSERT_EQ(open(mine.secret, true), Page::done);
  now += 1min;
  const auto hers = sending(alice, kMail);
  EXPECT_EQ(state(bob, kMail), HandleState::confirmed);
  handles->take_changed();
  ASSERT_EQ(open(hers.secret, true), Page::done);
  EXPECT_TRUE(owns(alice, kMail));
  EXPECT_EQ(handles->take_changed(), (std::set{alice, bob}));
  EXPECT_EQ(state(bob, kMail), HandleState::moved);
  EXPECT_EQ(open(mine.secret, true), Page::unknown);  // an old link takes nothing back
  pass(kMovedKept - 1ms);
  EXPECT_EQ(state(bob, kMail), HandleState::moved);
  pass(1s);
  EXPECT_FALSE(row(bob, kMail).has_value());
}

TEST_F(HandleProofsTest, RemovesAndChooses) {
  ASSERT_EQ(open(sending(alice, kMail).secret, true), Page::done);
  ASSERT_TRUE(handles->set_default(alice, kMail, now).ok());
  EXPECT_EQ(handles->list(alice, now).value().rows.front().handle, kMail);
  EXPECT_EQ(handles->take_changed(), std::set{alice});
  ASSERT_TRUE(handles->set_default(alice, kMail, now).ok());
  EXPECT_TRUE(handles->take_changed().empty());  // nothing changed
  expect_refused(handles->set_default(alice, "bob@chat.example", now), RefusalCode::unknown_handle);
  expect_refused(handles->set_default(alice, kNumber, now), RefusalCode::unknown_handle);

  expect_refused(handles->remove(alice, "bob@chat.example", now), RefusalCode::unknown_handle);
  ASSERT_TRUE(handles->remove(alice, "alice@chat.example", now).ok());
  EXPECT_FALSE(directory.account_of_handle("alice@chat.example").take().has_value());
  expect_refused(handles->remove(alice, kMail, now), RefusalCode::handle_last);
  EXPECT_TRUE(owns(alice, kMail));
}

TEST_F(HandleProofsTest, APendingHandleIsNoDefaultAndCanBeCancelled) {
  const auto mail = sending(alice, kMail);
  expect_refused(handles->set_default(alice, kMail, now), RefusalCode::unknown_handle);
  ASSERT_TRUE(handles->remove(alice, kMail, now).ok());
  EXPECT_FALSE(row(alice, kMail).has_value());
  EXPECT_EQ(open(mail.secret, true), Page::unknown);
  expect_refused(handles->remove(alice, kMail, now), RefusalCode::unknown_handle);
}

TEST_F(HandleProofsTest, ForgetsAnErasedAccount) {
  sending(alice, kMail);
  sending(bob, "bob@example.org");
  ASSERT_TRUE(handles->forget(alice).ok());
  EXPECT_EQ(handles->size(), 1U);
  EXPECT_EQ(proof_disk.size(), 1U);
}

TEST_F(HandleProofsTest, TheDiskHoldsNoSecret) {
  const auto mail = sending(alice, kMail);
  const auto& proof = proof_disk.at({alice, kMail});
  ASSERT_EQ(proof.secrets.size(), 1U);
  EXPECT_EQ(proof.secrets[0].hash, hash_of_token(mail.secret));
}

}  // namespace
}  // namespace martlet::server
