#pragma once

// Part of directory_store_contract.h: what an engine does for the operator.

#include "store/directory_store_contract_cases.h"

namespace martlet::store::server_contract {

TEST_P(DirectoryStoreContract, SuspendsAndResumes) {
  expect_ok(store().enrol(account(1), invitation(1)));
  expect_ok(store().enrol(account(2), invitation(2)));
  expect_there(store(), account(1));  // so that its devices were seen lately
  auto suspended = account(1);
  suspended.status = AccountStatus::suspended;
  expect_ok(store().set_status(suspended.account, AccountStatus::suspended));
  for (int kills = 0; kills < 2; ++kills) {
    expect_there(store(), suspended);
    expect_there(store(), account(2));
    open();
  }
  auto grown = suspended;
  grown.head = id_of<LinkId>(66);
  grown.status = AccountStatus::active;  // not the chain's to say
  expect_ok(store().update(grown, suspended.head));
  grown.status = AccountStatus::suspended;
  expect_there(store(), grown);
  expect_ok(store().set_status(grown.account, AccountStatus::active));
  grown.status = AccountStatus::active;
  expect_there(store(), grown);
  expect_failure(store().set_status(id_of<AccountId>(9), AccountStatus::active),
                 Failure::not_found);
}

TEST_P(DirectoryStoreContract, ErasesAllOfAnAccountButHashes) {
  auto used = invitation(1);  // by which the account came
  used.handle.clear();
  used.uses_left = 0;
  used.used_by = {account(1).account};
  auto shared = invitation(2);  // by which others came, too
  shared.handle.clear();
  shared.used_by = {account(2).account, account(1).account};
  auto open_yet = invitation(3);  // by which others may still come
  open_yet.handle.clear();
  open_yet.used_by = {account(1).account};
  auto names_it = invitation(4);  // for a handle of the account
  names_it.handle = account(1).handles[1];
  names_it.used_by.clear();
  auto former_handle = invitation(5);  // for a handle that it had once
  former_handle.used_by = {account(1).account};
  auto other = invitation(6);
  other.used_by.clear();
  for (const auto& one : {shared, open_yet, names_it, former_handle, other}) {
    expect_ok(store().put_invitation(one));
  }
  expect_ok(store().enrol(account(1), used));
  expect_ok(store().enrol(account(2), invitation(7)));
  expect_there(store(), account(1));

  expect_ok(store().erase(account(1).account));
  shared.used_by = {account(2).account};
  open_yet.used_by.clear();
  for (int kills = 0; kills < 2; ++kills) {
    EXPECT_TRUE(value_of(store().is_erased(account(1).account)));
    EXPECT_FALSE(value_of(store().is_erased(account(2).account)));
    EXPECT_FALSE(value_of(store().account(account(1).account)).has_value());
    for (const auto& handle : account(1).handles) {
      EXPECT_FALSE(value_of(store().account_of_handle(handle)).has_value());
    }
    for (const auto& device : account(1).devices) {
      EXPECT_FALSE(value_of(store().device(device)).has_value());
      EXPECT_EQ(value_of(store().former_account(device)), account(1).account);
    }
    for (const auto& gone : {used, names_it, former_handle}) {
      EXPECT_FALSE(value_of(store().invitation(gone.token_hash)).has_value());
    }
    for (const auto& kept : {shared, open_yet, other}) {
      expect_same(value_of(store().invitation(kept.token_hash)).value(), kept);
    }
    expect_there(store(), account(2));
    expect_counts(store(), {1, 2, 2});
    EXPECT_TRUE(store().needs_scrub());
    open();
  }
  expect_failure(store().erase(account(1).account), Failure::not_found);
  expect_failure(store().erase(id_of<AccountId>(9)), Failure::not_found);
  expect_failure(store().enrol(account(1), invitation(8)), Failure::refused);
  auto heir = account(3);
  heir.handles[0] = account(1).handles[0];
  expect_ok(store().enrol(heir, std::nullopt));
  expect_there(store(), heir);
}

TEST_P(DirectoryStoreContract, ScrubsOnceWhatWasErasedOrGivenUp) {
  EXPECT_FALSE(store().needs_scrub());
  expect_ok(store().scrub());
  expect_ok(store().enrol(account(1), invitation(1)));
  expect_ok(store().enrol(account(2), invitation(2)));
  auto moved = account(2);
  moved.head = id_of<LinkId>(77);
  expect_ok(store().update(moved, account(2).head));
  EXPECT_FALSE(store().needs_scrub());
  auto fewer = moved;
  fewer.handles.pop_back();
  expect_ok(store().update(fewer, moved.head));
  EXPECT_TRUE(store().needs_scrub());
  expect_ok(store().scrub());
  EXPECT_FALSE(store().needs_scrub());
  expect_ok(store().erase(account(1).account));
  open();  // killed before it could scrub
  EXPECT_TRUE(store().needs_scrub());
  expect_ok(store().scrub());
  for (int kills = 0; kills < 2; ++kills) {
    EXPECT_FALSE(store().needs_scrub());
    expect_there(store(), fewer);
    EXPECT_TRUE(value_of(store().is_erased(account(1).account)));
    expect_counts(store(), {1, 2, 1});
    open();
  }
}

TEST_P(DirectoryStoreContract, ListsAccountsByTheirIds) {
  EXPECT_TRUE(value_of(store().accounts(std::nullopt, 10)).empty());
  for (const auto number : std::initializer_list<std::uint8_t>{5, 1, 4, 2, 3}) {
    expect_ok(store().enrol(account(number, 1), invitation(number)));
  }
  expect_ok(store().erase(account(4, 1).account));
  const auto numbers_of = [](const std::vector<AccountRecord>& records) {
    std::vector<int> numbers;
    for (const auto& record : records) {
      for (std::uint8_t number = 1; number <= 5; ++number) {
        if (record.account != account(number, 1).account) continue;
        expect_same(record, account(number, 1));
        numbers.push_back(number);
      }
    }
    return numbers;
  };
  using Numbers = std::vector<int>;
  const auto list = [&](std::optional<AccountId> after, std::size_t count_max) {
    return numbers_of(value_of(store().accounts(after, count_max)));
  };
  EXPECT_EQ(list(std::nullopt, 10), (Numbers{1, 2, 3, 5}));
  EXPECT_EQ(list(std::nullopt, 2), (Numbers{1, 2}));
  EXPECT_EQ(list(account(2).account, 2), (Numbers{3, 5}));
  EXPECT_EQ(list(account(4).account, 2), (Numbers{5}));  // gone itself
  EXPECT_EQ(list(account(5).account, 2), Numbers{});
  EXPECT_EQ(list(std::nullopt, 0), Numbers{});
}

}  // namespace martlet::store::server_contract
