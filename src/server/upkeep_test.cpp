// Expiry, notices, deletions and scrubbing: what the office does when time passes.
#include "server/office.h"
#include "server/scene_test.h"

namespace martlet::server {
namespace {

using store::WriteFault;
using wire::RefusalCode;

struct UpkeepTest : Scene {
  TestDevice alice = member("alice@example.org");
  TestDevice bob = member("bob@example.org");

  std::vector<wire::Undelivered> notices(Peer peer) {
    std::vector<wire::Undelivered> out;
    for (auto& frame : world_->take(peer)) {
      if (const auto* notice = std::get_if<wire::Undelivered>(&frame.body)) out.push_back(*notice);
    }
    return out;
  }
};

TEST_F(UpkeepTest, WhatNobodyReadExpiresAndTheSenderIsTold) {
  const auto sender = online(alice);
  const auto sent = world_->now();
  answer_to(sender, send_to(bob, 1));
  world_->advance(limits::kEnvelopeLifetime - Milliseconds{1});
  EXPECT_EQ(waiting(bob), 1U);
  EXPECT_TRUE(notices(sender).empty());
  world_->advance(Milliseconds{1});
  EXPECT_EQ(waiting(bob), 0U);
  const auto told = notices(sender);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].message, message(1));
  EXPECT_EQ(told[0].device, bob.id);
  EXPECT_EQ(told[0].expired, sent + limits::kEnvelopeLifetime);
  world_->say(sender, 0, wire::Acknowledge{{told[0].sequence}});
  world_->work_all();
  EXPECT_EQ(waiting(alice), 0U);
  EXPECT_TRUE(delivered(log_in(bob)).empty());
}

TEST_F(UpkeepTest, ANoticeWaitsForASenderWhoIsAway) {
  answer_to(online(alice), send_to(bob, 1));
  restart();
  world_->advance(limits::kEnvelopeLifetime);
  EXPECT_EQ(waiting(alice), 1U);
  const auto reader = log_in(alice);
  EXPECT_EQ(notices(reader).size(), 1U);
}

TEST_F(UpkeepTest, ANoticeThatNobodyFetchedExpiresInSilence) {
  answer_to(online(alice), send_to(bob, 1));
  restart();
  world_->advance(limits::kEnvelopeLifetime);
  ASSERT_EQ(waiting(alice), 1U);
  world_->advance(limits::kEnvelopeLifetimeMax);
  EXPECT_EQ(mailboxes_->total().items, 0U);
  EXPECT_TRUE(mail_disk_.items.empty());
}

TEST_F(UpkeepTest, ManyExpireInPortionsAndEveryOneIsTold) {
  const auto sender = online(alice);
  for (int i = 0; i < 600; ++i) {
    auto send = send_to(bob, static_cast<std::uint8_t>(i), 10);
    send.message = random_.id<MessageId>();
    answer_to(sender, send);
  }
  world_->advance(limits::kEnvelopeLifetime);
  EXPECT_EQ(waiting(bob), 0U);
  std::size_t told = 0;
  for (auto got = notices(sender); !got.empty(); got = notices(sender)) {
    told += got.size();
    wire::Acknowledge acknowledge;
    for (const auto& notice : got) acknowledge.sequences.push_back(notice.sequence);
    world_->say(sender, 0, acknowledge);
    world_->work_all();
  }
  EXPECT_EQ(told, 600U);
}

TEST_F(UpkeepTest, ExpiredMailIsNotDeliveredToWhoComesBeforeThePurge) {
  answer_to(online(alice), send_to(bob, 1));
  now_ = world_->now() + limits::kEnvelopeLifetime;
  OfficeOptions options;
  options.domain = kDomain;
  world_ = std::make_unique<TestWorld>(*mailboxes_, directory_, proofs_, random_, options, now_);
  const auto reader = log_in(bob);
  EXPECT_TRUE(delivered(reader).empty());
  answer_to(online(alice), send_to(bob, 2));
  EXPECT_EQ(delivered(reader).size(), 1U);
}

TEST_F(UpkeepTest, AFailedSyncUndoesAnExpiryWithItsNotices) {
  const auto sender = online(alice);
  answer_to(sender, send_to(bob, 1));
  for (const auto fault : {WriteFault::lost, WriteFault::written}) {
    next_mail_fault_ = fault;
    world_->advance(limits::kEnvelopeLifetime);
    EXPECT_TRUE(notices(sender).empty());
    EXPECT_EQ(waiting(bob), 1U);
    EXPECT_EQ(waiting(alice), 0U);
  }
  world_->advance(Seconds{1});
  EXPECT_EQ(notices(sender).size(), 1U);
  EXPECT_EQ(waiting(bob), 0U);
  restart();
  EXPECT_EQ(waiting(alice), 1U);
}

TEST_F(UpkeepTest, ASenderWhoLeftIsNotTold) {
  answer_to(online(alice), send_to(bob, 1));
  restart();
  directory_disk_.devices.erase(alice.id);
  world_->advance(limits::kEnvelopeLifetime);
  EXPECT_EQ(mailboxes_->total().items, 0U);
  EXPECT_EQ(world_->office().health().notices_dropped, 0U);
}

TEST_F(UpkeepTest, ANoticeForAFullMailboxIsDroppedAndCounted) {
  start({.items_max = 1, .bytes_max = 1'000'000});
  const auto sender = online(alice);
  answer_to(sender, send_to(bob, 1));
  world_->advance(Seconds{10});
  answer_to(online(bob), send_to(alice, 2));
  delivered(sender);  // given but not acknowledged: it still fills the mailbox
  world_->advance(limits::kEnvelopeLifetime - Seconds{10});
  EXPECT_EQ(waiting(bob), 0U);
  EXPECT_EQ(world_->office().health().notices_dropped, 1U);
}

/// Counts scrubs, and says how much there is to free.
class ScrubCounter final : public store::MailboxStore {
 public:
  Result<store::Sequence> append(const store::MailboxItem&) override { return store::Sequence{1}; }
  Result<void> remove(const DeviceId&, store::Sequence) override { return {}; }
  Result<void> sync() override { return {}; }
  Result<std::vector<store::WaitingItem>> read(const DeviceId&, store::Sequence, std::size_t,
                                               std::size_t) override {
    if (corrupt) return Error{Failure::corrupt, "damaged"};
    return std::vector<store::WaitingItem>{};
  }
  Result<std::vector<store::WaitingItem>> expire(UnixMillis, std::size_t) override {
    if (corrupt_expiry) return Error{Failure::corrupt, "damaged"};
    return std::vector<store::WaitingItem>{};
  }
  store::MailboxSummary summary(const DeviceId&) const override { return {}; }
  store::MailboxSummary total() const override { return {1, live}; }
  std::vector<std::pair<DeviceId, store::MailboxSummary>> mailboxes() const override { return {}; }
  Result<void> scrub() override {
    ++scrubs;
    if (scrub_fails) return Error{Failure::unavailable, "disk full"};
    return {};
  }
  std::uint64_t scrubbable_bytes() const override { return scrubbable; }

  std::uint64_t live = 0;
  std::uint64_t scrubbable = 0;
  int scrubs = 0;
  bool corrupt = false;
  bool corrupt_expiry = false;
  bool scrub_fails = false;
};

struct ScrubCase {
  const char* name;
  std::uint64_t live;
  std::uint64_t scrubbable;
  bool idle;
  Milliseconds since;
  bool scrubs;
};

TEST_F(UpkeepTest, ScrubsWhenItIsWorthItAndHurtsNobody) {
  constexpr std::uint64_t kMiB = 1024 * 1024;
  const Milliseconds interval = Seconds{60};
  const ScrubCase kCases[] = {
      {"nothing was deleted", 0, 0, true, interval * 100, false},
      {"idle, in time", 0, 1, true, interval, true},
      {"too soon", 0, 1, true, interval - Milliseconds{1}, false},
      {"busy", 0, 1, false, interval, false},
      {"busy for long", 0, 1, false, interval * 10, true},
      {"much is live, little to free", 100 * kMiB, kMiB, true, interval, false},
      {"much is live, much to free", 100 * kMiB, 25 * kMiB, true, interval, true},
      {"much is live, an hour has passed", 100 * kMiB, 1, true, std::chrono::hours{1}, true},
      {"the clock stepped back", 0, 1, true, -interval, false},
  };
  for (const auto& example : kCases) {
    SCOPED_TRACE(example.name);
    ScrubCounter counter;
    Office office{
        counter, directory_, proofs_, random_, {kDomain, limits::kEnvelopeLifetime, interval}};
    std::vector<OfficeAnswer> answers;
    counter.scrubbable = 1;
    office.on_tick(kStart, true, answers);
    ASSERT_EQ(counter.scrubs, 1);  // the first is at once
    counter.live = example.live;
    counter.scrubbable = example.scrubbable;
    office.on_tick(kStart + example.since, example.idle, answers);
    EXPECT_EQ(counter.scrubs, example.scrubs ? 2 : 1);
  }
}

TEST_F(UpkeepTest, AfterAClockThatSteppedBackScrubbingGoesOn) {
  ScrubCounter counter;
  Office office{
      counter, directory_, proofs_, random_, {kDomain, limits::kEnvelopeLifetime, Seconds{60}}};
  std::vector<OfficeAnswer> answers;
  counter.scrubbable = 1;
  office.on_tick(kStart, true, answers);
  office.on_tick(kStart - std::chrono::hours{24}, true, answers);
  office.on_tick(kStart - std::chrono::hours{24} + Seconds{60}, true, answers);
  EXPECT_EQ(counter.scrubs, 2);
}

TEST_F(UpkeepTest, AScrubThatFailsIsReportedAndTriedAgain) {
  ScrubCounter counter;
  Office office{
      counter, directory_, proofs_, random_, {kDomain, limits::kEnvelopeLifetime, Seconds{60}}};
  std::vector<OfficeAnswer> answers;
  counter.scrubbable = 1;
  counter.scrub_fails = true;
  office.on_tick(kStart, true, answers);
  EXPECT_TRUE(office.health().scrub_fails);
  EXPECT_TRUE(office.health().ok());  // nobody is served the worse for it
  counter.scrub_fails = false;
  office.on_tick(kStart + Seconds{60}, true, answers);
  EXPECT_FALSE(office.health().scrub_fails);
}

TEST_F(UpkeepTest, AnExpiryThatCannotBeReadIsReported) {
  ScrubCounter counter;
  Office office{counter, directory_, proofs_, random_, {kDomain}};
  std::vector<OfficeAnswer> answers;
  counter.corrupt_expiry = true;
  office.on_tick(kStart, true, answers);
  EXPECT_TRUE(office.health().stores_damaged);
  EXPECT_FALSE(office.health().ok());
}

/// Says of everything that it is damaged.
class DamagedDirectory final : public store::DirectoryStore {
 public:
  static Error damaged() { return {Failure::corrupt, "damaged"}; }
  Result<void> put_invitation(const store::Invitation&) override { return damaged(); }
  Result<std::optional<store::Invitation>> invitation(const store::TokenHash&) override {
    return damaged();
  }
  Result<void> enrol(const store::AccountRecord&,
                     const std::optional<store::Invitation>&) override {
    return damaged();
  }
  Result<void> update(const store::AccountRecord&, const LinkId&) override { return damaged(); }
  Result<std::optional<AccountId>> move_handle(const std::string&, const AccountId&) override {
    return damaged();
  }
  Result<std::optional<store::AccountRecord>> account(const AccountId&) override {
    return damaged();
  }
  Result<std::optional<AccountId>> account_of_handle(const std::string&) override {
    return damaged();
  }
  Result<std::optional<store::DeviceRecord>> device(const DeviceId&) override { return damaged(); }
  Result<std::optional<AccountId>> former_account(const DeviceId&) override { return damaged(); }
  Result<store::DirectoryCounts> counts() override { return damaged(); }
  Result<void> set_status(const AccountId&, store::AccountStatus) override { return damaged(); }
  Result<void> erase(const AccountId&) override { return damaged(); }
  Result<bool> is_erased(const AccountId&) override { return damaged(); }
  Result<std::vector<store::AccountRecord>> accounts(const std::optional<AccountId>&,
                                                     std::size_t) override {
    return damaged();
  }
  Result<void> scrub() override { return damaged(); }
  bool needs_scrub() const override { return true; }
};

TEST_F(UpkeepTest, ADamagedDirectoryIsReportedAndAnswersUnavailable) {
  DamagedDirectory damaged;
  const decltype(OfficeRequest::body) kRequests[] = {
      LogIn{alice.id},
      Subscribe{alice.id, alice.account},
      Post{alice.id, alice.account, send_to(bob, 1)},
      wire::Enrol{"token", "", alice.links},
      wire::Lookup{"alice@example.org"},
      wire::FetchChain{alice.account, 0},
      wire::AppendLink{alice.account, alice.head, alice.links[0]},
      Invite{"", false, 1, Seconds{60}},
      StatusQuery{},
      ListUsers{},
      Suspend{"alice@example.org", true},
      Erase{"alice@example.org"},
  };
  for (const auto& body : kRequests) {
    Office office{*mailboxes_, damaged, proofs_, random_, {kDomain}};
    std::vector<OfficeAnswer> answers;
    OfficeRequest request{{0, 1}, 1, 1, body};
    office.process({&request, 1}, kStart, answers);
    ASSERT_EQ(answers.size(), 1U) << "request " << body.index();
    EXPECT_EQ(std::get<wire::Refusal>(answers[0].body).code, RefusalCode::unavailable);
    EXPECT_TRUE(office.health().stores_damaged) << "request " << body.index();
  }
}

TEST_F(UpkeepTest, ADamagedMailboxIsReportedAndTheRestIsServed) {
  ScrubCounter damaged;
  damaged.corrupt = true;
  TestWorld world{damaged, directory_, proofs_, random_, {kDomain}, now_};
  const auto peer = world.connect(exporter_);
  const auto challenge = std::get<wire::Challenge>(world.take(peer).at(0).body);
  world.say(peer, 1, bob.authenticate(challenge.nonce, exporter_));
  world.work_all();
  EXPECT_EQ(world.office().health().damaged, std::vector{bob.id});
  EXPECT_FALSE(world.office().health().ok());
  EXPECT_TRUE(std::holds_alternative<wire::Welcome>(world.take(peer).at(0).body));
  world.advance(Seconds{1});  // tried again, and still one entry
  EXPECT_EQ(world.office().health().damaged.size(), 1U);
  world.say(peer, 2, wire::Lookup{"alice@example.org"});
  world.work_all();
  EXPECT_TRUE(std::holds_alternative<wire::Account>(world.take(peer).at(0).body));
  const auto answer = world.ask_as_operator(StatusQuery{});
  EXPECT_EQ(std::get<StatusReport>(answer.body).health.damaged, std::vector{bob.id});
}

}  // namespace
}  // namespace martlet::server
