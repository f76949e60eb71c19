#include "server/office.h"

#include "server/scene_test.h"

namespace martlet::server {
namespace {

using store::WriteFault;
using wire::RefusalCode;

struct OfficeTest : Scene {
  TestDevice alice = member("alice@example.org");
  TestDevice bob = member("bob@example.org");

  MessageId accepted(Peer peer, const wire::Send& send) {
    const auto answer = answer_to(peer, send);
    const auto* body = std::get_if<wire::Accepted>(&answer);
    return body != nullptr ? body->message : MessageId{};
  }
};

TEST_F(OfficeTest, WhatIsSentToSomebodyOfflineWaitsAndIsDeliveredAtLogin) {
  const auto sender = online(alice);
  const auto send = send_to(bob, 1);
  EXPECT_EQ(accepted(sender, send), send.message);
  EXPECT_EQ(waiting(bob), 1U);
  const auto reader = log_in(bob);
  const auto frames = world_->take(reader);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(std::get<wire::Welcome>(frames[0].body).waiting, 1U);
  const auto& deliver = std::get<wire::Deliver>(frames[1].body);
  EXPECT_EQ(frames[1].request, 0U);
  EXPECT_EQ(deliver.sender, alice.id);
  EXPECT_EQ(deliver.sender_account, alice.account);
  EXPECT_EQ(deliver.message, send.message);
  EXPECT_EQ(deliver.accepted, world_->now());
  EXPECT_EQ(deliver.suite, 1);
  EXPECT_EQ(deliver.sealed, send.envelopes[0].sealed);
  world_->say(reader, 0, wire::Acknowledge{{deliver.sequence}});
  world_->work_all();
  EXPECT_EQ(waiting(bob), 0U);
}

TEST_F(OfficeTest, WhoIsOnlineGetsItAtOnceInTheOrderAccepted) {
  const auto sender = online(alice);
  const auto reader = online(bob);
  for (std::uint8_t i = 1; i <= 20; ++i) world_->say(sender, i, send_to(bob, i));
  world_->work_all();
  const auto got = delivered(reader);
  ASSERT_EQ(got.size(), 20U);
  for (std::uint8_t i = 1; i <= 20; ++i) EXPECT_EQ(got[i - 1].message, message(i));
  for (std::size_t i = 1; i < 20; ++i) EXPECT_LT(got[i - 1].sequence, got[i].sequence);
}

TEST_F(OfficeTest, NothingIsAcceptedThatTheDiskRefused) {
  const auto sender = online(alice);
  const auto reader = online(bob);
  for (const auto fault : {WriteFault::lost, WriteFault::written}) {
    next_mail_fault_ = fault;
    const auto answer = answer_to(sender, send_to(bob, 1));
    EXPECT_EQ(code_of(answer), RefusalCode::unavailable);
    EXPECT_EQ(std::get<wire::Refusal>(answer).message, message(1));
    EXPECT_GT(std::get<wire::Refusal>(answer).retry_after.count(), 0);
    const auto early = delivered(reader);  // who is online has it all the same
    ASSERT_EQ(early.size(), 1U);
    EXPECT_EQ(early[0].message, message(1));
    EXPECT_EQ(waiting(bob), 0U);
    EXPECT_TRUE(world_->office().health().disk_refuses);
  }
  // The same again when the disk works: whatever the lost answer had left there, it waits once.
  EXPECT_EQ(accepted(sender, send_to(bob, 1)), message(1));
  EXPECT_FALSE(world_->office().health().disk_refuses);
  EXPECT_EQ(delivered(reader).size(), 1U);
  restart();
  EXPECT_EQ(waiting(bob), 1U);
}

TEST_F(OfficeTest, AFailedSyncRefusesAllThatSharedItAndNothingElse) {
  const auto sender = online(alice);
  const auto other = online(bob);
  next_mail_fault_ = WriteFault::lost;
  world_->say(sender, 1, send_to(bob, 1));
  world_->say(other, 2, send_to(alice, 2));
  world_->say(other, 3, wire::Lookup{"alice@example.org"});
  world_->work_all();
  const auto refused = [](const std::vector<wire::Frame>& frames, std::uint64_t request) {
    return std::ranges::any_of(frames, [&](const wire::Frame& frame) {
      return frame.request == request && code_of(frame.body) == RefusalCode::unavailable;
    });
  };
  EXPECT_TRUE(refused(world_->take(sender), 1));
  const auto to_other = world_->take(other);
  EXPECT_TRUE(refused(to_other, 2));
  EXPECT_TRUE(std::ranges::any_of(to_other, [](const wire::Frame& frame) {
    return std::holds_alternative<wire::Account>(frame.body);
  }));
}

TEST_F(OfficeTest, OneSyncIsSharedByAWholeBatch) {
  const auto sender = online(alice);
  int syncs = 0;
  mailboxes_.reset();
  mailboxes_ = store::MemoryMailboxStore::open(mail_disk_, [&] {
                 ++syncs;
                 return WriteFault::none;
               }).take();
  now_ = world_->now();
  OfficeOptions options;
  options.domain = kDomain;
  world_ = std::make_unique<TestWorld>(*mailboxes_, directory_, proofs_, random_, options, now_);
  const auto again = online(alice);
  syncs = 0;
  for (std::uint8_t i = 1; i <= 100; ++i) world_->say(again, i, send_to(bob, i));
  world_->work();
  EXPECT_EQ(syncs, 1);
  EXPECT_EQ(world_->take(again).size(), 100U);
  static_cast<void>(sender);
}

TEST_F(OfficeTest, TheSameMessageAgainIsStoredOnceAndAcceptedAgain) {
  const auto sender = online(alice);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(accepted(sender, send_to(bob, 1)), message(1));
  world_->say(sender, 1, send_to(bob, 2));
  world_->say(sender, 2, send_to(bob, 2));
  world_->work_all();
  EXPECT_EQ(waiting(bob), 2U);
  const auto reader = log_in(bob);
  EXPECT_EQ(delivered(reader).size(), 2U);
  EXPECT_EQ(accepted(sender, send_to(bob, 1)), message(1));
  EXPECT_TRUE(delivered(reader).empty());
}

TEST_F(OfficeTest, TwoSendersMayUseTheSameMessageId) {
  const auto carol = member("carol@example.org");
  EXPECT_EQ(accepted(online(alice), send_to(bob, 1)), message(1));
  EXPECT_EQ(accepted(online(carol), send_to(bob, 1)), message(1));
  EXPECT_EQ(waiting(bob), 2U);
}

struct BadSend {
  const char* name;
  std::function<void(wire::Send&)> change;
  RefusalCode expected;
};

TEST_F(OfficeTest, ASendThatBreaksARuleIsRefusedWhole) {
  const auto carol = member("carol@example.org");
  const auto stranger = newcomer();
  const auto sender = online(alice);
  const BadSend kSends[] = {
      {"a device of an account that is not named",
       [&](auto& s) { s.envelopes.push_back(envelope_to(carol)); }, RefusalCode::unknown_device},
      {"a device nobody has", [&](auto& s) { s.envelopes.push_back(envelope_to(stranger)); },
       RefusalCode::unknown_device},
      {"no account named", [&](auto& s) { s.heads.clear(); }, RefusalCode::unknown_device},
      {"an account nobody knows",
       [&](auto& s) {
         s.heads.push_back({stranger.account, stranger.head});
       },
       RefusalCode::unknown_account},
      {"too many accounts without a recipient",
       [&](auto& s) {
         for (int i = 0; i < 65; ++i) s.heads.push_back({carol.account, carol.head});
       },
       RefusalCode::too_large},
  };
  for (const auto& bad : kSends) {
    SCOPED_TRACE(bad.name);
    auto send = send_to(bob, 1);
    bad.change(send);
    const auto answer = answer_to(sender, send);
    EXPECT_EQ(code_of(answer), bad.expected);
    EXPECT_EQ(std::get<wire::Refusal>(answer).message, send.message);
    EXPECT_EQ(waiting(bob), 0U);
    EXPECT_EQ(waiting(carol), 0U);
  }
}

TEST_F(OfficeTest, AChainThatMovedOnIsStaleAndNothingIsAccepted) {
  const auto carol = member("carol@example.org");
  const auto sender = online(alice);
  auto old_bob_head = bob.head;
  const auto laptop = second_device(bob);
  wire::Send send = send_to(bob, 1);
  send.heads = {{carol.account, carol.head}, {bob.account, old_bob_head}};
  send.envelopes.push_back(envelope_to(carol));
  const auto answer = answer_to(sender, send);
  const auto& stale = std::get<wire::StaleDevices>(answer);
  EXPECT_EQ(stale.message, send.message);
  EXPECT_EQ(stale.accounts, std::vector{bob.account});
  EXPECT_EQ(waiting(bob) + waiting(carol), 0U);
  // With the new head the same id is accepted, for both of Bob's devices.
  send.heads[1].head = bob.head;
  send.envelopes.push_back(envelope_to(laptop));
  EXPECT_EQ(accepted(sender, send), send.message);
  EXPECT_EQ(waiting(bob) + waiting(carol) + waiting(laptop), 3U);
}

TEST_F(OfficeTest, ARevokedDeviceOfAStaleChainIsStaleNotUnknown) {
  const auto laptop = second_device(bob);
  wire::Send send{message(1), {{bob.account, bob.head}}, {envelope_to(laptop)}};
  const auto sender = online(alice);
  bob.links.push_back(transparency::create_link(
      transparency::next_place(bob.chain()),
      transparency::RevokeBody{laptop.id, transparency::RevokeReason::lost}, world_->now(),
      bob.key));
  update_directory(bob);
  EXPECT_TRUE(std::holds_alternative<wire::StaleDevices>(answer_to(sender, send)));
  send.heads[0].head = bob.head;
  EXPECT_EQ(code_of(answer_to(sender, send)), RefusalCode::unknown_device);
}

TEST_F(OfficeTest, OnesOwnDevicesNeedNoHead) {
  const auto laptop = second_device(alice);
  const auto sender = online(alice);
  EXPECT_EQ(accepted(sender, {message(1), {}, {envelope_to(laptop)}}), message(1));
  EXPECT_EQ(waiting(laptop), 1U);
}

TEST_F(OfficeTest, WhoLeftTheChainOrIsSuspendedSendsNothing) {
  const auto laptop = second_device(alice);
  const auto sender = online(laptop);
  alice.links.push_back(transparency::create_link(
      transparency::next_place(alice.chain()),
      transparency::RevokeBody{laptop.id, transparency::RevokeReason::stolen}, world_->now(),
      alice.key));
  update_directory(alice);
  EXPECT_EQ(code_of(answer_to(sender, send_to(bob, 1))), RefusalCode::device_revoked);
  EXPECT_TRUE(world_->closed(sender));

  const auto owner = online(alice);
  directory_disk_.accounts.at(alice.account).status = store::AccountStatus::suspended;
  EXPECT_EQ(code_of(answer_to(owner, send_to(bob, 1))), RefusalCode::account_suspended);
  EXPECT_EQ(waiting(bob), 0U);
}

TEST_F(OfficeTest, AFullMailboxRefusesTheWholeSendAndKeepsWhatItHad) {
  start({.items_max = 2, .bytes_max = 1'000'000});
  const auto carol = member("carol@example.org");
  const auto sender = online(alice);
  ASSERT_EQ(accepted(sender, send_to(bob, 1)), message(1));
  ASSERT_EQ(accepted(sender, send_to(bob, 2)), message(2));
  wire::Send both{message(3),
                  {{carol.account, carol.head}, {bob.account, bob.head}},
                  {envelope_to(carol), envelope_to(bob)}};
  const auto answer = answer_to(sender, both);
  EXPECT_EQ(code_of(answer), RefusalCode::mailbox_full);
  EXPECT_GT(std::get<wire::Refusal>(answer).retry_after.count(), 0);
  EXPECT_EQ(waiting(carol), 0U);
  EXPECT_EQ(waiting(bob), 2U);
  // A repeat of what waits there is no new envelope.
  EXPECT_EQ(accepted(sender, send_to(bob, 2)), message(2));
  restart();
  EXPECT_EQ(waiting(carol), 0U);
  EXPECT_EQ(waiting(bob), 2U);
}

TEST_F(OfficeTest, AMailboxFullOfBytesRefusesToo) {
  start({.items_max = 10, .bytes_max = 1'000});
  const auto sender = online(alice);
  ASSERT_EQ(accepted(sender, send_to(bob, 1, 600)), message(1));
  EXPECT_EQ(code_of(answer_to(sender, send_to(bob, 2, 600))), RefusalCode::mailbox_full);
  EXPECT_EQ(accepted(sender, send_to(bob, 3, 400)), message(3));
}

TEST_F(OfficeTest, TheWindowHoldsBackAndAcknowledgementsOpenIt) {
  const auto sender = online(alice);
  const auto reader = online(bob);
  const std::size_t total = limits::kDeliveryWindowEnvelopes * 2 + 5;
  for (std::size_t i = 0; i < total; ++i) {
    ASSERT_TRUE(std::holds_alternative<wire::Accepted>(
        answer_to(sender, send_to(bob, static_cast<std::uint8_t>(i)))));
  }
  auto got = delivered(reader);
  EXPECT_EQ(got.size(), limits::kDeliveryWindowEnvelopes);
  std::vector<MessageId> order;
  while (!got.empty()) {
    for (const auto& deliver : got) order.push_back(deliver.message);
    // One by one, oldest first: each opens the window by one.
    wire::Acknowledge acknowledge;
    for (const auto& deliver : got) acknowledge.sequences.push_back(deliver.sequence);
    world_->say(reader, 0, acknowledge);
    world_->work_all();
    got = delivered(reader);
    EXPECT_LE(got.size(), limits::kDeliveryWindowEnvelopes);
  }
  ASSERT_EQ(order.size(), total);
  for (std::size_t i = 0; i < total; ++i) {
    EXPECT_EQ(order[i], message(static_cast<std::uint8_t>(i)));
  }
  EXPECT_EQ(waiting(bob), 0U);
}

TEST_F(OfficeTest, TheWindowCountsBytesButOneEnvelopeAlwaysGoes) {
  const auto sender = online(alice);
  const auto reader = online(bob);
  const std::size_t bytes = 60'000;
  const auto fit = limits::kDeliveryWindowBytes / bytes + 1;
  for (std::size_t i = 0; i < fit + 5; ++i) {
    answer_to(sender, send_to(bob, static_cast<std::uint8_t>(i), bytes));
  }
  const auto got = delivered(reader);
  EXPECT_EQ(got.size(), fit);
  world_->say(reader, 0, wire::Acknowledge{{got[0].sequence}});
  world_->work_all();
  EXPECT_EQ(delivered(reader).size(), 1U);
}

TEST_F(OfficeTest, MailAcceptedWhileABacklogIsReadStaysInOrder) {
  const auto sender = online(alice);
  const std::size_t old = limits::kDeliveryWindowEnvelopes + 10;
  for (std::size_t i = 0; i < old; ++i) {
    answer_to(sender, send_to(bob, static_cast<std::uint8_t>(i)));
  }
  const auto reader = log_in(bob);
  auto got = delivered(reader);
  ASSERT_EQ(got.size(), limits::kDeliveryWindowEnvelopes);
  // In one batch: an acknowledgement that makes room, and a new message that must not jump ahead.
  world_->say(reader, 0, wire::Acknowledge{{got[0].sequence, got[1].sequence}});
  world_->say(sender, 1, send_to(bob, static_cast<std::uint8_t>(old)));
  world_->work_all();
  got = delivered(reader);
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0].message, message(static_cast<std::uint8_t>(limits::kDeliveryWindowEnvelopes)));
}

TEST_F(OfficeTest, OnlyWhatWasDeliveredToThisSessionIsDeleted) {
  const auto sender = online(alice);
  answer_to(sender, send_to(bob, 1));
  const auto first = log_in(bob);
  const auto sequence = delivered(first).at(0).sequence;
  const auto guess = sequence + 1;
  world_->say(first, 0, wire::Acknowledge{{guess, 0, ~0ULL}});
  world_->work_all();
  EXPECT_EQ(waiting(bob), 1U);
  // Nor what another session says, be it of the same device: the one that was taken over.
  const auto second = online(bob);
  ASSERT_EQ(world_->office().online(), 2U);
  OfficeRequest stale{SessionId{0, first}, 0, 1, Acknowledgement{bob.id, {sequence}}};
  world_->serve(stale);
  EXPECT_EQ(waiting(bob), 1U);
  world_->say(second, 0, wire::Acknowledge{{sequence, sequence}});
  world_->work_all();
  EXPECT_EQ(waiting(bob), 0U);
}

TEST_F(OfficeTest, WhatWasNotAcknowledgedIsDeliveredAgain) {
  const auto sender = online(alice);
  answer_to(sender, send_to(bob, 1));
  answer_to(sender, send_to(bob, 2));
  const auto first = log_in(bob);
  const auto got = delivered(first);
  ASSERT_EQ(got.size(), 2U);
  world_->say(first, 0, wire::Acknowledge{{got[0].sequence}});
  world_->work_all();
  world_->disconnect(first);
  const auto again = delivered(log_in(bob));
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].message, message(2));
}

TEST_F(OfficeTest, AnAcknowledgementLostWithAFailedSyncIsMadeUpFor) {
  const auto sender = online(alice);
  answer_to(sender, send_to(bob, 1));
  const auto reader = log_in(bob);
  world_->say(reader, 0, wire::Acknowledge{{delivered(reader).at(0).sequence}});
  next_mail_fault_ = WriteFault::lost;
  EXPECT_EQ(code_of(answer_to(sender, send_to(alice, 2))), RefusalCode::unavailable);
  EXPECT_EQ(waiting(bob), 1U);  // the failed sync undid the deletion
  world_->advance(Seconds{1});
  EXPECT_EQ(waiting(bob), 0U);
  restart();
  EXPECT_EQ(waiting(bob), 0U);
}

TEST_F(OfficeTest, ADeletionAloneIsDurableAfterTheNextTick) {
  const auto sender = online(alice);
  answer_to(sender, send_to(bob, 1));
  const auto reader = log_in(bob);
  world_->say(reader, 0, wire::Acknowledge{{delivered(reader).at(0).sequence}});
  world_->work_all();
  EXPECT_EQ(mail_disk_.items.size(), 1U);
  world_->advance(Seconds{1});
  EXPECT_EQ(mail_disk_.items.size(), 0U);
}

TEST_F(OfficeTest, AcceptedMailSurvivesAKill) {
  const auto sender = online(alice);
  for (std::uint8_t i = 1; i <= 3; ++i) answer_to(sender, send_to(bob, i));
  restart();
  const auto got = delivered(log_in(bob));
  ASSERT_EQ(got.size(), 3U);
  EXPECT_EQ(got[2].message, message(3));
  answer_to(online(alice), send_to(bob, 4));
  EXPECT_EQ(waiting(bob), 4U);
}

TEST_F(OfficeTest, MailFromTheFirstSecondsAfterAKillComesBehindWhatWaited) {
  answer_to(online(alice), send_to(bob, 1));
  restart();
  answer_to(online(alice), send_to(bob, 2));
  const auto got = delivered(log_in(bob));
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0].message, message(1));
  EXPECT_LT(got[0].sequence, got[1].sequence);
}

TEST_F(OfficeTest, LookupAndFetchGiveTheChainAsItArrived) {
  const auto laptop = second_device(bob);
  const auto peer = online(alice);
  const auto answer = answer_to(peer, wire::Lookup{"Bob@Example.org "});
  const auto& found = std::get<wire::Account>(answer);
  EXPECT_EQ(found.account, bob.account);
  EXPECT_EQ(found.first_seqno, 0U);
  EXPECT_EQ(found.links, bob.links);
  const auto rest = answer_to(peer, wire::FetchChain{bob.account, 1});
  EXPECT_EQ(std::get<wire::Account>(rest).first_seqno, 1U);
  EXPECT_EQ(std::get<wire::Account>(rest).links, std::vector<Bytes>(1, bob.links[1]));
  for (const auto beyond : {2U, 3U, 0xffff'ffffU}) {  // at least the last one
    const auto last = answer_to(peer, wire::FetchChain{bob.account, beyond});
    EXPECT_EQ(std::get<wire::Account>(last).first_seqno, 1U);
    EXPECT_EQ(std::get<wire::Account>(last).links, std::vector<Bytes>(1, bob.links[1]));
  }
  static_cast<void>(laptop);
}

TEST_F(OfficeTest, WhatNobodyHasIsNotFound) {
  const auto stranger = newcomer();
  const auto peer = online(alice);
  EXPECT_EQ(code_of(answer_to(peer, wire::Lookup{"nobody@example.org"})),
            RefusalCode::unknown_handle);
  EXPECT_EQ(code_of(answer_to(peer, wire::Lookup{"no handle at all"})),
            RefusalCode::unknown_handle);
  EXPECT_EQ(code_of(answer_to(peer, wire::FetchChain{stranger.account, 0})),
            RefusalCode::unknown_account);
}

TEST_F(OfficeTest, StatusShowsRoutingAndThatTheRestIsSealed) {
  const auto sender = online(alice);
  answer_to(sender, send_to(bob, 1, 500));
  answer_to(sender, send_to(bob, 2, 700));
  const auto answer = world_->ask_as_operator(StatusQuery{true});
  const auto& status = std::get<StatusReport>(answer.body);
  EXPECT_EQ(status.directory.accounts, 2U);
  EXPECT_EQ(status.directory.devices, 2U);
  EXPECT_EQ(status.directory.handles, 2U);
  EXPECT_EQ(status.online, 1U);
  EXPECT_EQ(status.waiting.items, 2U);
  EXPECT_EQ(status.waiting.bytes, 1'200U);
  EXPECT_EQ(status.mailboxes_in_use, 1U);
  EXPECT_TRUE(status.health.ok());
  ASSERT_EQ(status.mailboxes.size(), 1U);
  EXPECT_EQ(status.mailboxes[0].device, bob.id);
  ASSERT_EQ(status.mailboxes[0].items.size(), 2U);
  const auto& line = status.mailboxes[0].items[0];
  EXPECT_EQ(line.bytes, 500U);
  EXPECT_EQ(line.accepted, world_->now());
  EXPECT_EQ(line.expires, world_->now() + limits::kEnvelopeLifetime);
  EXPECT_EQ(line.sealed_starts, "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a");
  const auto brief = world_->ask_as_operator(StatusQuery{false});
  EXPECT_TRUE(std::get<StatusReport>(brief.body).mailboxes.empty());
}

TEST_F(OfficeTest, ALoginStormIsServedInPortions) {
  const auto sender = online(alice);
  std::vector<TestDevice> readers;
  for (int i = 0; i < 30; ++i) {
    readers.push_back(member("r" + std::to_string(i) + "@example.org"));
    for (std::uint8_t m = 0; m < 10; ++m) {
      answer_to(sender, send_to(readers.back(), m, 60'000));
    }
  }
  std::vector<Peer> peers;
  for (const auto& reader : readers) {
    peers.push_back(connect());
    world_->say(peers.back(), 1, reader.authenticate(nonce(peers.back()), exporter_));
  }
  world_->work();  // the keys
  world_->work();  // the subscriptions, and as much as one turn may read
  EXPECT_TRUE(world_->office().has_work());
  world_->work_all();
  for (const auto peer : peers) EXPECT_GE(delivered(peer).size(), 8U);
}

}  // namespace
}  // namespace martlet::server
