// What is written or read on one device of an account shows on the others.
#include "client/stage_test.h"

namespace martlet::client {
namespace {

struct OwnDevicesTest : Stage {
  /// Alice's phone: another device of the same account.
  Person phone_{"alice@example.org", 5};
  std::uint8_t number_ = 100;

  void SetUp() override {
    come_online();
    admit(phone_);
    send("bob@example.org", "first");
    server_.accepted.clear();
  }

  MessageId next_id() { return numbered_message(number_++); }
  void from_phone(const wire::Content& content) {
    deliver(phone_.seal(wire::encode(content), content.message, own_keys()));
  }
  wire::Content copy(const MessageId& id, const std::string& words) {
    auto content = phone_.text(bob_.account, id, words);
    content.recipient_handle = "bob@example.org";
    return content;
  }
  void receipt_from(const Person& person, wire::ReceiptState state, const MessageId& id) {
    const auto content = person.receipt(own_account(), next_id(), state, {id});
    deliver(person.seal(wire::encode(content), content.message, own_keys()));
  }
  std::vector<store::MessageRecord> history() {
    return engine_->history({"bob@example.org", 50, 0}).value();
  }
  std::size_t receipts_told(const MessageId& id) {
    std::size_t count = 0;
    for (const auto& event : events()) {
      if (event.event.kind == store::EventKind::receipt && event.event.message == id) ++count;
    }
    return count;
  }
  std::set<DeviceId> targets_of(const wire::Send& send) {
    std::set<DeviceId> targets;
    for (const auto& envelope : send.envelopes) targets.insert(envelope.recipient);
    return targets;
  }
};

TEST_F(OwnDevicesTest, ASendCarriesEnvelopesForTheOtherDevices) {
  const auto id = send("bob@example.org", "hi");
  ASSERT_EQ(server_.accepted.size(), 1U);
  EXPECT_EQ(targets_of(server_.accepted[0]), (std::set{bob_.devices[0].id, phone_.devices[0].id}));
  const auto content = phone_.open(server_.accepted[0], own_keys());
  ASSERT_TRUE(content.has_value());
  EXPECT_EQ(content->sender_account, own_account());
  EXPECT_EQ(content->recipient_account, bob_.account);
  EXPECT_EQ(content->recipient_handle, "bob@example.org");
  EXPECT_EQ(std::get<wire::Text>(content->kind).text, "hi");
  EXPECT_EQ(progress(id).devices, 1U);  // of the other side
}

TEST_F(OwnDevicesTest, ACopyIsShownAsSentOnceAndAnswered) {
  const auto id = next_id();
  for (int i = 0; i < 2; ++i) from_phone(copy(id, "from the phone"));
  const auto messages = history();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[1].text, "from the phone");
  EXPECT_TRUE(messages[1].outgoing);
  EXPECT_TRUE(messages[1].read);
  EXPECT_EQ(messages[1].state, store::MessageState::sent);
  EXPECT_EQ(messages[1].peer, bob_.account);
  EXPECT_EQ(shown(), std::vector<std::string>{"from the phone"});
  ASSERT_EQ(server_.accepted.size(), 1U);
  EXPECT_EQ(targets_of(server_.accepted[0]), std::set{phone_.devices[0].id});
  const auto answer = phone_.open(server_.accepted[0], own_keys());
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->recipient_account, own_account());
  EXPECT_EQ(std::get<wire::Receipt>(answer->kind).messages, std::vector{id});
  EXPECT_TRUE(engine_->settled());
  EXPECT_TRUE(alerts().empty());
}

TEST_F(OwnDevicesTest, ACopyForSomebodyNewMakesAChat) {
  const Person carol{"carol@example.org", 8};
  auto content = phone_.text(carol.account, next_id(), "hello carol");
  content.recipient_handle = carol.handle;
  server_.list(carol);
  from_phone(content);
  const auto chats = engine_->chats().value();
  ASSERT_EQ(chats.size(), 2U);
  EXPECT_EQ(chats[0].peer_handle, "carol@example.org");
  EXPECT_EQ(chats[0].unread, 0U);
}

TEST_F(OwnDevicesTest, ReceiptsLiftACopyWhenTheyComeBehindIt) {
  const auto id = next_id();
  from_phone(copy(id, "x"));
  receipt_from(bob_, wire::ReceiptState::delivered, id);
  EXPECT_EQ(history()[1].state, store::MessageState::delivered);
  receipt_from(bob_, wire::ReceiptState::read, id);
  EXPECT_EQ(history()[1].state, store::MessageState::read);
  EXPECT_EQ(receipts_told(id), 2U);
}

TEST_F(OwnDevicesTest, ReceiptsThatComeBeforeTheCopyAreApplied) {
  const auto id = next_id();
  receipt_from(bob_, wire::ReceiptState::delivered, id);
  restart();
  connect();
  from_phone(copy(id, "x"));
  EXPECT_EQ(history()[1].state, store::MessageState::delivered);
  const auto other = next_id();
  const Person carol{"carol@example.org", 8};
  server_.list(carol);
  receipt_from(carol, wire::ReceiptState::read, other);  // not the recipient
  receipt_from(phone_, wire::ReceiptState::delivered, other);
  from_phone(copy(other, "y"));
  EXPECT_EQ(history()[2].state, store::MessageState::sent);
}

TEST_F(OwnDevicesTest, AnOwnDevicesReceiptDoesNotLiftTheMessage) {
  const auto id = send("bob@example.org", "hi");
  const auto before = receipts_told(id);
  receipt_from(phone_, wire::ReceiptState::delivered, id);
  EXPECT_EQ(progress(id).state, store::MessageState::sent);
  EXPECT_EQ(receipts_told(id), before);
  const auto rows = vault_->deliveries(id).value();
  const auto row = std::ranges::find(rows, phone_.devices[0].id, &store::DeliveryRecord::device);
  ASSERT_NE(row, rows.end());
  EXPECT_EQ(row->state, store::DeliveryState::delivered);
}

TEST_F(OwnDevicesTest, ItFailsWhenNoDeviceOfTheOtherSideGotIt) {
  const auto id = send("bob@example.org", "hi");
  receipt_from(phone_, wire::ReceiptState::delivered, id);
  // Also when the phone has left since.
  ASSERT_TRUE(engine_->revoke(phone_.devices[0].id, transparency::RevokeReason::lost, now_).ok());
  exchange();
  ASSERT_EQ(engine_->devices().value().size(), 1U);
  EXPECT_EQ(progress(id).devices, 1U);
  push(wire::Undelivered{next_sequence_++, id, bob_.devices[0].id, now_});
  EXPECT_EQ(progress(id).state, store::MessageState::failed);
  EXPECT_EQ(progress(id).reason, store::FailureReason::expired);
}

TEST_F(OwnDevicesTest, AReadMarkOfAnotherDeviceCountsHere) {
  deliver(letter(1, "one"));
  deliver(letter(2, "two"));
  deliver(letter(3, "three"));
  auto mark = phone_.receipt(bob_.account, next_id(), wire::ReceiptState::read,
                             {numbered_message(1), numbered_message(2), numbered_message(77)});
  from_phone(mark);
  EXPECT_EQ(engine_->chats().value()[0].unread, 1U);
  // Somebody else's chat, or a mark that names nothing here: no effect.
  mark = phone_.receipt(AccountId{{1}}, next_id(), wire::ReceiptState::read, {numbered_message(3)});
  from_phone(mark);
  mark = phone_.receipt(bob_.account, next_id(), wire::ReceiptState::read, {numbered_message(78)});
  from_phone(mark);
  EXPECT_EQ(engine_->chats().value()[0].unread, 1U);
}

TEST_F(OwnDevicesTest, ReadReceiptsGoToTheOtherDevicesAndDeliveredOnesDoNot) {
  deliver(letter(1, "one"));
  ASSERT_EQ(server_.accepted.size(), 1U);
  EXPECT_EQ(targets_of(server_.accepted[0]), std::set{bob_.devices[0].id});
  ASSERT_TRUE(engine_->read("bob@example.org", now_).ok());
  exchange();
  ASSERT_EQ(server_.accepted.size(), 2U);
  const auto mark = phone_.open(server_.accepted[1], own_keys());
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->recipient_account, bob_.account);
  EXPECT_EQ(std::get<wire::Receipt>(mark->kind).state, wire::ReceiptState::read);
}

TEST_F(OwnDevicesTest, ThoseWeWriteWithAreToldOfAChangeOfOurs) {
  ASSERT_TRUE(engine_->revoke(phone_.devices[0].id, transparency::RevokeReason::lost, now_).ok());
  exchange();
  ASSERT_EQ(server_.accepted.size(), 1U);
  EXPECT_EQ(targets_of(server_.accepted[0]), std::set{bob_.devices[0].id});
  const auto content = bob_.open(server_.accepted[0], own_keys());
  ASSERT_TRUE(content.has_value());
  const auto& change = std::get<wire::DevicesChanged>(content->kind);
  EXPECT_EQ(change.seqno, 2U);
  EXPECT_EQ(change.head, engine_->own_chain().head());
  EXPECT_TRUE(engine_->settled());
}

TEST_F(OwnDevicesTest, AContactsChangeIsLookedUpAtOnceAndNotShown) {
  const auto old = bob_.chain();
  bob_.add_device(7);
  bob_.admit(1);
  server_.list(bob_);
  server_.asked.clear();
  const auto say = [&](std::uint32_t seqno, const LinkId& head) {
    const auto content = bob_.content(own_account(), next_id(), wire::DevicesChanged{seqno, head});
    deliver(bob_.seal(wire::encode(content), content.message, own_keys()));
  };
  say(0, old.head());  // nothing new
  say(0, bob_.chain().head());
  EXPECT_TRUE(server_.all<wire::FetchChain>().empty());
  say(1, bob_.chain().head());  // the directory gave the chain just now
  EXPECT_TRUE(server_.all<wire::FetchChain>().empty());
  pass(std::chrono::seconds{5});
  say(1, bob_.chain().head());
  EXPECT_EQ(server_.all<wire::FetchChain>().size(), 1U);
  pass(std::chrono::seconds{5});
  say(1, bob_.chain().head());
  EXPECT_EQ(server_.all<wire::FetchChain>().size(), 1U);
  EXPECT_TRUE(shown().empty());
  EXPECT_TRUE(server_.accepted.empty());  // no receipt
  send("bob@example.org", "to both");
  EXPECT_EQ(server_.accepted.back().envelopes.size(), 3U);
}

TEST_F(OwnDevicesTest, WhatIsNotFromADeviceOfTheAccountIsSetAside) {
  struct Case {
    const char* name;
    std::function<wire::Deliver()> make;
  };
  Person thief{"alice@example.org", 6};
  thief.account = own_account();
  Person self{"alice@example.org", 0};
  self.account = own_account();
  const Case kCases[] = {
      {"a device that is not in the chain",
       [&] {
         const auto content = thief.text(bob_.account, next_id(), "forged");
         return thief.seal(wire::encode(content), content.message, own_keys());
       }},
      {"this very device",
       [&] {
         const auto content = self.text(bob_.account, next_id(), "echo");
         return self.seal(wire::encode(content), content.message, own_keys());
       }},
      {"another account inside",
       [&] {
         auto content = phone_.text(own_account(), next_id(), "as bob");
         content.sender_account = bob_.account;
         return phone_.seal(wire::encode(content), content.message, own_keys());
       }},
      {"another message id inside",
       [&] {
         const auto content = phone_.text(bob_.account, next_id(), "x");
         return phone_.seal(wire::encode(content), next_id(), own_keys());
       }},
      {"bob's device as ours",
       [&] {
         const auto content = bob_.text(own_account(), next_id(), "x");
         auto deliver = bob_.seal(wire::encode(content), content.message, own_keys());
         deliver.sender_account = own_account();
         return deliver;
       }},
  };
  for (const auto& [name, make] : kCases) {
    SCOPED_TRACE(name);
    const auto sequence = next_sequence_;
    deliver(make());
    EXPECT_EQ(history().size(), 1U);
    EXPECT_TRUE(std::ranges::count(server_.acknowledged, sequence) == 1);
  }
  EXPECT_TRUE(shown().empty());
  EXPECT_GE(alerts().size(), 3U);
}

}  // namespace
}  // namespace martlet::client
