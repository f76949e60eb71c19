// Memory before disk: what a device acknowledges before the next sync is never written.
#include "server/office.h"
#include "server/scene_test.h"

namespace martlet::server {
namespace {

using store::WriteFault;
using wire::RefusalCode;

struct CommitTest : Scene {
  TestDevice alice = member("alice@example.org");
  TestDevice bob = member("bob@example.org");
  TestDevice eve = member("eve@example.org");

  void acknowledge(Peer peer, const std::vector<wire::Deliver>& got) {
    wire::Acknowledge body;
    for (const auto& deliver : got) body.sequences.push_back(deliver.sequence);
    world_->say(peer, 0, body);
    world_->take_in();
  }
  /// Requests that were answered with Accepted since the last look.
  std::vector<std::uint64_t> accepted(Peer peer) {
    std::vector<std::uint64_t> requests;
    for (const auto& frame : world_->take(peer)) {
      if (std::holds_alternative<wire::Accepted>(frame.body)) requests.push_back(frame.request);
    }
    return requests;
  }
  using Requests = std::vector<std::uint64_t>;
};

TEST_F(CommitTest, WhatIsAcknowledgedBeforeTheSyncIsAcceptedAndNeverWritten) {
  const auto sender = online(alice);
  const auto reader = online(bob);
  mail_fault_ = WriteFault::lost;  // whoever writes, fails
  world_->say(sender, 1, send_to(bob, 1));
  world_->take_in();
  EXPECT_EQ(world_->office().uncommitted(), 1U);
  EXPECT_TRUE(world_->office().may_be_acknowledged());
  EXPECT_TRUE(accepted(sender).empty()) << "neither durable nor acknowledged";
  const auto got = delivered(reader);
  ASSERT_EQ(got.size(), 1U);
  acknowledge(reader, got);
  EXPECT_EQ(accepted(sender), Requests{1});
  EXPECT_EQ(world_->office().uncommitted(), 0U);
  EXPECT_FALSE(world_->office().may_be_acknowledged());
  world_->commit();
  EXPECT_FALSE(world_->office().health().disk_refuses) << "there was nothing to write";
  EXPECT_EQ(mail_disk_.items.size(), 0U);
  EXPECT_EQ(waiting(bob), 0U);
}

TEST_F(CommitTest, WhatNobodyIsThereToAcknowledgeNeedNotWait) {
  const auto sender = online(alice);
  world_->say(sender, 1, send_to(bob, 1));
  world_->take_in();
  EXPECT_EQ(world_->office().uncommitted(), 1U);
  EXPECT_FALSE(world_->office().may_be_acknowledged());
  world_->commit();
  EXPECT_EQ(accepted(sender), Requests{1});
  EXPECT_EQ(mail_disk_.items.size(), 1U);
}

TEST_F(CommitTest, ASendToSeveralWaitsForTheLastOfThem) {
  const auto sender = online(alice);
  const auto reader = online(bob);
  const auto other = online(eve);
  const wire::Send both{message(1),
                        {{bob.account, bob.head}, {eve.account, eve.head}},
                        {envelope_to(bob), envelope_to(eve)}};
  world_->say(sender, 1, both);
  world_->take_in();
  acknowledge(reader, delivered(reader));
  EXPECT_TRUE(accepted(sender).empty());
  acknowledge(other, delivered(other));
  EXPECT_EQ(accepted(sender), Requests{1});

  // One acknowledges, the other has it written.
  world_->say(sender, 2, wire::Send{message(2), both.heads, both.envelopes});
  world_->take_in();
  acknowledge(reader, delivered(reader));
  world_->commit();
  EXPECT_EQ(accepted(sender), Requests{2});
  EXPECT_EQ(mail_disk_.items.size(), 1U);
  restart();
  EXPECT_EQ(waiting(bob), 0U);
  EXPECT_EQ(waiting(eve), 1U);
}

TEST_F(CommitTest, ARepeatBeforeTheSyncWaitsForTheSame) {
  const auto sender = online(alice);
  const auto reader = online(bob);
  world_->say(sender, 1, send_to(bob, 1));
  world_->say(sender, 2, send_to(bob, 1));
  world_->take_in();
  EXPECT_TRUE(accepted(sender).empty());
  const auto got = delivered(reader);
  ASSERT_EQ(got.size(), 1U);
  acknowledge(reader, got);
  EXPECT_EQ(accepted(sender), (Requests{1, 2}));
}

TEST_F(CommitTest, AnAcknowledgementThatComesTwiceAcceptsNothingElse) {
  const auto sender = online(alice);
  const auto reader = online(bob);
  world_->say(sender, 1, send_to(bob, 1));
  world_->say(sender, 2, send_to(bob, 2));
  world_->take_in();
  auto got = delivered(reader);
  ASSERT_EQ(got.size(), 2U);
  got.pop_back();
  acknowledge(reader, got);
  acknowledge(reader, got);
  EXPECT_EQ(accepted(sender), Requests{1});
  EXPECT_EQ(world_->office().uncommitted(), 1U);
  world_->commit();
  EXPECT_EQ(accepted(sender), Requests{2});
}

TEST_F(CommitTest, AKillBeforeTheSyncLosesNothingThatWasAccepted) {
  const auto sender = online(alice);
  const auto reader = online(bob);
  for (std::uint8_t i = 1; i <= 4; ++i) world_->say(sender, i, send_to(bob, i));
  world_->take_in();
  auto got = delivered(reader);
  ASSERT_EQ(got.size(), 4U);
  got.resize(2);
  acknowledge(reader, got);
  EXPECT_EQ(accepted(sender), (Requests{1, 2}));
  restart();
  EXPECT_EQ(waiting(bob), 0U);  // the two others were never accepted: their sender has them
}

TEST_F(CommitTest, WhileTheDiskWorksTheOfficeGoesOn) {
  const auto sender = online(alice);
  const auto reader = online(bob);
  world_->say(sender, 1, send_to(bob, 1));
  world_->take_in();
  world_->begin_commit();
  world_->say(sender, 2, send_to(bob, 2));
  world_->say(sender, 3, send_to(eve, 3));
  world_->say(sender, 4, send_to(bob, 1));  // a repeat of what is on its way
  world_->take_in();
  auto got = delivered(reader);
  ASSERT_EQ(got.size(), 2U);
  EXPECT_TRUE(accepted(sender).empty());
  EXPECT_EQ(world_->office().uncommitted(), 3U);
  got.pop_back();
  acknowledge(reader, got);
  EXPECT_EQ(accepted(sender), (Requests{1, 4}));
  world_->finish_commit();
  EXPECT_TRUE(accepted(sender).empty()) << "those have had their answer, the others wait";
  EXPECT_EQ(mail_disk_.items.size(), 1U) << "it was on its way already";
  world_->begin_commit();
  world_->finish_commit();
  EXPECT_EQ(accepted(sender), (Requests{2, 3}));
  restart();
  EXPECT_EQ(waiting(bob), 1U);
  EXPECT_EQ(waiting(eve), 1U);
}

TEST_F(CommitTest, AFailureRefusesWhatWasStagedMeanwhileToo) {
  const auto sender = online(alice);
  const auto other = online(eve);
  world_->say(other, 1, send_to(bob, 1));
  world_->work_all();
  EXPECT_EQ(accepted(other), Requests{1});
  const auto reader = log_in(bob);
  acknowledge(reader, delivered(reader));  // a deletion that has to come again
  for (const auto fault : {WriteFault::lost, WriteFault::written}) {
    world_->say(sender, 2, send_to(alice, 2));
    world_->say(sender, 3, send_to(eve, 3));
    world_->take_in();
    world_->begin_commit();
    world_->say(sender, 4, send_to(eve, 4));
    world_->take_in();
    next_mail_fault_ = fault;
    world_->finish_commit();
    int refused = 0;
    for (const auto& frame : world_->take(sender)) {
      if (code_of(frame.body) == RefusalCode::unavailable) ++refused;
    }
    EXPECT_EQ(refused, 3);
    EXPECT_EQ(world_->office().uncommitted(), 0U);
    EXPECT_EQ(waiting(eve), 0U);
  }
  world_->say(sender, 5, send_to(eve, 3));
  world_->work_all();
  EXPECT_EQ(accepted(sender), Requests{5});
  world_->advance(Seconds{1});
  restart();
  EXPECT_EQ(waiting(bob), 0U);
  EXPECT_EQ(waiting(eve), 1U);
}

TEST_F(CommitTest, WhatWaitedBeforeARestartIsDeletedForGoodAfterIt) {
  const auto sender = online(alice);
  for (std::uint8_t i = 1; i <= 3; ++i) world_->say(sender, i, send_to(bob, i));
  world_->work_all();
  restart();
  const auto reader = log_in(bob);
  acknowledge(reader, delivered(reader));
  EXPECT_EQ(mail_disk_.items.size(), 3U);
  world_->advance(Seconds{1});  // nobody sends anything
  EXPECT_EQ(mail_disk_.items.size(), 0U);
}

TEST_F(CommitTest, AFailedDeletionBeforeAnythingWasSentComesAgain) {
  world_->say(online(alice), 1, send_to(bob, 1));
  world_->work_all();
  restart();
  const auto reader = log_in(bob);
  acknowledge(reader, delivered(reader));
  next_mail_fault_ = WriteFault::lost;
  world_->advance(Seconds{1});
  EXPECT_EQ(waiting(bob), 1U);
  world_->advance(Seconds{1});
  EXPECT_EQ(waiting(bob), 0U);
  EXPECT_EQ(mail_disk_.items.size(), 0U);
}

TEST_F(CommitTest, ATickThatWritesAnswersWhoWaits) {
  const auto sender = online(alice);
  world_->say(sender, 1, send_to(bob, 1));
  world_->work_all();
  EXPECT_EQ(accepted(sender), Requests{1});
  const auto reader = log_in(bob);
  acknowledge(reader, delivered(reader));  // a deletion that the tick makes durable
  world_->say(sender, 2, send_to(eve, 2));
  world_->take_in();
  EXPECT_TRUE(accepted(sender).empty());
  world_->advance(Seconds{1});
  EXPECT_EQ(accepted(sender), Requests{2});
  EXPECT_EQ(world_->office().uncommitted(), 0U);
  EXPECT_EQ(mail_disk_.items.size(), 1U);
}

TEST_F(CommitTest, ADeletionOfWhatIsDurableIsUndoneByAFailedSyncAndComesAgain) {
  const auto sender = online(alice);
  const auto reader = online(bob);
  world_->say(sender, 1, send_to(bob, 1));
  world_->work_all();
  EXPECT_EQ(accepted(sender), Requests{1});
  acknowledge(reader, delivered(reader));
  EXPECT_EQ(waiting(bob), 0U);
  next_mail_fault_ = WriteFault::lost;
  world_->say(sender, 2, send_to(eve, 2));
  world_->work_all();
  EXPECT_EQ(waiting(bob), 1U);
  world_->advance(Seconds{1});
  EXPECT_EQ(waiting(bob), 0U);
}

}  // namespace
}  // namespace martlet::server
