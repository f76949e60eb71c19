#include "client/sending_test.h"

namespace martlet::client {
namespace {

using namespace std::chrono_literals;
using store::FailureReason;
using store::MessageState;

TEST_F(Sending, IsDurableBeforeTheNetworkSeesIt) {
  server_.script = [this](const wire::Frame& frame) -> FakeServer::Reply {
    if (const auto* send = std::get_if<wire::Send>(&frame.body)) {
      const auto waiting = vault_->outbox().value();
      EXPECT_EQ(waiting.size(), 1U);
      EXPECT_EQ(waiting.at(0).message, send->message);
      EXPECT_EQ(vault_->find_message(send->message).value()->state, MessageState::queued);
    }
    return FakeServer::Honest{};
  };
  const auto id = send("bob@example.org", "hi");
  EXPECT_EQ(progress(id).state, MessageState::sent);
  EXPECT_EQ(progress(id).devices, 1U);
  EXPECT_EQ(vault_->outbox_size().value(), 0U);
  EXPECT_EQ(events().size(), 1U);
  EXPECT_EQ(events()[0].event.state, MessageState::sent);
  EXPECT_EQ(events()[0].message->text, "hi");
}

TEST_F(Sending, NamesTheHeadsThatItUsed) {
  send("bob@example.org", "hi");
  const auto& heads = server_.accepted.at(0).heads;
  ASSERT_EQ(heads.size(), 2U);
  EXPECT_EQ(heads[0].account, bob_.account);
  EXPECT_EQ(heads[0].head, bob_.chain().head());
  EXPECT_EQ(heads[1].account, own_account());
}

TEST_F(Sending, GoesToAllDevicesOfTheChainAndNoOther) {
  bob_.add_device(2);
  bob_.admit(1);
  bob_.add_device(3);  // not admitted
  server_.list(bob_);
  const auto id = send("bob@example.org", "to both");
  EXPECT_EQ(texts_at(bob_, 0).size(), 1U);
  EXPECT_EQ(texts_at(bob_, 1).size(), 1U);
  EXPECT_EQ(server_.accepted.at(0).envelopes.size(), 2U);
  EXPECT_EQ(progress(id).devices, 2U);
}

TEST_F(Sending, WaitsOfflineAndKeepsTheOrder) {
  disconnect();
  restart();
  std::vector<std::string> texts;
  for (int i = 0; i < 40; ++i) {
    texts.push_back("message " + std::to_string(i));
    send("bob@example.org", texts.back());
  }
  EXPECT_EQ(engine_->history({"bob@example.org", 100, 0}).value().size(), 40U);
  EXPECT_TRUE(engine_->chats().value().empty());
  restart();
  EXPECT_TRUE(server_.accepted.empty());
  connect();
  EXPECT_EQ(texts_at(bob_), texts);
  EXPECT_TRUE(engine_->settled());
  const auto history = engine_->history({"bob@example.org", 100, 0}).value();
  ASSERT_EQ(history.size(), 40U);
  EXPECT_EQ(history.front().text, texts.front());
  EXPECT_EQ(engine_->chats().value().size(), 1U);
  EXPECT_EQ(server_.all<wire::Lookup>().size(), 1U);
}

TEST_F(Sending, OneAtATimeToOneRecipientSeveralToMany) {
  Person carol{"carol@example.org", 2};
  server_.list(carol);
  silence_sends();
  for (int i = 0; i < 3; ++i) {
    send("bob@example.org", "b");
    send("carol@example.org", "c");
  }
  const auto sends = server_.all<wire::Send>();
  ASSERT_EQ(sends.size(), 2U);
  EXPECT_NE(sends[0].heads[0].account, sends[1].heads[0].account);
}

TEST_F(Sending, AtMostSixteenAtOnce) {
  std::vector<std::unique_ptr<Person>> people;
  disconnect();
  for (unsigned i = 0; i < 20; ++i) {
    people.push_back(std::make_unique<Person>("p" + std::to_string(i) + "@example.org", 1 + i % 3));
    // The same keys, but accounts of their own: the nonce of the first link differs.
    const std::array<std::uint8_t, 16> nonce{0xbb, static_cast<std::uint8_t>(i)};
    people.back()->links = {transparency::create_genesis(
        people.back()->devices[0].keys.signing,
        entry_of(people.back()->devices[0].keys, transparency::Role::admin), {}, nonce, now_)};
    people.back()->account = people.back()->chain().account();
    server_.list(*people.back());
    send(people.back()->handle, "hi");
  }
  silence_sends();
  connect();
  EXPECT_EQ(server_.all<wire::Send>().size(), 16U);
  EXPECT_GT(engine_->wake_at(), now_);  // no busy loop
  server_.script = {};
  reconnect();
  EXPECT_EQ(server_.accepted.size(), 20U);
  EXPECT_TRUE(engine_->settled());
}

TEST_F(Sending, ALostAnswerIsAskedForUnderTheSameId) {
  silence_sends();
  const auto id = send("bob@example.org", "once");
  server_.script = {};
  reconnect();
  restart();
  connect();
  const auto sends = server_.all<wire::Send>();
  ASSERT_EQ(sends.size(), 2U);
  EXPECT_EQ(sends[0].message, id);
  EXPECT_EQ(sends[1].message, id);
  EXPECT_EQ(progress(id).state, MessageState::sent);
}

TEST_F(Sending, OrderHoldsIfARunEndedBetweenLookupAndPlacing) {
  disconnect();
  send("bob@example.org", "written first");
  int commits = 0;
  fault_ = [&] { return ++commits == 2 ? store::WriteFault::lost : store::WriteFault::none; };
  connect();  // the lookup is kept, then the disk fails
  EXPECT_TRUE(engine_->take_close_wish());
  EXPECT_TRUE(server_.accepted.empty());
  disconnect();
  restart();
  send("bob@example.org", "written second");
  connect();
  EXPECT_EQ(texts_at(bob_), (std::vector<std::string>{"written first", "written second"}));
}

TEST_F(Sending, AnUnknownHandleFailsTheMessageNotTheStart) {
  const auto id = send("nobody@example.org", "hello?");
  expect_failed(id, FailureReason::unknown_handle);
  Person late{"nobody@example.org", 2};
  server_.list(late);
  const auto second = send("nobody@example.org", "now?");
  EXPECT_EQ(progress(second).state, MessageState::sent);
  EXPECT_EQ(texts_at(late), std::vector<std::string>{"now?"});
}

TEST_F(Sending, AHandleOfOneselfIsRefusedEvenIfOnlyTheServerKnows) {
  Person other_name{"other@example.org", 2};
  server_.script = [this](const wire::Frame& frame) -> FakeServer::Reply {
    if (!std::holds_alternative<wire::Lookup>(frame.body)) return FakeServer::Honest{};
    return wire::Body{wire::Account{own_account(), 0, vault_->profile().value()->links}};
  };
  expect_failed(send("other@example.org", "me?"), FailureReason::refused);
}

TEST_F(Sending, StaleDevicesAreFetchedVerifiedAndSealedAgain) {
  send("bob@example.org", "first");
  bob_.add_device(2);
  bob_.admit(1);
  server_.list(bob_);
  const auto id = send("bob@example.org", "second");
  EXPECT_EQ(progress(id).state, MessageState::sent);
  EXPECT_EQ(progress(id).devices, 2U);
  EXPECT_EQ(texts_at(bob_, 1), std::vector<std::string>{"second"});
  const auto sends = server_.all<wire::Send>();
  ASSERT_EQ(sends.size(), 3U);
  EXPECT_EQ(sends[1].message, sends[2].message);
}

TEST_F(Sending, AStaleListOfOnesOwnIsFetchedToo) {
  answer_sends(1, wire::StaleDevices{{}, {own_account()}});
  const auto id = send("bob@example.org", "hi");
  EXPECT_EQ(progress(id).state, MessageState::sent);
  ASSERT_EQ(server_.all<wire::FetchChain>().size(), 1U);
  EXPECT_EQ(server_.all<wire::FetchChain>()[0].account, own_account());
}

TEST_F(Sending, AServerThatSaysStaleForEverIsNotHammered) {
  answer_sends(1'000, wire::StaleDevices{{}, {bob_.account}});
  const auto id = send("bob@example.org", "hi");
  const auto at_once = server_.all<wire::Send>().size();
  EXPECT_LE(at_once, 3U);
  for (int i = 0; i < 60; ++i) pass(1s);
  EXPECT_LE(server_.all<wire::Send>().size(), at_once + 8);
  EXPECT_EQ(progress(id).state, MessageState::queued);
  server_.script = {};
  pass(5min);
  EXPECT_EQ(progress(id).state, MessageState::sent);
}

TEST_F(Sending, RefusalsForGoodFailTheMessage) {
  struct Refused {
    wire::RefusalCode code;
    FailureReason reason;
  };
  const Refused cases[] = {
      {wire::RefusalCode::too_large, FailureReason::too_large},
      {wire::RefusalCode::malformed, FailureReason::refused},
      {wire::RefusalCode::chain_refused, FailureReason::refused},
      {wire::RefusalCode::wrong_version, FailureReason::refused},
      {wire::RefusalCode::unknown_handle, FailureReason::refused},
  };
  for (const auto& refused : cases) {
    SCOPED_TRACE(wire::name_of(refused.code));
    answer_sends(1, FakeServer::refusal(refused.code));
    expect_failed(send("bob@example.org", "hi"), refused.reason);
  }
}

TEST_F(Sending, RefusalsForNowAreTriedAgainWhenTheServerSays) {
  for (const auto code : {wire::RefusalCode::mailbox_full, wire::RefusalCode::limit_reached,
                          wire::RefusalCode::unavailable, static_cast<wire::RefusalCode>(999)}) {
    SCOPED_TRACE(wire::name_of(code));
    answer_sends(1, FakeServer::refusal(code, 10s));
    server_.asked.clear();
    const auto first = send("bob@example.org", "one");
    const auto second = send("bob@example.org", "two");
    EXPECT_EQ(progress(first).state, MessageState::queued);
    EXPECT_EQ(progress(second).state, MessageState::queued);  // it does not overtake
    EXPECT_EQ(engine_->wake_at(), now_ + 10s);
    pass(9s);
    EXPECT_EQ(server_.all<wire::Send>().size(), 1U);
    pass(1s);
    EXPECT_EQ(progress(second).state, MessageState::sent);
    const auto sends = server_.all<wire::Send>();
    ASSERT_EQ(sends.size(), 3U);
    EXPECT_EQ(sends[1].message, first);
    EXPECT_EQ(sends[2].message, second);
  }
}

TEST_F(Sending, WhoHasSentHisAllowanceWaitsWithAllAndLosesNothing) {
  Person carol{"carol@example.org", 3};
  server_.list(carol);
  answer_sends(1, FakeServer::refusal(wire::RefusalCode::limit_reached, 10s));
  const auto first = send("bob@example.org", "one");
  server_.asked.clear();
  const auto second = send("carol@example.org", "two");
  EXPECT_TRUE(server_.all<wire::Send>().empty());  // not tried in vain
  EXPECT_EQ(progress(first).state, MessageState::queued);
  EXPECT_EQ(progress(second).state, MessageState::queued);
  EXPECT_EQ(engine_->wake_at(), now_ + 10s);
  pass(10s);
  EXPECT_EQ(progress(first).state, MessageState::sent);
  EXPECT_EQ(progress(second).state, MessageState::sent);
}

TEST_F(Sending, AnImpatientServerStillGetsAPause) {
  answer_sends(1, FakeServer::refusal(wire::RefusalCode::unavailable, 0ms));
  send("bob@example.org", "hi");
  EXPECT_GT(engine_->wake_at(), now_);
  answer_sends(1, FakeServer::refusal(wire::RefusalCode::unavailable, std::chrono::days{900}));
  pass(1s);
  EXPECT_LE(engine_->wake_at(), now_ + 5min);
}

TEST_F(Sending, AnUnknownDeviceIsLookedUpAgainButNotForEver) {
  send("bob@example.org", "known");
  answer_sends(1, FakeServer::refusal(wire::RefusalCode::unknown_device));
  const auto id = send("bob@example.org", "hi");
  EXPECT_EQ(progress(id).state, MessageState::sent);
  EXPECT_EQ(server_.all<wire::FetchChain>().size(), 1U);
  answer_sends(1'000, FakeServer::refusal(wire::RefusalCode::unknown_device));
  const auto other = send("bob@example.org", "hi");
  for (int i = 0; i < 20; ++i) pass(1min);
  expect_failed(other, FailureReason::refused);
}

TEST_F(Sending, BeingRemovedWhileOnlineStopsTheEngine) {
  answer_sends(1, FakeServer::refusal(wire::RefusalCode::not_authenticated));
  const auto id = send("bob@example.org", "hi");
  ASSERT_TRUE(engine_->fatal().has_value());
  EXPECT_EQ(engine_->fatal()->code, ErrorCode::not_enrolled);
  EXPECT_EQ(progress(id).state, MessageState::queued);
}

TEST_F(Sending, AnswersOfAnotherKindOrForAnotherMessageAreNotTaken) {
  const wire::Body bodies[] = {wire::Accepted{numbered_message(9)}, wire::Pong{},
                               wire::Account{bob_.account, 0, bob_.links}};
  for (const auto& body : bodies) {
    answer_sends(1, body);
    const auto id = send("bob@example.org", "hi");
    EXPECT_EQ(progress(id).state, MessageState::queued);
    pass(6min);
    EXPECT_EQ(progress(id).state, MessageState::sent);
  }
}

TEST_F(Sending, LookupsRefusedForNowAreAskedAgain) {
  answer_lookups(wire::Body{FakeServer::refusal(wire::RefusalCode::limit_reached, 20s)});
  const auto id = send("bob@example.org", "hi");
  EXPECT_EQ(engine_->wake_at(), now_ + 20s);
  server_.script = {};
  pass(20s);
  EXPECT_EQ(progress(id).state, MessageState::sent);
}

TEST_F(Sending, AnOldLookupIsRefreshedBeforeSending) {
  send("bob@example.org", "one");
  send("bob@example.org", "two");
  EXPECT_EQ(server_.all<wire::Lookup>().size(), 1U);
  now_ += limits::kContactCheckAge;
  reconnect();
  send("bob@example.org", "three");
  EXPECT_EQ(server_.all<wire::Lookup>().size(), 2U);
  EXPECT_EQ(texts_at(bob_).size(), 3U);
}

struct BadChain {
  const char* name;
  std::function<wire::Account(const Person&, const Person&)> answer;
};

const BadChain kBadChains[] = {
    {"a link missing at the end (rollback)",
     [](const Person& bob, const Person&) {
       return wire::Account{bob.account, 0, {bob.links[0]}};
     }},
    {"another account's links",
     [](const Person& bob, const Person& eve) {
       return wire::Account{bob.account, 0, eve.links};
     }},
    {"another account (the handle moved)",
     [](const Person&, const Person& eve) {
       return wire::Account{eve.account, 0, eve.links};
     }},
    {"a damaged link",
     [](const Person& bob, const Person&) {
       auto links = bob.links;
       links[1].back() ^= 1U;
       return wire::Account{bob.account, 0, links};
     }},
    {"the chain from its middle",
     [](const Person& bob, const Person&) {
       return wire::Account{bob.account, 1, {bob.links[1]}};
     }},
    {"another second link (fork)",
     [](const Person& bob, const Person&) {
       Person fork{bob.handle, 1};
       fork.add_device(3);
       fork.admit(1);
       return wire::Account{bob.account, 0, fork.links};
     }},
};

TEST_F(Sending, AChainThatDoesNotContinueThePinnedOneHoldsTheMessage) {
  Person eve{"eve@example.org", 4};
  bob_.add_device(2);
  bob_.admit(1);
  server_.list(bob_);
  send("bob@example.org", "known");
  const auto accepted = server_.accepted.size();
  for (const auto& bad : kBadChains) {
    SCOPED_TRACE(bad.name);
    now_ += limits::kContactCheckAge;
    reconnect();
    const auto alerts_before = alerts().size();
    answer_lookups(wire::Body{bad.answer(bob_, eve)});
    const auto id = send("bob@example.org", "for Bob only");
    EXPECT_EQ(server_.accepted.size(), accepted);
    EXPECT_EQ(alerts().size(), alerts_before + 1);
    EXPECT_NE(alerts().back().find("bob@example.org"), std::string::npos);
    expect_failed(id, FailureReason::identity);
  }
  server_.script = {};
  now_ += limits::kContactCheckAge;
  reconnect();
  const auto id = send("bob@example.org", "all is well");
  EXPECT_EQ(progress(id).state, MessageState::sent);
}

TEST_F(Sending, AnUnverifiableStrangerGetsNothing) {
  Person eve{"eve@example.org", 4};
  answer_lookups(wire::Body{wire::Account{eve.account, 0, bob_.links}});
  expect_failed(send("eve@example.org", "hi"), FailureReason::identity);
  EXPECT_TRUE(server_.accepted.empty());
}

TEST_F(Sending, ARetiredAccountGetsNothing) {
  bob_.retire();
  server_.list(bob_);
  expect_failed(send("bob@example.org", "hi"), FailureReason::refused);
  EXPECT_EQ(alerts().size(), 1U);
}

TEST_F(Sending, SixtyThousandBytesFit) {
  const std::string text(limits::kTextBytesMax, 'x');
  const auto id = send("bob@example.org", text);
  EXPECT_EQ(progress(id).state, MessageState::sent);
  EXPECT_EQ(texts_at(bob_), std::vector<std::string>{text});
  EXPECT_LE(server_.accepted[0].envelopes[0].sealed.size(), limits::kSealedBytesMax);
}

TEST_F(Sending, AVaultThatFailsAfterTheAnswerSendsAgainUnderTheSameId) {
  for (const auto what : {store::WriteFault::lost, store::WriteFault::written}) {
    server_.accepted.clear();
    server_.script = [&](const wire::Frame& frame) -> FakeServer::Reply {
      if (std::holds_alternative<wire::Send>(frame.body)) fault_ = [what] { return what; };
      return FakeServer::Honest{};
    };
    const auto id = send("bob@example.org", "hi");
    EXPECT_TRUE(engine_->take_close_wish());
    EXPECT_EQ(progress(id).state, MessageState::queued);
    fault_ = [] { return store::WriteFault::none; };
    server_.script = {};
    reconnect();
    EXPECT_EQ(progress(id).state, MessageState::sent);
    ASSERT_EQ(server_.accepted.size(), 2U);
    EXPECT_EQ(server_.accepted[0].message, server_.accepted[1].message);
  }
}

TEST_F(Sending, AFullDiskRefusesTheMessage) {
  fault_ = [] { return store::WriteFault::lost; };
  const auto answer = engine_->send({"bob@example.org", "hi", {}}, now_);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::disk);
  fault_ = [] { return store::WriteFault::none; };
  pass(1min);
  EXPECT_TRUE(server_.accepted.empty());
  EXPECT_EQ(vault_->outbox_size().value(), 0U);
}

}  // namespace
}  // namespace martlet::client
