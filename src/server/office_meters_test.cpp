#include "server/office_meters.h"

#include "server/scene_test.h"

namespace martlet::server {
namespace {

using namespace std::chrono_literals;

struct OfficeMetersTest : Scene {
  const OfficeMeters& meters() const { return world_->office().meters(); }
  /// The same server with these options, on the same disks.
  void start_with(OfficeOptions options) {
    options.domain = kDomain;
    now_ = world_->now();
    world_ = std::make_unique<TestWorld>(*mailboxes_, directory_, proofs_, random_, options, now_);
  }

  TestDevice alice = member("alice@example.org");
  TestDevice bob = member("bob@example.org");
};

TEST_F(OfficeMetersTest, CountTheLifeOfEnvelopes) {
  const auto sender = online(alice);
  EXPECT_EQ(meters().logins.get(), 1U);
  for (std::uint8_t i = 1; i <= 3; ++i) world_->say(sender, i, send_to(bob, i, 100));
  world_->work_all();
  EXPECT_EQ(meters().accepted_sends.get(), 3U);
  EXPECT_EQ(meters().accepted_envelopes.get(), 3U);
  EXPECT_EQ(meters().accepted_bytes.get(), 300U);
  EXPECT_EQ(meters().delivered_envelopes.get(), 0U);
  EXPECT_EQ(meters().waiting_items.get(), 3U);
  EXPECT_EQ(meters().waiting_bytes.get(), 300U);
  EXPECT_EQ(meters().online.get(), 1U);

  const auto reader = log_in(bob);
  EXPECT_EQ(meters().online.get(), 2U);
  EXPECT_EQ(meters().delivered_envelopes.get(), 3U);
  EXPECT_EQ(meters().delivered_bytes.get(), 300U);
  EXPECT_EQ(meters().acknowledged_envelopes.get(), 0U);
  const auto got = delivered(reader);
  ASSERT_EQ(got.size(), 3U);
  world_->say(reader, 0, wire::Acknowledge{{got[0].sequence, got[1].sequence, 99'999}});
  world_->work_all();
  EXPECT_EQ(meters().acknowledged_envelopes.get(), 2U);
  EXPECT_EQ(meters().acknowledged_bytes.get(), 200U);
  EXPECT_EQ(meters().waiting_items.get(), 1U);
  world_->disconnect(reader);
  world_->work_all();
  EXPECT_EQ(meters().online.get(), 1U);

  world_->advance(limits::kEnvelopeLifetime);
  EXPECT_EQ(meters().expired_envelopes.get(), 1U);
  EXPECT_EQ(meters().waiting_bytes.get(), 0U);
}

TEST_F(OfficeMetersTest, ARepeatIsAcceptedAgainButIsNoNewEnvelope) {
  const auto sender = online(alice);
  for (int i = 0; i < 2; ++i) answer_to(sender, send_to(bob, 1));
  EXPECT_EQ(meters().accepted_sends.get(), 2U);
  EXPECT_EQ(meters().accepted_envelopes.get(), 1U);
}

TEST_F(OfficeMetersTest, ASyncThatFailsAcceptsNothing) {
  const auto sender = online(alice);
  const auto syncs = meters().syncs.get();
  next_mail_fault_ = store::WriteFault::lost;
  EXPECT_EQ(code_of(answer_to(sender, send_to(bob, 1))), wire::RefusalCode::unavailable);
  EXPECT_EQ(meters().failed_syncs.get(), 1U);
  EXPECT_EQ(meters().syncs.get(), syncs);
  EXPECT_EQ(meters().accepted_sends.get() + meters().accepted_envelopes.get(), 0U);
  EXPECT_EQ(meters().refused_sends.get(), 1U);
  EXPECT_EQ(meters().waiting_items.get(), 0U);
}

TEST_F(OfficeMetersTest, SyncsAreTimedByTheStopwatchGiven) {
  OfficeOptions options;
  options.stopwatch = [] {
    static std::uint64_t now = 0;
    return now += 700;
  };
  start_with(options);
  const auto sender = online(alice);
  for (std::uint8_t i = 1; i <= 5; ++i) world_->say(sender, i, send_to(bob, i));
  world_->work_all();
  EXPECT_EQ(meters().sync_us.counts().sum, 700U);
  EXPECT_EQ(meters().sync_us.counts().counts[4], 1U);  // of 500 to 1,000
  EXPECT_EQ(meters().sync_sends.counts().sum, 5U);
}

TEST_F(OfficeMetersTest, WhoSendsTooMuchIsToldWhenToComeAgainAndNothingElseChanges) {
  OfficeOptions options;
  options.rates.sends = 3;
  start_with(options);
  const auto sender = online(alice);
  const auto other = online(bob);
  for (std::uint8_t i = 1; i <= 3; ++i) {
    EXPECT_TRUE(std::holds_alternative<wire::Accepted>(answer_to(sender, send_to(bob, i))));
  }
  const auto answer = answer_to(sender, send_to(bob, 4));
  EXPECT_EQ(code_of(answer), wire::RefusalCode::limit_reached);
  EXPECT_EQ(std::get<wire::Refusal>(answer).message, message(4));
  const auto wait = std::get<wire::Refusal>(answer).retry_after;
  EXPECT_EQ(wait, 20s);
  EXPECT_EQ(waiting(bob), 3U);
  EXPECT_FALSE(world_->closed(sender));
  EXPECT_EQ(meters().limited[static_cast<std::size_t>(RateKind::sends)].get(), 1U);
  EXPECT_EQ(meters().refused_sends.get(), 1U);
  // Another account is not held up, nor what else this one asks.
  EXPECT_TRUE(std::holds_alternative<wire::Accepted>(answer_to(other, send_to(alice, 1))));
  EXPECT_TRUE(
      std::holds_alternative<wire::Account>(answer_to(sender, wire::Lookup{"bob@example.org"})));
  world_->advance(wait);
  EXPECT_TRUE(std::holds_alternative<wire::Accepted>(answer_to(sender, send_to(bob, 4))));
}

TEST_F(OfficeMetersTest, TheDevicesOfAnAccountShareItsAllowance) {
  OfficeOptions options;
  options.rates.sends = 2;
  const auto laptop = second_device(alice);
  start_with(options);
  for (const auto& device : {std::cref(std::as_const(alice)), std::cref(laptop)}) {
    const auto peer = online(device);
    EXPECT_TRUE(std::holds_alternative<wire::Accepted>(answer_to(peer, send_to(bob, 1))));
  }
  const auto again = online(laptop);
  EXPECT_EQ(code_of(answer_to(again, send_to(bob, 2))), wire::RefusalCode::limit_reached);
}

}  // namespace
}  // namespace martlet::server
