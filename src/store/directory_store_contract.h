#pragma once

// What every DirectoryStore engine must do. An engine's test includes this file, wraps its disk in
// a DirectoryDisk and instantiates DirectoryStoreContract and DirectoryStoreFaults:
//   INSTANTIATE_TEST_SUITE_P(Memory, DirectoryStoreContract, ::testing::Values(&make_disk));

#include "base/limits.h"
#include "store/directory_store.h"
#include "store/server_store_contract.h"

namespace martlet::store::server_contract {

using DirectoryDisk = Disk<DirectoryStore>;
using MakeDirectoryDisk = std::unique_ptr<DirectoryDisk> (*)();

inline Invitation invitation(std::uint8_t number) {
  Invitation invitation;
  invitation.token_hash.fill(number);
  invitation.handle = "guest" + std::to_string(number) + "@example.org";
  invitation.admin = number % 2 == 1;
  invitation.uses_left = 1'000U + number;
  invitation.expires = unix_millis(5'000'000'000'000 + number);
  for (std::uint8_t i = 0; i < number % 4; ++i) invitation.used_by.push_back(id_of<AccountId>(i));
  return invitation;
}

/// Account `number` has `devices` devices and handles, numbered from 10 * number.
inline AccountRecord account(std::uint8_t number, std::size_t devices = 2) {
  AccountRecord record;
  record.account = id_of<AccountId>(number);
  record.head = id_of<LinkId>(number);
  record.enrolled = unix_millis(1'700'000'000'000 + number);
  for (std::size_t i = 0; i < devices; ++i) {
    const auto name = static_cast<std::uint8_t>(10 * number + i);
    record.devices.push_back(device(name));
    record.handles.push_back("h" + std::to_string(name) + "@example.org");
    record.links.push_back(Bytes(100 * i + 1, name));
  }
  return record;
}

inline void expect_same(const Invitation& a, const Invitation& b) {
  EXPECT_EQ(a.token_hash, b.token_hash);
  EXPECT_EQ(a.handle, b.handle);
  EXPECT_EQ(a.admin, b.admin);
  EXPECT_EQ(a.uses_left, b.uses_left);
  EXPECT_EQ(a.expires, b.expires);
  EXPECT_EQ(a.used_by, b.used_by);
}
inline void expect_same(const AccountRecord& a, const AccountRecord& b) {
  EXPECT_EQ(a.account, b.account);
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.admin, b.admin);
  EXPECT_EQ(a.enrolled, b.enrolled);
  EXPECT_EQ(a.handles, b.handles);
  EXPECT_EQ(a.devices, b.devices);
  EXPECT_EQ(a.head, b.head);
  EXPECT_EQ(a.links, b.links);
}

/// Account `record` is there, and its handles and devices lead to it.
inline void expect_there(DirectoryStore& store, const AccountRecord& record) {
  const auto found = value_of(store.account(record.account));
  ASSERT_TRUE(found.has_value());
  expect_same(*found, record);
  for (const auto& handle : record.handles) {
    EXPECT_EQ(value_of(store.account_of_handle(handle)), record.account);
  }
  for (const auto& device : record.devices) {
    const auto seen = value_of(store.device(device));
    ASSERT_TRUE(seen.has_value());
    EXPECT_EQ(seen->account, record.account);
    EXPECT_EQ(seen->head, record.head);
    EXPECT_EQ(seen->status, record.status);
  }
}
inline void expect_counts(DirectoryStore& store, const DirectoryCounts& expected) {
  const auto counts = value_of(store.counts());
  EXPECT_EQ(counts.accounts, expected.accounts);
  EXPECT_EQ(counts.devices, expected.devices);
  EXPECT_EQ(counts.handles, expected.handles);
}

}  // namespace martlet::store::server_contract

#include "store/directory_store_contract_cases.h"
#include "store/directory_store_contract_faults.h"
#include "store/directory_store_contract_operator.h"
