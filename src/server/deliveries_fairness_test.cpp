// One device's backlog or silence costs other devices nothing.
#include "server/scene_test.h"

namespace martlet::server {
namespace {

struct DeliveriesFairness : Scene {
  /// So many items wait for `device`, as if sent long ago.
  void fill_mailbox(const TestDevice& device, std::size_t items, std::size_t bytes) {
    store::MailboxItem item;
    item.recipient = device.id;
    item.sender = alice.id;
    item.sender_account = alice.account;
    item.accepted = world_->now();
    item.expires = world_->now() + limits::kEnvelopeLifetime;
    item.suite = 1;
    item.sealed = Bytes(bytes, 0x5a);
    for (std::size_t i = 0; i < items; ++i) {
      item.message = random_.id<MessageId>();
      ASSERT_TRUE(mailboxes_->append(item).ok());
    }
    ASSERT_TRUE(mailboxes_->sync().ok());
  }
  void acknowledge(Peer peer, const std::vector<wire::Deliver>& got) {
    wire::Acknowledge body;
    for (const auto& deliver : got) body.sequences.push_back(deliver.sequence);
    world_->say(peer, 0, std::move(body));
  }

  TestDevice alice = member("alice@example.org");
  TestDevice bob = member("bob@example.org");
  TestDevice carol = member("carol@example.org");
};

TEST_F(DeliveriesFairness, WhoDrainsAHugeMailboxHoldsNobodyUp) {
  fill_mailbox(bob, 20'000, 100);
  const auto sender = online(alice);
  const auto reader = online(carol);
  const auto drainer = log_in(bob);
  std::size_t drained = 0;
  for (std::uint8_t round = 1; round <= 100; ++round) {
    const auto got = delivered(drainer);
    drained += got.size();
    EXPECT_LE(got.size(), limits::kDeliveryWindowEnvelopes);
    acknowledge(drainer, got);
    world_->say(sender, round, send_to(carol, round));
    world_->work();  // one turn of the office
    const auto fresh = delivered(reader);
    EXPECT_EQ(fresh.size(), 1U) << "in the turn that accepted it";
    acknowledge(reader, fresh);
  }
  EXPECT_GE(drained, 99 * limits::kDeliveryWindowEnvelopes) << "and the drain goes on at its pace";
}

TEST_F(DeliveriesFairness, WhoNeverAcknowledgesCostsAWindowAndNoMore) {
  fill_mailbox(bob, 2'000, 1'000);
  const auto silent = log_in(bob);
  const auto sender = online(alice);
  const auto reader = online(carol);
  world_->work_all();
  EXPECT_EQ(delivered(silent).size(), limits::kDeliveryWindowEnvelopes);
  for (std::uint8_t round = 1; round <= 50; ++round) {
    world_->say(sender, round, send_to(bob, round));
    world_->say(sender, 100U + round, send_to(carol, static_cast<std::uint8_t>(100U + round)));
    world_->work();
    EXPECT_EQ(delivered(reader).size(), 1U);
    EXPECT_TRUE(delivered(silent).empty());
    EXPECT_FALSE(world_->office().has_work()) << "nothing is tried for him again and again";
    if (round % 10 == 0) world_->advance(std::chrono::seconds{1});
  }
}

TEST_F(DeliveriesFairness, ManyWhoDrainAtOnceTakeTurns) {
  std::vector<TestDevice> devices;
  std::vector<Peer> peers;
  constexpr std::size_t kDevices = 40;
  constexpr std::size_t kSealedBytes = 40'000;
  for (std::size_t i = 0; i < kDevices; ++i) {
    devices.push_back(member("d" + std::to_string(i) + "@example.org"));
    fill_mailbox(devices.back(), 40, kSealedBytes);  // three windows of bytes
  }
  for (const auto& device : devices) {
    const auto peer = connect();
    world_->say(peer, 9, device.authenticate(nonce(peer), exporter_));
    peers.push_back(peer);
  }
  std::vector<std::size_t> got(kDevices, 0);
  std::size_t turns = 0;
  while (std::ranges::any_of(got, [](std::size_t count) { return count < 40; })) {
    ASSERT_LT(++turns, 300U);
    const auto before = world_->office().meters().delivered_bytes.get();
    world_->work();
    const auto turn = world_->office().meters().delivered_bytes.get() - before;
    EXPECT_LE(turn, Deliveries::kPumpBytesMax + limits::kDeliveryWindowBytes)
        << "a turn has a bound, so that what is new waits for one only";
    for (std::size_t i = 0; i < kDevices; ++i) {
      const auto some = delivered(peers[i]);
      got[i] += some.size();
      if (!some.empty()) acknowledge(peers[i], some);
    }
    const auto [least, most] = std::ranges::minmax(got);
    EXPECT_LE(most - least, 2 * limits::kDeliveryWindowBytes / kSealedBytes) << "in turn " << turns;
  }
  world_->work_all();
  EXPECT_EQ(mailboxes_->total().items, 0U);
}

}  // namespace
}  // namespace martlet::server
