#pragma once

// Part of mailbox_store_contract.h: a sync in three steps, while the owner goes on.

#include "store/mailbox_store_contract.h"

namespace martlet::store::server_contract {

class MailboxStoreLate : public MailboxStoreContract {
 protected:
  using Work = std::unique_ptr<SyncWork>;
  /// An engine may do all in the first step: then there is no work.
  Result<void> finish(const Work& work) {
    return work == nullptr ? Result<void>{} : store().finish_sync(work->perform());
  }
};

TEST_P(MailboxStoreLate, WhatIsStagedMeanwhileBelongsToTheNextBatch) {
  const auto first = append(envelope(1, 1));
  const auto second = append(envelope(1, 2, 5'000));
  const auto work = value_of(store().begin_sync());
  const auto third = append(envelope(1, 3));
  EXPECT_EQ(append(envelope(1, 2, 5'000)), second) << "it waits already";
  expect_ok(store().remove(device(1), first));
  const Model now{{second, envelope(1, 2, 5'000)}, {third, envelope(1, 3)}};
  expect_contents(store(), now);
  expect_ok(finish(work));
  expect_contents(store(), now);
  open();
  expect_contents(store(), {{first, envelope(1, 1)}, {second, envelope(1, 2, 5'000)}});
}

TEST_P(MailboxStoreLate, TheNextBatchKnowsTheOneBefore) {
  const auto first = append(envelope(1, 1));
  const auto work = value_of(store().begin_sync());
  expect_ok(store().remove(device(1), first));
  const auto again = append(envelope(1, 1));
  EXPECT_GT(again, first);
  expect_ok(finish(work));
  sync();
  expect_contents(store(), {{again, envelope(1, 1)}});
  open();
  expect_contents(store(), {{again, envelope(1, 1)}});
}

TEST_P(MailboxStoreLate, WithNothingStagedThereIsNoWork) {
  EXPECT_EQ(value_of(store().begin_sync()), nullptr);
  const auto gone = append(envelope(1, 1));
  expect_ok(store().remove(device(1), gone));
  expect_ok(finish(value_of(store().begin_sync())));
  sync();
  EXPECT_EQ(value_of(store().begin_sync()), nullptr);
}

TEST_P(MailboxStoreLate, ExpiryWhileABatchIsWritten) {
  auto item = envelope(1, 1);
  item.expires = unix_millis(100);
  append(item);
  const auto work = value_of(store().begin_sync());
  EXPECT_EQ(value_of(store().expire(unix_millis(100), 10)).size(), 1U);
  expect_ok(finish(work));
  sync();
  open();
  EXPECT_EQ(store().total().items, 0U);
}

TEST_P(MailboxStoreLate, AFailureUndoesTheNextBatchToo) {
  for (const auto fault : {WriteFault::lost, WriteFault::written}) {
    disk_ = GetParam()();
    open();
    const auto kept = append(envelope(1, 1));
    sync();
    disk_->fail_own_write(fault);
    const auto lost = append(envelope(1, 2));
    expect_ok(store().remove(device(1), kept));
    auto work = store().begin_sync();
    if (work.ok()) {
      append(envelope(1, 3));
      expect_ok(store().remove(device(1), lost));
      ASSERT_NE(work.value(), nullptr);
      expect_failure(finish(work.value()), Failure::unavailable);
    }
    ASSERT_TRUE(disk_->has_failed());
    expect_contents(store(), {{kept, envelope(1, 1)}});
    disk_->fail_write(kAll, WriteFault::none);
    const auto after = append(envelope(1, 4));
    sync();
    expect_contents(store(), {{kept, envelope(1, 1)}, {after, envelope(1, 4)}});
    open();
    expect_contents(store(), {{kept, envelope(1, 1)}, {after, envelope(1, 4)}});
  }
}

TEST_P(MailboxStoreLate, AKillBeforeTheDiskWasAskedForgets) {
  const auto kept = append(envelope(1, 1));
  sync();
  append(envelope(1, 2));
  auto work = value_of(store().begin_sync());
  if (work == nullptr) return;  // this engine is never between two steps
  work.reset();
  open();
  expect_contents(store(), {{kept, envelope(1, 1)}});
}

}  // namespace martlet::store::server_contract
