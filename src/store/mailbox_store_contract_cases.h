#pragma once

// Part of mailbox_store_contract.h: what an engine does while its disk works.

#include "store/mailbox_store_contract.h"

namespace martlet::store::server_contract {

class MailboxStoreContract : public ::testing::TestWithParam<MakeMailboxDisk> {
 protected:
  void SetUp() override { open(); }
  void open(const MailboxLimits& limits = {}) { expect_ok(disk_->open(limits)); }
  MailboxStore& store() { return disk_->store(); }
  Sequence append(const MailboxItem& item) { return value_of(store().append(item)); }
  void sync() { expect_ok(store().sync()); }

  std::unique_ptr<MailboxDisk> disk_ = GetParam()();
};

TEST_P(MailboxStoreContract, IsEmptyAtFirst) {
  EXPECT_EQ(store().total().items, 0U);
  EXPECT_TRUE(store().mailboxes().empty());
  EXPECT_EQ(store().summary(device(1)).items, 0U);
  EXPECT_TRUE(value_of(store().read(device(1), 0, 10, 1'000)).empty());
  EXPECT_TRUE(value_of(store().expire(unix_millis(1'000'000'000), 10)).empty());
  EXPECT_EQ(store().scrubbable_bytes(), 0U);
  sync();
  expect_ok(store().scrub());
}

TEST_P(MailboxStoreContract, KeepsEveryFieldAcrossAKill) {
  auto largest = envelope(1, 1, limits::kSealedBytesMax);
  largest.suite = 255;
  largest.accepted = unix_millis(0);
  largest.expires = unix_millis(253'402'300'799'999);
  Model model;
  for (const auto& item : {largest, notice(1, 1), envelope(2, 2, 0), envelope(1, 3, 1)}) {
    model.emplace(append(item), item);
    expect_contents(store(), model);  // staged
  }
  sync();
  expect_contents(store(), model);
  open();
  expect_contents(store(), model);
}

TEST_P(MailboxStoreContract, ForgetsWhatWasNotSynced) {
  const auto kept = append(envelope(1, 1));
  sync();
  append(envelope(1, 2));
  expect_ok(store().remove(device(1), kept));
  open();
  expect_contents(store(), {{kept, envelope(1, 1)}});
}

TEST_P(MailboxStoreContract, ReadsEachMailboxInTheOrderOfItsAppends) {
  Model model;
  for (std::uint32_t i = 0; i < 300; ++i) {
    const auto item = envelope(static_cast<std::uint8_t>(i % 3), 1'000 - i, i);
    const auto sequence = append(item);
    if (!model.empty()) {
      ASSERT_GT(sequence, model.rbegin()->first);
    }
    model.emplace(sequence, item);
    if (i % 50 == 49) sync();
  }
  for (std::uint8_t recipient = 0; recipient < 3; ++recipient) {
    const auto items = value_of(store().read(device(recipient), 0, kAll, kAll));
    ASSERT_EQ(items.size(), 100U);
    for (std::size_t i = 0; i < items.size(); ++i) {
      EXPECT_EQ(items[i].item.message,
                message(static_cast<std::uint32_t>(1'000 - recipient - 3 * i)));
    }
  }
  expect_contents(store(), model);
}

TEST_P(MailboxStoreContract, ClearsOneMailboxAPortionAtATime) {
  Model others;
  for (std::uint32_t i = 0; i < 10; ++i) append(envelope(1, i));
  append(notice(1, 3));
  others.emplace(append(envelope(2, 1)), envelope(2, 1));
  sync();
  append(envelope(1, 11));  // staged
  std::vector<std::size_t> portions;
  for (bool more = true; more && portions.size() < 20;) {
    const auto cleared = value_of(store().clear(device(1), 5));
    for (const auto& waiting : cleared) {
      EXPECT_EQ(waiting.item.recipient, device(1));
      EXPECT_TRUE(waiting.item.sealed.empty());
    }
    portions.push_back(cleared.size());
    more = !cleared.empty();
  }
  EXPECT_EQ(portions, (std::vector<std::size_t>{5, 5, 2, 0}));
  expect_contents(store(), others);
  sync();
  open();
  expect_contents(store(), others);
  EXPECT_TRUE(value_of(store().clear(device(9), 5)).empty());  // nobody
  EXPECT_TRUE(value_of(store().clear(device(2), 0)).empty());
  expect_contents(store(), others);
  append(envelope(1, 1));  // and it can be used again
  EXPECT_EQ(store().summary(device(1)).items, 1U);
}

TEST_P(MailboxStoreContract, ClearingIsForgottenWithoutASync) {
  const auto kept = append(envelope(1, 1));
  sync();
  EXPECT_EQ(value_of(store().clear(device(1), 5)).size(), 1U);
  open();
  expect_contents(store(), {{kept, envelope(1, 1)}});
}

TEST_P(MailboxStoreContract, SequencesGrowAcrossKills) {
  Sequence last = 0;
  for (std::uint32_t i = 0; i < 5; ++i) {
    const auto synced = append(envelope(1, 2 * i));
    EXPECT_GT(synced, last);
    sync();
    const auto unsynced = append(envelope(1, 2 * i + 1));
    EXPECT_GT(unsynced, synced);
    last = unsynced;
    open();
  }
  EXPECT_EQ(store().summary(device(1)).items, 5U);
}

TEST_P(MailboxStoreContract, StoresAWaitingItemOnce) {
  const auto item = envelope(1, 1);
  const auto sequence = append(item);
  auto again = item;
  again.sealed = Bytes{1, 2, 3};
  again.expires = unix_millis(5);
  EXPECT_EQ(append(again), sequence);  // staged
  sync();
  EXPECT_EQ(append(again), sequence);
  open();
  EXPECT_EQ(append(again), sequence);
  sync();
  expect_contents(store(), {{sequence, item}});  // the first is left alone
}

TEST_P(MailboxStoreContract, TellsItemsApartByRecipientKindSenderAndMessage) {
  auto other_sender = envelope(1, 1);
  other_sender.sender = device(99);
  auto other_account = envelope(1, 1);
  other_account.sender_account = {};
  const auto sequence = append(envelope(1, 1));
  EXPECT_NE(append(envelope(2, 1)), sequence);
  EXPECT_NE(append(notice(1, 1)), sequence);
  EXPECT_NE(append(other_sender), sequence);
  EXPECT_NE(append(envelope(1, 2)), sequence);
  EXPECT_EQ(append(other_account), sequence);
  EXPECT_EQ(store().total().items, 5U);
}

TEST_P(MailboxStoreContract, TakesAnItemAgainOnceItsFirstCopyIsGone) {
  const auto first = append(envelope(1, 1));
  sync();
  expect_ok(store().remove(device(1), first));
  const auto second = append(envelope(1, 1));  // in the same sync
  EXPECT_GT(second, first);
  sync();
  expect_contents(store(), {{second, envelope(1, 1)}});
  expect_ok(store().remove(device(1), second));
  sync();
  const auto third = append(envelope(1, 1));
  EXPECT_GT(third, second);
  sync();
  open();
  expect_contents(store(), {{third, envelope(1, 1)}});
  EXPECT_EQ(append(envelope(1, 1)), third);
}

TEST_P(MailboxStoreContract, RefusesWhatAFullMailboxCannotTake) {
  struct Case {
    const char* name;
    MailboxLimits limits;
    std::size_t fits;  ///< items of 100 bytes
  };
  for (const auto& [name, limits, fits] :
       {Case{"items", {3, 1'000}, 3}, Case{"bytes", {10, 250}, 2},
        Case{"bytes to the last", {10, 300}, 3}, Case{"nothing", {0, 1'000}, 0}}) {
    SCOPED_TRACE(name);
    disk_ = GetParam()();
    open(limits);
    Model model;
    for (std::uint32_t i = 0; i < fits; ++i) model.emplace(append(envelope(1, i)), envelope(1, i));
    expect_failure(store().append(envelope(1, 99)), Failure::limit_reached);
    sync();
    open(limits);
    expect_failure(store().append(envelope(1, 99)), Failure::limit_reached);
    expect_contents(store(), model);  // a refused append stages nothing
    if (fits == 0) continue;
    EXPECT_EQ(append(envelope(1, 0)), model.begin()->first);  // it waits there already
    append(envelope(2, 99));                                  // each mailbox has its own limits
    expect_ok(store().remove(device(1), model.begin()->first));
    append(envelope(1, 99));
    expect_failure(store().append(envelope(1, 100)), Failure::limit_reached);
  }
}

TEST_P(MailboxStoreContract, RemovesOnceAndOnlyThere) {
  const auto first = append(envelope(1, 1));
  const auto second = append(envelope(1, 2));
  sync();
  const std::pair<DeviceId, Sequence> nothing_there[] = {
      {device(1), 0}, {device(1), second + 1}, {device(2), first}, {device(1), ~Sequence{0}}};
  for (const auto& [recipient, sequence] : nothing_there) {
    expect_ok(store().remove(recipient, sequence));
  }
  EXPECT_EQ(store().total().items, 2U);
  expect_ok(store().remove(device(1), first));
  expect_ok(store().remove(device(1), first));  // staged
  sync();
  expect_ok(store().remove(device(1), first));
  expect_contents(store(), {{second, envelope(1, 2)}});
  open();
  expect_ok(store().remove(device(1), first));
  expect_ok(store().remove(device(1), second));
  sync();
  open();
  expect_contents(store(), {});
}

TEST_P(MailboxStoreContract, AnItemRemovedBeforeItsSyncLeavesNothing) {
  const auto kept = append(envelope(1, 1));
  const auto gone = append(envelope(1, 2));
  expect_ok(store().remove(device(1), gone));
  expect_contents(store(), {{kept, envelope(1, 1)}});
  const auto again = append(envelope(1, 2));
  expect_ok(store().remove(device(1), again));
  sync();
  expect_contents(store(), {{kept, envelope(1, 1)}});
  open();
  expect_contents(store(), {{kept, envelope(1, 1)}});
}

TEST_P(MailboxStoreContract, ReadsWindows) {
  std::vector<Sequence> at;
  for (std::uint32_t i = 0; i < 6; ++i) {
    at.push_back(append(envelope(1, i)));
    if (i == 3) sync();  // two more are staged
  }
  append(envelope(2, 7));
  struct Window {
    const char* name;
    Sequence after;
    std::size_t items_max, bytes_max;
    std::size_t first, count;
  };
  const Window windows[] = {
      {"all", 0, 100, 10'000, 0, 6},
      {"items", 0, 4, 10'000, 0, 4},
      {"items across staged", 0, 5, 10'000, 0, 5},
      {"bytes", 0, 100, 350, 0, 3},
      {"bytes exactly", 0, 100, 400, 0, 4},
      {"bytes across staged", 0, 100, 599, 0, 5},
      {"at least one", 0, 100, 1, 0, 1},
      {"at least one, no bytes", at[2], 100, 0, 3, 1},
      {"at least one, staged", at[4], 100, 0, 5, 1},
      {"no items", 0, 0, 10'000, 0, 0},
      {"after the first", at[0], 100, 10'000, 1, 5},
      {"just before one", at[1] - 1, 1, 10'000, 1, 1},
      {"after a staged one", at[4], 100, 10'000, 5, 1},
      {"after the last", at[5], 100, 10'000, 0, 0},
      {"after everything", ~Sequence{0}, 100, 10'000, 0, 0},
  };
  for (const auto& window : windows) {
    SCOPED_TRACE(window.name);
    const auto items =
        value_of(store().read(device(1), window.after, window.items_max, window.bytes_max));
    ASSERT_EQ(items.size(), window.count);
    for (std::size_t i = 0; i < items.size(); ++i) {
      EXPECT_EQ(items[i].sequence, at[window.first + i]);
    }
  }
}

TEST_P(MailboxStoreContract, ExpiresOldestFirstInPortions) {
  // Appended in another order than they expire; the last two are only staged.
  const std::int64_t expires[] = {50, 10, 40, 20, 30};
  Model model;
  for (std::uint32_t i = 0; i < 5; ++i) {
    const auto item = expiring(envelope(static_cast<std::uint8_t>(i % 2), i), expires[i]);
    model.emplace(append(item), item);
    if (i == 2) sync();
  }
  EXPECT_TRUE(value_of(store().expire(unix_millis(9), 100)).empty());
  EXPECT_TRUE(value_of(store().expire(unix_millis(1'000), 0)).empty());
  std::vector<std::int64_t> order;
  for (const std::size_t portion : {2U, 2U, 2U}) {
    const auto items = value_of(store().expire(unix_millis(45), portion));
    EXPECT_EQ(items.size(), order.size() < 4 ? 2U : 0U);
    for (const auto& [sequence, item] : items) {
      order.push_back(count_of(item.expires));
      auto expected = model.at(sequence);
      expected.sealed = {};
      expect_same(item, expected);
      model.erase(sequence);
    }
  }
  EXPECT_EQ(order, (std::vector<std::int64_t>{10, 20, 30, 40}));
  expect_contents(store(), model);
  sync();
  open();
  expect_contents(store(), model);
}

TEST_P(MailboxStoreContract, ExpiresExactlyAtTheInstant) {
  const auto early = append(expiring(envelope(1, 1), 1'000));
  const auto late = append(expiring(envelope(1, 2), 1'001));
  sync();
  open();
  EXPECT_TRUE(value_of(store().expire(unix_millis(999), 10)).empty());
  const auto items = value_of(store().expire(unix_millis(1'000), 10));
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].sequence, early);
  EXPECT_TRUE(value_of(store().expire(unix_millis(1'000), 10)).empty());
  expect_ok(store().remove(device(1), late));
  EXPECT_TRUE(value_of(store().expire(unix_millis(2'000), 10)).empty());
}

TEST_P(MailboxStoreContract, ExpiresManyAtOneInstantByTheirPlace) {
  std::vector<Sequence> at;
  for (std::uint32_t i = 0; i < 20; ++i) {
    at.push_back(append(expiring(envelope(static_cast<std::uint8_t>(20 - i), i), 7)));
    if (i == 9) sync();
  }
  std::vector<Sequence> order;
  for (const auto& waiting : value_of(store().expire(unix_millis(7), 100))) {
    order.push_back(waiting.sequence);
  }
  EXPECT_EQ(order, at);
  sync();
  expect_contents(store(), {});
}

/// Longer than what an engine would keep of it in memory.
TEST_P(MailboxStoreContract, KeepsALongMailbox) {
  constexpr std::uint32_t kItems = 1'000;
  Model model;
  for (std::uint32_t i = 0; i < kItems; ++i) {
    const auto item = expiring(envelope(1, i, i % 50), 10'000 - i);
    model.emplace(append(item), item);
    if (i % 300 == 0) sync();
  }
  const auto expect_no_second_copies = [&] {
    for (const auto& [sequence, item] : model) ASSERT_EQ(append(item), sequence);
    ASSERT_EQ(store().total().items, model.size());
  };
  expect_no_second_copies();
  sync();
  expect_no_second_copies();
  open();
  expect_no_second_copies();
  SeededRandom random{7};
  while (model.size() > 10) {  // from the front in windows, and here and there
    const auto window = value_of(store().read(device(1), 0, 20, kAll));
    ASSERT_EQ(window.size(), std::min<std::size_t>(20, model.size()));
    for (std::size_t i = 0; i < 10; ++i) {
      ASSERT_EQ(window[i].sequence, model.begin()->first);
      expect_ok(store().remove(device(1), window[i].sequence));
      model.erase(model.begin());
    }
    const auto other =
        std::next(model.begin(), static_cast<std::ptrdiff_t>(random.below(model.size())));
    expect_ok(store().remove(device(1), other->first));
    model.erase(other);
    const auto oldest = value_of(store().expire(unix_millis(10'000), 1));
    ASSERT_EQ(oldest.size(), 1U);
    ASSERT_EQ(oldest[0].sequence, model.rbegin()->first);
    model.erase(std::prev(model.end()));
    if (random.below(3) == 0) sync();
  }
  expect_no_second_copies();
  sync();
  open();
  expect_contents(store(), model);
}

TEST_P(MailboxStoreContract, CountsWhatAScrubWouldFree) {
  const auto first = append(envelope(1, 1, 1'000));
  const auto second = append(envelope(1, 2, 10));
  sync();
  EXPECT_EQ(store().scrubbable_bytes(), 0U);
  expect_ok(store().remove(device(1), first));
  sync();
  EXPECT_GE(store().scrubbable_bytes(), 1'000U);
  expect_ok(store().scrub());
  EXPECT_EQ(store().scrubbable_bytes(), 0U);
  expect_ok(store().scrub());  // nothing to do
  expect_contents(store(), {{second, envelope(1, 2, 10)}});
  open();
  expect_contents(store(), {{second, envelope(1, 2, 10)}});
}

/// Random steps against a plain model, with failed syncs and kills in between.
class MailboxStoreModel : public MailboxStoreContract {
 protected:
  void step() {
    const auto choice = random_.below(100);
    if (choice < 45) {
      append_one();
    } else if (choice < 75) {
      remove_one();
    } else if (choice < 80) {
      expire_some();
    } else if (choice < 90) {
      read_some();
    } else if (choice < 96) {
      sync_all();
    } else if (choice < 98) {
      fail_a_sync(choice == 96 ? WriteFault::lost : WriteFault::written);
    } else if (choice == 98) {
      sync_all();  // else a failed sync that was written may come back
      open();
    } else {
      expect_ok(store().scrub());
    }
  }

  /// Few messages, so that many are repeated; one mailbox gets long.
  void append_one() {
    const auto to = static_cast<std::uint8_t>(random_.below(10) < 7 ? 1 : random_.below(6));
    const auto number = static_cast<std::uint32_t>(random_.below(1'500));
    const auto item = expiring(envelope(to, number, number % 64),
                               now_ + static_cast<std::int64_t>(random_.below(4'000)));
    const auto waits = std::ranges::find_if(
        staged_, [&](const auto& entry) { return same_identity(entry.second, item); });
    const auto sequence = append(item);
    if (waits != staged_.end()) {
      ASSERT_EQ(sequence, waits->first);
    } else {
      ASSERT_GT(sequence, last_);
      last_ = sequence;
      staged_.emplace(sequence, item);
    }
  }
  void remove_one() {
    if (staged_.empty()) return;
    const auto steps = random_.below(2) == 0 ? 0 : random_.below(staged_.size());
    const auto victim = std::next(staged_.begin(), static_cast<std::ptrdiff_t>(steps));
    expect_ok(store().remove(victim->second.recipient, victim->first));
    staged_.erase(victim);
  }
  void expire_some() {
    now_ += static_cast<std::int64_t>(random_.below(20));
    const auto gone = value_of(store().expire(unix_millis(now_), 5));
    for (const auto& waiting : gone) {
      ASSERT_TRUE(staged_.contains(waiting.sequence));
      ASSERT_LE(staged_.at(waiting.sequence).expires, unix_millis(now_));
      staged_.erase(waiting.sequence);
    }
    const auto due = std::ranges::count_if(
        staged_, [&](const auto& entry) { return entry.second.expires <= unix_millis(now_); });
    ASSERT_TRUE(gone.size() == 5 || due == 0);
  }
  void read_some() {
    const auto to = device(static_cast<std::uint8_t>(random_.below(6)));
    const auto after = staged_.empty() || random_.below(2) == 0 ? 0 : staged_.begin()->first;
    auto expected = staged_.upper_bound(after);
    for (const auto& waiting : value_of(store().read(to, after, 70, kAll))) {
      while (expected != staged_.end() && expected->second.recipient != to) ++expected;
      ASSERT_NE(expected, staged_.end());
      ASSERT_EQ(waiting.sequence, expected->first);
      expect_same(waiting.item, expected->second);
      ++expected;
    }
  }
  void sync_all() {
    sync();
    synced_ = staged_;
  }
  void fail_a_sync(WriteFault fault) {
    disk_->fail_own_write(fault);
    const auto answer = store().sync();
    disk_->fail_write(kAll, WriteFault::none);
    if (answer.ok()) {
      synced_ = staged_;
    } else {
      ASSERT_EQ(answer.error().failure, Failure::unavailable);
      staged_ = synced_;
    }
  }

  SeededRandom random_{42};
  Model synced_;
  Model staged_;
  Sequence last_ = 0;
  std::int64_t now_ = 0;
};

TEST_P(MailboxStoreModel, IsFollowed) {
  for (int i = 0; i < 6'000 && !HasFailure(); ++i) step();
  EXPECT_GT(staged_.size(), 300U);  // some mailbox was long
  expect_contents(store(), staged_);
}

}  // namespace martlet::store::server_contract
