#include "apps/martletd/office_worker.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/seeded_random.h"

namespace martlet::daemon {
namespace {

using server::OfficeAnswer;
using server::OfficeRequest;

/// A door that the office's thread may have to wait at.
class Door {
 public:
  void close() { set(false); }
  void open() { set(true); }
  void pass() {
    std::unique_lock lock{mutex_};
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    --waiting_;
  }
  void wait_until_somebody_waits() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }

 private:
  void set(bool open) {
    const std::lock_guard lock{mutex_};
    open_ = open;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  int waiting_ = 0;
};

/// Knows nobody; every lookup passes the door.
class EmptyDirectory final : public store::DirectoryStore {
 public:
  explicit EmptyDirectory(Door& door) : door_{door} {}
  Result<void> put_invitation(const store::Invitation&) override { return {}; }
  Result<std::optional<store::Invitation>> invitation(const store::TokenHash&) override {
    return std::optional<store::Invitation>{};
  }
  Result<void> enrol(const store::AccountRecord&,
                     const std::optional<store::Invitation>&) override {
    return {};
  }
  Result<void> update(const store::AccountRecord&, const LinkId&) override { return {}; }
  Result<std::optional<AccountId>> move_handle(const std::string&, const AccountId&) override {
    return std::optional<AccountId>{};
  }
  Result<std::optional<store::AccountRecord>> account(const AccountId&) override {
    return std::optional<store::AccountRecord>{};
  }
  Result<std::optional<AccountId>> account_of_handle(const std::string&) override {
    door_.pass();
    return std::optional<AccountId>{};
  }
  Result<std::optional<store::DeviceRecord>> device(const DeviceId&) override {
    return std::optional<store::DeviceRecord>{};
  }
  Result<std::optional<AccountId>> former_account(const DeviceId&) override {
    return std::optional<AccountId>{};
  }
  Result<store::DirectoryCounts> counts() override { return store::DirectoryCounts{}; }
  Result<void> set_status(const AccountId&, store::AccountStatus) override { return {}; }
  Result<void> erase(const AccountId&) override { return {}; }
  Result<bool> is_erased(const AccountId&) override { return false; }
  Result<std::vector<store::AccountRecord>> accounts(const std::optional<AccountId>&,
                                                     std::size_t) override {
    return std::vector<store::AccountRecord>{};
  }
  Result<void> scrub() override { return {}; }
  bool needs_scrub() const override { return false; }

 private:
  Door& door_;
};

class EmptyProofs final : public store::ProofStore {
 public:
  Result<void> put(const store::HandleProof&) override { return {}; }
  Result<void> remove(const AccountId&, const std::string&) override { return {}; }
  Result<std::vector<store::HandleProof>> all() override {
    return std::vector<store::HandleProof>{};
  }
  Result<void> scrub() override { return {}; }
};

class EmptyMailboxes final : public store::MailboxStore {
 public:
  Result<store::Sequence> append(const store::MailboxItem&) override { return store::Sequence{1}; }
  Result<void> remove(const DeviceId&, store::Sequence) override { return {}; }
  Result<void> sync() override { return {}; }
  Result<std::vector<store::WaitingItem>> read(const DeviceId&, store::Sequence, std::size_t,
                                               std::size_t) override {
    return std::vector<store::WaitingItem>{};
  }
  Result<std::vector<store::WaitingItem>> expire(UnixMillis, std::size_t) override {
    ++ticks;
    ticks.notify_all();
    return std::vector<store::WaitingItem>{};
  }
  store::MailboxSummary summary(const DeviceId&) const override { return {}; }
  store::MailboxSummary total() const override { return {}; }
  std::vector<std::pair<DeviceId, store::MailboxSummary>> mailboxes() const override { return {}; }
  Result<void> scrub() override { return {}; }
  std::uint64_t scrubbable_bytes() const override { return 0; }

  std::atomic<int> ticks = 0;
};

enum class Where : std::uint8_t { own_thread, reactor };

class OfficeWorkerTest : public ::testing::TestWithParam<Where> {
 protected:
  OfficeWorkerTest() {
    GetParam() == Where::reactor ? worker_.start_on(reactor_) : worker_.start();
    thread_ = std::thread{[this] { reactor_.run(); }};
  }
  ~OfficeWorkerTest() override {
    door_.open();
    stop();
  }
  void stop() {
    reactor_.stop();
    if (thread_.joinable()) thread_.join();
    worker_.stop();
  }

  bool post(std::uint32_t reactor, std::size_t count) {
    std::vector<OfficeRequest> requests;
    for (std::size_t i = 0; i < count; ++i) {
      requests.push_back({{reactor, 1}, i, 1, wire::Lookup{"alice@example.org"}});
    }
    const bool room = worker_.post(requests);
    EXPECT_TRUE(requests.empty());
    return room;
  }
  void wait_for_answers(std::uint32_t reactor, std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return answers_[reactor].size() >= count; });
  }

  net::Reactor reactor_;
  std::thread thread_;  ///< of the reactor
  Door door_;
  EmptyMailboxes mailboxes_;
  EmptyDirectory directory_{door_};
  EmptyProofs proofs_;
  SeededRandom random_{1};
  SystemClock clock_;
  server::Office office_{mailboxes_, directory_, proofs_, random_, {}};

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<std::uint32_t, std::vector<OfficeAnswer>> answers_;
  std::size_t before_the_other_ = 0;  ///< answers of reactor 0 when the first of reactor 1 came
  int posts_ = 0;
  int drained_ = 0;

  OfficeWorker worker_{office_,
                       clock_,
                       {[this](std::uint32_t reactor, std::vector<OfficeAnswer> answers) {
                          const std::lock_guard lock{mutex_};
                          if (reactor == 1 && answers_[1].empty()) {
                            before_the_other_ = answers_[0].size();
                          }
                          for (auto& answer : answers)
                            answers_[reactor].push_back(std::move(answer));
                          ++posts_;
                          changed_.notify_all();
                        },
                        [this] {
                          const std::lock_guard lock{mutex_};
                          ++drained_;
                          changed_.notify_all();
                        },
                        [](const server::OfficeHealth&) {}}};
};

TEST_P(OfficeWorkerTest, AnswersGoToTheReactorThatAskedInOrder) {
  EXPECT_TRUE(post(0, 3));
  EXPECT_TRUE(post(1, 2));
  wait_for_answers(0, 3);
  wait_for_answers(1, 2);
  const std::lock_guard lock{mutex_};
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(answers_[0][i].request, i);
    EXPECT_EQ(answers_[0][i].cost, 1U);
    EXPECT_TRUE(std::holds_alternative<wire::Refusal>(answers_[0][i].body));
  }
}

TEST_P(OfficeWorkerTest, WhatAReactorHandsInIsServed) {
  std::promise<std::size_t> at_return;
  reactor_.post([&] {
    std::vector<OfficeRequest> requests;
    requests.push_back({{0, 1}, 7, 1, wire::Lookup{"alice@example.org"}});
    EXPECT_TRUE(worker_.hand_in(requests));
    EXPECT_TRUE(requests.empty());
    const std::lock_guard lock{mutex_};
    at_return.set_value(answers_[0].size());
  });
  const auto there = at_return.get_future().get();
  EXPECT_TRUE(there == 1 || GetParam() == Where::own_thread);
  wait_for_answers(0, 1);
  const std::lock_guard lock{mutex_};
  EXPECT_EQ(answers_[0][0].request, 7U);
}

TEST_P(OfficeWorkerTest, ASessionsFloodHoldsNobodyElseUp) {
  door_.close();
  post(0, 1);
  door_.wait_until_somebody_waits();
  constexpr std::size_t kFlood = 20 * limits::kGatherRequests;
  post(0, kFlood);
  post(1, 3);
  door_.open();
  wait_for_answers(1, 3);
  wait_for_answers(0, 1 + kFlood);
  const std::lock_guard lock{mutex_};
  EXPECT_LE(before_the_other_, 1 + limits::kGatherRequests);
  for (std::uint64_t i = 0; i < kFlood; ++i) ASSERT_EQ(answers_[0][1 + i].request, i);
}

TEST_P(OfficeWorkerTest, WhatGathersWhileTheOfficeIsBusyIsOneBatch) {
  door_.close();
  post(0, 1);
  door_.wait_until_somebody_waits();
  for (int i = 0; i < 100; ++i) post(0, 1);
  door_.open();
  wait_for_answers(0, 101);
  const std::lock_guard lock{mutex_};
  EXPECT_EQ(posts_, 2);
}

TEST_P(OfficeWorkerTest, ABatchHasABound) {
  door_.close();
  post(0, 1);
  door_.wait_until_somebody_waits();
  post(0, 2 * limits::kGatherRequests + 1);
  door_.open();
  wait_for_answers(0, 2 * limits::kGatherRequests + 2);
  const std::lock_guard lock{mutex_};
  EXPECT_EQ(posts_, 4);
}

TEST_P(OfficeWorkerTest, AFullQueueSaysSoAndLaterThatItIsNoMore) {
  door_.close();
  post(0, 1);
  door_.wait_until_somebody_waits();
  EXPECT_TRUE(post(0, limits::kOfficeQueueMax - 1));
  EXPECT_FALSE(post(0, 1));
  EXPECT_FALSE(post(1, 1));  // taken all the same: nothing is lost
  door_.open();
  wait_for_answers(0, limits::kOfficeQueueMax + 1);
  wait_for_answers(1, 1);
  const std::lock_guard lock{mutex_};
  EXPECT_EQ(drained_, 1);
}

TEST_P(OfficeWorkerTest, StoppingServesWhatWasPosted) {
  post(0, 1'000);
  stop();
  const std::lock_guard lock{mutex_};
  EXPECT_EQ(answers_[0].size(), 1'000U);
}

TEST_P(OfficeWorkerTest, TheOperatorIsAnsweredInPerson) {
  const auto status = worker_.ask(server::StatusQuery{}, Seconds{60});
  ASSERT_TRUE(status.ok());
  EXPECT_TRUE(std::holds_alternative<server::StatusReport>(status.value().body));
  const auto invited = worker_.ask(server::Invite{"", true, 1, Seconds{60}}, Seconds{60});
  ASSERT_TRUE(invited.ok());
  EXPECT_TRUE(std::holds_alternative<server::Invited>(invited.value().body));
  const std::lock_guard lock{mutex_};
  EXPECT_EQ(posts_, 0);
}

TEST_P(OfficeWorkerTest, TheOperatorDoesNotWaitForEver) {
  door_.close();
  post(0, 1);
  door_.wait_until_somebody_waits();
  EXPECT_EQ(worker_.ask(server::StatusQuery{}, Milliseconds{1}).error().failure,
            Failure::unavailable);
  door_.open();
  EXPECT_TRUE(worker_.ask(server::StatusQuery{}, Seconds{60}).ok());
}

TEST_P(OfficeWorkerTest, TicksAlsoWhenNobodyAsks) {
  mailboxes_.ticks.wait(0);
  EXPECT_GE(mailboxes_.ticks.load(), 1);
}

INSTANTIATE_TEST_SUITE_P(OnItsOwnThread, OfficeWorkerTest, ::testing::Values(Where::own_thread));
INSTANTIATE_TEST_SUITE_P(OnAReactor, OfficeWorkerTest, ::testing::Values(Where::reactor));

}  // namespace
}  // namespace martlet::daemon
