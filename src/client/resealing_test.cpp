// What cannot be opened is asked for again; what others could not open is sealed again for them.
#include "client/resealing.h"

#include "client/stage_test.h"

namespace martlet::client {
namespace {

using wire::ReceiptState;

/// Alice with a phone of her own, Bob with two devices; both sides have written before.
struct ResealingTest : Stage {
  Person phone_{"alice@example.org", 5};
  Person eve_{"eve@example.org", 4};
  std::uint8_t number_ = 100;

  void SetUp() override {
    come_online();
    admit(phone_);
    bob_.add_device(2);
    bob_.admit(1);
    server_.list(bob_);
    server_.list(eve_);
  }

  MessageId next_id() { return numbered_message(number_++); }
  Health health() { return engine_->health().value(); }

  void say(const Person& person, const wire::Content& content, std::size_t device = 0) {
    deliver(person.seal(wire::encode(content), content.message, own_keys(), device));
  }
  void ask(const Person& person, const MessageId& message, std::size_t device = 0) {
    say(person, person.content(own_account(), next_id(), wire::ReSeal{message}), device);
  }
  void confirm(const Person& person, const MessageId& message, std::size_t device = 0) {
    say(person, person.receipt(own_account(), next_id(), ReceiptState::delivered, {message}),
        device);
  }
  wire::Deliver garbled(std::uint8_t number, std::size_t device = 0) {
    const auto id = numbered_message(number);
    auto deliver =
        bob_.seal(wire::encode(bob_.text(own_account(), id, "words")), id, own_keys(), device);
    deliver.sealed = with_flip(deliver.sealed, deliver.sealed.size() / 2);
    return deliver;
  }
  /// The requests that reached device `device` of `person`.
  std::vector<MessageId> asked_of(const Person& person, std::size_t device = 0) {
    std::vector<MessageId> ids;
    for (const auto& send : server_.accepted) {
      const auto content = person.open(send, own_keys(), device);
      if (!content) continue;
      if (const auto* request = std::get_if<wire::ReSeal>(&content->kind)) {
        ids.push_back(request->message);
      }
    }
    return ids;
  }
  std::set<DeviceId> targets_of(const wire::Send& send) {
    std::set<DeviceId> targets;
    for (const auto& envelope : send.envelopes) targets.insert(envelope.recipient);
    return targets;
  }
};

using Ids = std::vector<MessageId>;
using Texts = std::vector<std::string>;

// --- what we cannot open ---

TEST_F(ResealingTest, WhatDoesNotOpenIsAskedForAndShownWhenItComes) {
  deliver(garbled(1, 1));
  EXPECT_TRUE(shown().empty());
  EXPECT_TRUE(alerts().empty());
  EXPECT_EQ(server_.acknowledged, std::vector<wire::Sequence>{1});
  ASSERT_EQ(server_.accepted.size(), 1U);
  EXPECT_EQ(targets_of(server_.accepted[0]), std::set{bob_.devices[1].id});
  EXPECT_EQ(asked_of(bob_, 1), Ids{numbered_message(1)});
  EXPECT_EQ(health().waiting_to_open, 1U);
  restart();
  connect();
  EXPECT_EQ(health().waiting_to_open, 1U);
  say(bob_, bob_.text(own_account(), numbered_message(1), "words"), 1);
  EXPECT_EQ(shown(), Texts{"words"});
  EXPECT_EQ(health().waiting_to_open, 0U);
  EXPECT_EQ(health().undecryptable_total, 0U);
  EXPECT_TRUE(engine_->settled());
}

TEST_F(ResealingTest, ACopyOfAnOwnDeviceIsAskedForToo) {
  const auto id = next_id();
  const auto content = phone_.text(bob_.account, id, "from the phone");
  auto broken = phone_.seal(wire::encode(content), id, own_keys());
  broken.sealed = broken.sealed.view().first(broken.sealed.size() - 1);
  deliver(broken);
  EXPECT_EQ(targets_of(server_.accepted.at(0)), std::set{phone_.devices[0].id});
  EXPECT_EQ(asked_of(phone_), Ids{id});
  say(phone_, content);
  EXPECT_EQ(shown(), Texts{"from the phone"});
  EXPECT_EQ(health().waiting_to_open, 0U);
}

TEST_F(ResealingTest, AnEnvelopeThatComesAgainIsAskedForOnce) {
  const auto broken = garbled(1);
  deliver(broken);
  --next_sequence_;
  deliver(broken);
  EXPECT_EQ(asked_of(bob_).size(), 1U);
  restart();
  connect();
  --next_sequence_;
  deliver(broken);
  EXPECT_EQ(asked_of(bob_).size(), 1U);
}

TEST_F(ResealingTest, AfterThreeRequestsItIsCounted) {
  for (unsigned i = 0; i < Resealing::kRequestsMax; ++i) deliver(garbled(1));
  EXPECT_EQ(asked_of(bob_), Ids(Resealing::kRequestsMax, numbered_message(1)));
  EXPECT_EQ(health().undecryptable_total, 0U);
  deliver(garbled(1));
  EXPECT_EQ(asked_of(bob_).size(), Resealing::kRequestsMax);
  EXPECT_EQ(health().undecryptable_total, 1U);
  EXPECT_EQ(health().waiting_to_open, 0U);
  EXPECT_TRUE(alerts().empty());
  restart();
  EXPECT_EQ(health().undecryptable_total, 1U);
}

TEST_F(ResealingTest, ADamagedCopyOfWhatIsHereIsNotAskedFor) {
  deliver(letter(1, "words"));
  server_.accepted.clear();
  deliver(garbled(1));
  EXPECT_TRUE(asked_of(bob_).empty());
  EXPECT_EQ(health().waiting_to_open, 0U);
  EXPECT_EQ(health().undecryptable_total, 0U);
}

TEST_F(ResealingTest, ACrashAfterItWasOpenedLeavesNothingToWaitFor) {
  deliver(garbled(1));
  EXPECT_EQ(health().waiting_to_open, 1U);
  const auto waits = vault_->unopened().take();
  deliver(letter(1, "words"));
  EXPECT_EQ(health().waiting_to_open, 0U);
  // As if the crash had come between the message and the note that it is here.
  ASSERT_TRUE(vault_->transact([&] { return vault_->put_unopened(waits.at(0)); }).ok());
  restart();
  connect();
  EXPECT_EQ(health().waiting_to_open, 1U);
  deliver(garbled(1));
  EXPECT_EQ(health().waiting_to_open, 0U);
  EXPECT_EQ(health().undecryptable_total, 0U);
}

TEST_F(ResealingTest, TooManyOfOneDeviceAreCountedAtOnce) {
  for (std::uint8_t i = 0; i < Resealing::kWaitingADeviceMax; ++i) deliver(garbled(i));
  EXPECT_EQ(health().undecryptable_total, 0U);
  deliver(garbled(200));
  EXPECT_EQ(health().undecryptable_total, 1U);
  deliver(garbled(200, 1));  // another device
  EXPECT_EQ(health().undecryptable_total, 1U);
  EXPECT_EQ(health().waiting_to_open, Resealing::kWaitingADeviceMax + 1);
}

TEST_F(ResealingTest, TooManyOfAllAreCountedAtOnce) {
  ASSERT_TRUE(
      vault_
          ->transact([&]() -> Result<void> {
            for (std::size_t i = 0; i < Resealing::kWaitingMax; ++i) {
              std::array<std::uint8_t, 32> sender{1};
              sender[1] = static_cast<std::uint8_t>(i / 256);
              sender[2] = static_cast<std::uint8_t>(i);
              TRY(vault_->put_unopened({DeviceId{sender}, numbered_message(1), {}, 1, 1, now_}));
            }
            return {};
          })
          .ok());
  restart();
  connect();
  deliver(garbled(1));
  EXPECT_TRUE(asked_of(bob_).empty());
  EXPECT_EQ(health().undecryptable_total, 1U);
}

TEST_F(ResealingTest, WhatDoesNotComeInTimeIsGivenUp) {
  deliver(garbled(1));
  now_ += Resealing::kWindow - std::chrono::hours{1};
  reconnect();
  EXPECT_EQ(health().undecryptable_total, 0U);
  // Also of a run that never ends.
  pass(std::chrono::days{1});
  EXPECT_EQ(health().undecryptable_total, 1U);
  EXPECT_EQ(health().waiting_to_open, 0U);
  restart();
  connect();
  EXPECT_EQ(health().undecryptable_total, 1U);
}

TEST_F(ResealingTest, AVaultThatFailsLeavesTheEnvelopeAtTheServer) {
  fault_ = [] { return store::WriteFault::lost; };
  deliver(garbled(1));
  EXPECT_TRUE(server_.acknowledged.empty());
  fault_ = [] { return store::WriteFault::none; };
  restart();
  connect();
  EXPECT_EQ(health().waiting_to_open, 0U);
  --next_sequence_;
  deliver(garbled(1));
  EXPECT_EQ(asked_of(bob_).size(), 1U);
}

// --- what others cannot open ---

TEST_F(ResealingTest, WhatIsNotAcceptedYetMayBeAskedForAlready) {
  server_.script = [](const wire::Frame& frame) -> FakeServer::Reply {
    if (std::holds_alternative<wire::Send>(frame.body)) return FakeServer::Silent{};
    return FakeServer::Honest{};
  };
  const auto id = send("bob@example.org", "hi");
  EXPECT_EQ(health().kept, 0U);
  ask(bob_, numbered_message(77));  // nobody wrote that
  ask(eve_, id);                    // not to her
  EXPECT_EQ(health().kept, 0U);
  ask(bob_, id);
  EXPECT_EQ(health().kept, 1U);
  server_.script = nullptr;
  restart();  // and it survives that
  connect();
  ASSERT_EQ(server_.accepted.size(), 2U);
  EXPECT_EQ(server_.accepted[0].message, id);
  EXPECT_GT(targets_of(server_.accepted[0]).size(), 1U);
  EXPECT_EQ(server_.accepted[1].message, id);
  EXPECT_EQ(targets_of(server_.accepted[1]), std::set{bob_.devices[0].id});
  for (std::size_t device = 0; device < 2; ++device) confirm(bob_, id, device);
  confirm(phone_, id);
  EXPECT_EQ(health().kept, 0U);
}

TEST_F(ResealingTest, AContentIsKeptUntilEachDeviceHasOpenedIt) {
  const auto id = send("bob@example.org", "hi");
  EXPECT_EQ(health().kept, 1U);
  confirm(bob_, id);
  confirm(bob_, id);
  confirm(phone_, id);
  EXPECT_EQ(health().kept, 1U);
  say(bob_, bob_.receipt(own_account(), next_id(), ReceiptState::read, {id}), 1);
  EXPECT_EQ(health().kept, 0U);
}

TEST_F(ResealingTest, WhereItExpiredItIsNotKept) {
  const auto id = send("bob@example.org", "hi");
  confirm(bob_, id);
  confirm(phone_, id);
  push(wire::Undelivered{next_sequence_++, id, bob_.devices[1].id, now_});
  EXPECT_EQ(health().kept, 0U);
}

TEST_F(ResealingTest, AReceiptMayOvertakeTheAnswer) {
  server_.script = [&](const wire::Frame& frame) -> FakeServer::Reply {
    if (std::holds_alternative<wire::Send>(frame.body)) return FakeServer::Silent{};
    return FakeServer::Honest{};
  };
  const auto id = send("bob@example.org", "hi");
  for (std::size_t device : {0U, 1U}) confirm(bob_, id, device);
  confirm(phone_, id);
  server_.script = nullptr;
  reconnect();
  EXPECT_EQ(progress(id).state, store::MessageState::delivered);
  EXPECT_EQ(health().kept, 0U);
}

TEST_F(ResealingTest, ItIsSealedAgainForExactlyTheDeviceThatAsks) {
  const auto id = send("bob@example.org", "hi");
  for (int i = 0; i < 2; ++i) {
    server_.accepted.clear();
    ask(bob_, id, 1);
    ASSERT_EQ(server_.accepted.size(), 1U);
    EXPECT_EQ(server_.accepted[0].message, id);
    EXPECT_EQ(targets_of(server_.accepted[0]), std::set{bob_.devices[1].id});
    const auto content = bob_.open(server_.accepted[0], own_keys(), 1);
    ASSERT_TRUE(content.has_value());
    EXPECT_EQ(content->message, id);
    EXPECT_EQ(content->recipient_account, bob_.account);
    EXPECT_EQ(std::get<wire::Text>(content->kind).text, "hi");
    restart();
    connect();
  }
  EXPECT_EQ(progress(id).state, store::MessageState::sent);
  EXPECT_EQ(health().kept, 1U);
  EXPECT_TRUE(shown().empty());
}

TEST_F(ResealingTest, AnOwnDeviceGetsItsCopyAgain) {
  const auto id = send("bob@example.org", "hi");
  server_.accepted.clear();
  ask(phone_, id);
  ASSERT_EQ(server_.accepted.size(), 1U);
  EXPECT_EQ(targets_of(server_.accepted[0]), std::set{phone_.devices[0].id});
  const auto content = phone_.open(server_.accepted[0], own_keys());
  ASSERT_TRUE(content.has_value());
  EXPECT_EQ(content->recipient_account, bob_.account);
  EXPECT_EQ(content->recipient_handle, "bob@example.org");
}

TEST_F(ResealingTest, TwoDevicesMayAskForTheSame) {
  const auto id = send("bob@example.org", "hi");
  server_.script = [&](const wire::Frame& frame) -> FakeServer::Reply {
    if (std::holds_alternative<wire::Send>(frame.body)) return FakeServer::Silent{};
    return FakeServer::Honest{};
  };
  for (std::size_t device : {0U, 1U}) ask(bob_, id, device);
  ask(phone_, id);
  server_.script = nullptr;
  server_.accepted.clear();
  restart();
  connect();
  std::set<DeviceId> reached;
  for (const auto& send : server_.accepted) {
    EXPECT_EQ(send.message, id);
    EXPECT_EQ(send.envelopes.size(), 1U);
    reached.insert(send.envelopes[0].recipient);
  }
  EXPECT_EQ(reached, (std::set{bob_.devices[0].id, bob_.devices[1].id, phone_.devices[0].id}));
  EXPECT_TRUE(engine_->settled());
}

TEST_F(ResealingTest, AReceiptIsSealedAgainToo) {
  deliver(letter(1, "words"));
  const auto receipt = server_.accepted.at(0).message;
  server_.accepted.clear();
  ask(bob_, receipt);
  ASSERT_EQ(server_.accepted.size(), 1U);
  const auto content = bob_.open(server_.accepted[0], own_keys());
  ASSERT_TRUE(content.has_value());
  EXPECT_EQ(std::get<wire::Receipt>(content->kind).messages, Ids{numbered_message(1)});
}

TEST_F(ResealingTest, OfWhatNobodyAnswersTheLastAreKept) {
  ASSERT_TRUE(
      vault_
          ->transact([&]() -> Result<void> {
            for (std::size_t i = 0; i < Resealing::kUnansweredMax + 5; ++i) {
              std::array<std::uint8_t, 16> id{2};
              id[1] = static_cast<std::uint8_t>(i / 256);
              id[2] = static_cast<std::uint8_t>(i);
              const std::array targets{bob_.devices[0].id};
              TRY(vault_->put_kept({MessageId{id}, bob_.account, false, {}, now_}, targets));
            }
            return {};
          })
          .ok());
  reconnect();
  EXPECT_EQ(health().kept, Resealing::kUnansweredMax);
}

TEST_F(ResealingTest, RequestsThatAreIgnored) {
  struct Case {
    const char* name;
    std::function<void(const MessageId&)> ask;
  };
  const Case kCases[] = {
      {"somebody else asks for it", [&](const auto& id) { ask(eve_, id); }},
      {"nobody wrote it", [&](const auto&) { ask(bob_, numbered_message(250)); }},
      {"it is a message of his own",
       [&](const auto&) {
         deliver(letter(1, "his"));
         server_.accepted.clear();
         ask(bob_, numbered_message(1));
       }},
      {"the device came later",
       [&](const auto& id) {
         bob_.add_device(3);
         bob_.admit(bob_.devices.size() - 1);
         server_.list(bob_);
         ask(bob_, id, bob_.devices.size() - 1);
       }},
      {"the device has opened it",
       [&](const auto& id) {
         confirm(bob_, id, 1);
         ask(bob_, id, 1);
       }},
      {"it expired there",
       [&](const auto& id) {
         push(wire::Undelivered{next_sequence_++, id, bob_.devices[1].id, now_});
         ask(bob_, id, 1);
       }},
      {"a fourth time",
       [&](const auto& id) {
         for (unsigned i = 0; i < Resealing::kRequestsMax; ++i) ask(bob_, id, 1);
         EXPECT_EQ(server_.accepted.size(), Resealing::kRequestsMax);
         server_.accepted.clear();
         ask(bob_, id, 1);
       }},
      {"the same request again",
       [&](const auto& id) {
         const auto request = bob_.content(own_account(), next_id(), wire::ReSeal{id});
         say(bob_, request);
         server_.accepted.clear();
         say(bob_, request);
       }},
      {"after a month",
       [&](const auto& id) {
         now_ += Resealing::kWindow + Milliseconds{1};
         reconnect();
         ask(bob_, id, 1);
       }},
  };
  for (const auto& [name, ask_so] : kCases) {
    SCOPED_TRACE(name);
    const auto id = send("bob@example.org", "for Bob");
    server_.accepted.clear();
    ask_so(id);
    EXPECT_TRUE(server_.accepted.empty());
    EXPECT_TRUE(alerts().empty());
    EXPECT_TRUE(engine_->settled());
  }
}

TEST_F(ResealingTest, ADeviceThatHasLeftMeanwhileGetsNothing) {
  const auto id = send("bob@example.org", "hi");
  // The server knows already, Alice does not.
  bob_.links.push_back(transparency::create_link(
      transparency::next_place(bob_.chain()),
      transparency::RevokeBody{bob_.devices[1].id, transparency::RevokeReason::lost}, now_,
      bob_.devices[0].keys.signing));
  server_.list(bob_);
  server_.accepted.clear();
  ask(bob_, id, 1);
  EXPECT_TRUE(server_.accepted.empty());
  EXPECT_TRUE(alerts().empty());
  EXPECT_TRUE(engine_->settled());
  EXPECT_EQ(progress(id).state, store::MessageState::sent);
}

}  // namespace
}  // namespace martlet::client
