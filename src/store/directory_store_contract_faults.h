#pragma once

// Part of directory_store_contract.h: what an engine does when its disk fails. A scenario is run
// once for each of its durable writes and each way to fail it.

#include "store/directory_store_contract.h"

namespace martlet::store::server_contract {

class DirectoryStoreFaults : public ::testing::TestWithParam<MakeDirectoryDisk> {
 protected:
  static constexpr int kSteps = 8;

  Result<void> write(int step) {
    switch (step) {
      case 0:
        return store().put_invitation(invitation(1));
      case 1:
        return store().enrol(account(1), used());
      case 2:
        return store().enrol(account(2, 5), invitation(2));
      case 3:
        return store().update(grown(), account(1).head);
      case 4:
        TRY(store().move_handle(kMoved, grown().account));
        return {};
      case 5:
        return store().set_status(account(1).account, AccountStatus::suspended);
      case 6:
        return store().erase(account(2).account);
      default:
        return store().scrub();
    }
  }
  /// Everything is as `steps` writes leave it.
  void expect_state(int steps) {
    const auto first = value_of(store().invitation(invitation(1).token_hash));
    ASSERT_EQ(first.has_value(), steps >= 1);
    if (steps >= 1) expect_same(*first, steps == 1 ? invitation(1) : used());
    const auto second = value_of(store().invitation(invitation(2).token_hash));
    ASSERT_EQ(second.has_value(), steps >= 3);
    if (steps == 2 || steps == 3) expect_there(store(), account(1));
    if (steps == 4) expect_there(store(), grown());
    if (steps == 5) expect_there(store(), richer());
    if (steps >= 6) expect_there(store(), suspended());
    const bool has_second = steps >= 3 && steps < 7;
    if (has_second) expect_there(store(), steps >= 5 ? poorer() : account(2, 5));
    EXPECT_EQ(value_of(store().device(device(11))).has_value(), steps == 2 || steps == 3);
    EXPECT_EQ(value_of(store().account_of_handle("h24@example.org")).has_value(), has_second);
    EXPECT_EQ(value_of(store().account(account(2).account)).has_value(), has_second);
    EXPECT_EQ(value_of(store().is_erased(account(2).account)), steps >= 7);
    EXPECT_EQ(store().needs_scrub(), steps >= 4 && steps < 8);
    const DirectoryCounts counts[] = {{},        {},        {1, 2, 2}, {2, 7, 7}, {2, 7, 6},
                                      {2, 7, 6}, {2, 7, 6}, {1, 2, 2}, {1, 2, 2}};
    expect_counts(store(), counts[steps]);
  }
  bool happened(int step) {
    switch (step) {
      case 0:
        return value_of(store().invitation(invitation(1).token_hash)).has_value();
      case 1:
        return value_of(store().account(account(1).account)).has_value();
      case 2:
        return value_of(store().account(account(2).account)).has_value();
      case 3:
        return value_of(store().account(account(1).account)).value().head == grown().head;
      case 4:
        return value_of(store().account_of_handle(kMoved)) == grown().account;
      case 5:
        return value_of(store().account(account(1).account)).value().status ==
               AccountStatus::suspended;
      case 6:
        return value_of(store().is_erased(account(2).account));
      default:
        return !store().needs_scrub();
    }
  }
  static Invitation used() {
    auto used = invitation(1);
    used.uses_left -= 1;
    used.used_by.push_back(account(1).account);
    return used;
  }
  static AccountRecord grown() {
    auto record = account(1, 1);
    record.head = id_of<LinkId>(70);
    record.devices.push_back(device(71));
    record.links.push_back({7, 1});
    return record;
  }
  static AccountRecord richer() {
    auto record = grown();
    record.handles.emplace_back(kMoved);
    return record;
  }
  static AccountRecord poorer() {
    auto record = account(2, 5);
    std::erase(record.handles, kMoved);
    return record;
  }
  static constexpr const char* kMoved = "h22@example.org";

  static AccountRecord suspended() {
    auto record = richer();
    record.status = AccountStatus::suspended;
    return record;
  }

  DirectoryStore& store() { return disk_->store(); }
  void open() {
    const auto opened = disk_->open();
    if (opened.ok()) return;
    EXPECT_EQ(opened.error().failure, Failure::unavailable) << opened.error().reason.text;
    EXPECT_TRUE(disk_->has_failed());
    expect_ok(disk_->open());  // the disk answers again
  }

  void run_step(int step, AfterFailure after) {
    for (int tries = 0; tries < 3; ++tries) {
      const auto answer = write(step);
      if (answer.ok()) return expect_state(step + 1);
      EXPECT_EQ(answer.error().failure, Failure::unavailable) << answer.error().reason.text;
      EXPECT_TRUE(disk_->has_failed());
      if (after == AfterFailure::kill) open();
      const bool done = happened(step);
      expect_state(done ? step + 1 : step);  // all of it or nothing
      if (done || HasFailure()) return;
    }
    FAIL() << "the store did not mend itself";
  }

  void fail_each_write(WriteFault fault, AfterFailure after) {
    std::size_t number = 0;
    for (;; ++number) {
      SCOPED_TRACE("failing write " + std::to_string(number));
      disk_ = GetParam()();
      disk_->fail_write(number, fault);
      open();
      for (int step = 0; step < kSteps && !HasFailure(); ++step) run_step(step, after);
      open();
      expect_state(kSteps);
      if (HasFailure() || !disk_->has_failed()) break;
    }
    EXPECT_GE(number, static_cast<std::size_t>(kSteps));  // or the engine did not ask
  }

  std::unique_ptr<DirectoryDisk> disk_;
};

TEST_P(DirectoryStoreFaults, EachWriteLostThenCarryOn) {
  fail_each_write(WriteFault::lost, AfterFailure::carry_on);
}
TEST_P(DirectoryStoreFaults, EachWriteLostThenKilled) {
  fail_each_write(WriteFault::lost, AfterFailure::kill);
}
TEST_P(DirectoryStoreFaults, EachAnswerLostThenCarryOn) {
  fail_each_write(WriteFault::written, AfterFailure::carry_on);
}
TEST_P(DirectoryStoreFaults, EachAnswerLostThenKilled) {
  fail_each_write(WriteFault::written, AfterFailure::kill);
}

}  // namespace martlet::store::server_contract
