#pragma once

// Part of mailbox_store_contract.h: what an engine does when its disk fails. A scenario is run once
// for each of its durable writes and each way to fail it.

#include "store/mailbox_store_contract.h"

namespace martlet::store::server_contract {

class MailboxStoreFaults : public ::testing::TestWithParam<MakeMailboxDisk> {
 protected:
  /// Batches that append, remove, expire and repeat. Batch 2 removes what batch 0 put there.
  Result<void> stage(std::size_t batch) {
    staged_ = synced_;
    switch (batch) {
      case 0:
        for (std::uint32_t i = 0; i < 4; ++i) TRY(append(expiring(envelope(1, i, 500), 100 + i)));
        TRY(append(envelope(2, 10, limits::kSealedBytesMax)));
        return {};
      case 1:
        TRY(append(envelope(1, 20, 3'000)));
        TRY(append(envelope(1, 2, 500)));  // waits already
        return remove(envelope(2, 10));
      case 2:
        TRY(remove(envelope(1, 3)));
        TRY(append(notice(2, 30)));
        TRY(append(envelope(2, 10, 50)));
        TRY(append(envelope(1, 31)));
        return remove(envelope(1, 31));
      default: {
        const auto expired = TRY(store().expire(unix_millis(101), 10));
        for (const auto& waiting : expired) {
          staged_.erase(waiting.sequence);
          TRY(append(notice(7, static_cast<std::uint32_t>(waiting.item.message.view()[0]))));
        }
        return {};
      }
    }
  }
  static constexpr std::size_t kBatches = 4;

  Result<void> append(const MailboxItem& item) {
    const auto waits = std::ranges::find_if(
        staged_, [&](const auto& entry) { return same_identity(entry.second, item); });
    const auto sequence = TRY(store().append(item));
    if (waits != staged_.end()) {
      EXPECT_EQ(sequence, waits->first);
      return {};
    }
    EXPECT_GT(sequence, last_) << "a sequence was given twice";
    last_ = sequence;
    staged_.emplace(sequence, item);
    return {};
  }
  Result<void> remove(const MailboxItem& item) {
    const auto waits = std::ranges::find_if(
        staged_, [&](const auto& entry) { return same_identity(entry.second, item); });
    if (waits == staged_.end()) return {};
    const auto sequence = waits->first;
    staged_.erase(waits);
    return store().remove(item.recipient, sequence);
  }

  MailboxStore& store() { return disk_->store(); }

  void open() {
    const auto opened = disk_->open({});
    if (opened.ok()) return;
    EXPECT_EQ(opened.error().failure, Failure::unavailable) << opened.error().reason.text;
    EXPECT_TRUE(disk_->has_failed());
    expect_ok(disk_->open({}));  // the disk answers again
  }

  /// Stages and syncs a batch until it is there.
  void run(std::size_t batch, AfterFailure after) {
    for (int tries = 0; tries < 3; ++tries) {
      auto answer = stage(batch);
      if (answer.ok()) answer = store().sync();
      if (answer.ok()) {
        synced_ = staged_;
        return expect_contents(store(), synced_);
      }
      EXPECT_EQ(answer.error().failure, Failure::unavailable) << answer.error().reason.text;
      EXPECT_TRUE(disk_->has_failed());
      if (after == AfterFailure::kill) {
        open();
        // All of the batch or nothing of it.
        if (same(contents(store()), staged_)) synced_ = staged_;
      }
      expect_contents(store(), synced_);
      if (HasFailure()) return;
    }
    FAIL() << "the store did not mend itself";
  }

  void run_scenario(AfterFailure after) {
    open();
    for (std::size_t batch = 0; batch < kBatches && !HasFailure(); ++batch) {
      run(batch, after);
      if (batch == 1) open();
      if (batch == 2) {
        const auto scrubbed = store().scrub();
        EXPECT_TRUE(scrubbed.ok() || scrubbed.error().failure == Failure::unavailable);
      }
    }
    if (HasFailure()) return;
    open();
    expect_contents(store(), synced_);
  }

  void fail_each_write(WriteFault fault, AfterFailure after) {
    std::size_t number = 0;
    for (;; ++number) {
      SCOPED_TRACE("failing write " + std::to_string(number));
      disk_ = GetParam()();
      synced_.clear();
      last_ = 0;
      disk_->fail_write(number, fault);
      run_scenario(after);
      if (HasFailure() || !disk_->has_failed()) break;
    }
    EXPECT_GE(number, kBatches);  // or the engine did not ask
  }

  std::unique_ptr<MailboxDisk> disk_;
  Model synced_;
  Model staged_;
  Sequence last_ = 0;
};

TEST_P(MailboxStoreFaults, EachWriteLostThenCarryOn) {
  fail_each_write(WriteFault::lost, AfterFailure::carry_on);
}
TEST_P(MailboxStoreFaults, EachWriteLostThenKilled) {
  fail_each_write(WriteFault::lost, AfterFailure::kill);
}
TEST_P(MailboxStoreFaults, EachAnswerLostThenCarryOn) {
  fail_each_write(WriteFault::written, AfterFailure::carry_on);
}
TEST_P(MailboxStoreFaults, EachAnswerLostThenKilled) {
  fail_each_write(WriteFault::written, AfterFailure::kill);
}

}  // namespace martlet::store::server_contract
