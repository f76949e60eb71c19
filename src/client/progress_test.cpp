#include "client/sending_test.h"

namespace martlet::client {
namespace {

using store::FailureReason;
using store::MessageState;
using ProgressOfAMessage = Sending;

TEST_F(ProgressOfAMessage, ReceiptsMoveTheStateUpOnly) {
  const auto id = send("bob@example.org", "hi");
  std::uint8_t number = 1;
  const auto receive = [&](wire::ReceiptState state) {
    const auto receipt_id = numbered_message(number++);
    deliver(bob_.seal(wire::encode(bob_.receipt(own_account(), receipt_id, state, {id})),
                      receipt_id, own_keys()));
  };
  receive(wire::ReceiptState::delivered);
  EXPECT_EQ(progress(id).state, MessageState::delivered);
  receive(wire::ReceiptState::read);
  EXPECT_EQ(progress(id).state, MessageState::read);
  const auto before = events().size();
  receive(wire::ReceiptState::delivered);
  EXPECT_EQ(progress(id).state, MessageState::read);
  EXPECT_EQ(events().size(), before);
  EXPECT_EQ(vault_->deliveries(id).value().at(0).state, store::DeliveryState::read);
  EXPECT_EQ(server_.accepted.size(), 1U);  // no receipts for receipts
}

TEST_F(ProgressOfAMessage, AReceiptMayOvertakeTheServersAnswer) {
  silence_sends();
  const auto id = send("bob@example.org", "hi");
  const auto receipt_id = numbered_message(1);
  deliver(bob_.seal(
      wire::encode(bob_.receipt(own_account(), receipt_id, wire::ReceiptState::read, {id})),
      receipt_id, own_keys()));
  EXPECT_EQ(progress(id).state, MessageState::read);
  EXPECT_FALSE(progress(id).accepted);
  server_.script = {};
  reconnect();
  EXPECT_EQ(progress(id).state, MessageState::read);
  EXPECT_TRUE(progress(id).accepted);
  EXPECT_EQ(vault_->outbox_size().value(), 0U);
}

TEST_F(ProgressOfAMessage, DevicesAreAllCountedOnceItIsAccepted) {
  bob_.add_device(2);
  bob_.admit(1);
  server_.list(bob_);
  silence_sends();
  const auto id = send("bob@example.org", "hi");
  const auto receipt_id = numbered_message(1);
  deliver(bob_.seal(
      wire::encode(bob_.receipt(own_account(), receipt_id, wire::ReceiptState::delivered, {id})),
      receipt_id, own_keys()));
  EXPECT_EQ(progress(id).devices, 1U);
  EXPECT_FALSE(progress(id).accepted);
  server_.script = {};
  reconnect();
  EXPECT_TRUE(progress(id).accepted);
  EXPECT_EQ(progress(id).devices, 2U);
}

TEST_F(ProgressOfAMessage, ReceiptsOfStrangersChangeNothing) {
  const auto id = send("bob@example.org", "hi");
  Person eve{"eve@example.org", 4};
  server_.list(eve);
  const auto receipt_id = numbered_message(1);
  deliver(eve.seal(wire::encode(eve.receipt(own_account(), receipt_id, wire::ReceiptState::read,
                                            {id, numbered_message(99)})),
                   receipt_id, own_keys()));
  EXPECT_EQ(progress(id).state, MessageState::sent);
  EXPECT_EQ(server_.acknowledged.size(), 1U);
}

TEST_F(ProgressOfAMessage, ExpiredOnAllDevicesFailsTheMessage) {
  bob_.add_device(2);
  bob_.admit(1);
  server_.list(bob_);
  const auto id = send("bob@example.org", "hi");
  push(wire::Undelivered{7, id, bob_.devices[0].id, now_});
  EXPECT_EQ(progress(id).state, MessageState::sent);
  EXPECT_EQ(events().back().event.reason, FailureReason::expired);
  EXPECT_EQ(events().back().event.device, bob_.devices[0].id);
  const auto before = events().size();
  push(wire::Undelivered{7, id, bob_.devices[0].id, now_});  // the acknowledgement got lost
  EXPECT_EQ(events().size(), before);
  push(wire::Undelivered{8, id, bob_.devices[1].id, now_});
  EXPECT_EQ(server_.acknowledged, (std::vector<wire::Sequence>{7, 7, 8}));
  expect_failed(id, FailureReason::expired);
}

TEST_F(ProgressOfAMessage, WhatADeviceConfirmedCannotExpire) {
  const auto id = send("bob@example.org", "hi");
  const auto receipt_id = numbered_message(1);
  deliver(bob_.seal(
      wire::encode(bob_.receipt(own_account(), receipt_id, wire::ReceiptState::delivered, {id})),
      receipt_id, own_keys()));
  push(wire::Undelivered{9, id, bob_.devices[0].id, now_});
  push(wire::Undelivered{10, numbered_message(77), bob_.devices[0].id, now_});  // not ours
  EXPECT_EQ(progress(id).state, MessageState::delivered);
  EXPECT_EQ(server_.acknowledged.size(), 3U);
}

TEST_F(ProgressOfAMessage, WhatExpiredBeforeTheAnswerCameIsOnItsWayAgain) {
  silence_sends();
  const auto id = send("bob@example.org", "hi");
  push(wire::Undelivered{7, id, bob_.devices[0].id, now_});
  EXPECT_EQ(progress(id).state, MessageState::queued);
  server_.script = {};
  reconnect();
  EXPECT_EQ(progress(id).state, MessageState::sent);
  EXPECT_EQ(vault_->deliveries(id).value().at(0).state, store::DeliveryState::sent);
}

}  // namespace
}  // namespace martlet::client
