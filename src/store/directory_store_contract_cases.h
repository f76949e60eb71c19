#pragma once

// Part of directory_store_contract.h: what an engine does while its disk works.

#include "store/directory_store_contract.h"

namespace martlet::store::server_contract {

class DirectoryStoreContract : public ::testing::TestWithParam<MakeDirectoryDisk> {
 protected:
  void SetUp() override { open(); }
  void open() { expect_ok(disk_->open()); }
  DirectoryStore& store() { return disk_->store(); }

  std::unique_ptr<DirectoryDisk> disk_ = GetParam()();
};

TEST_P(DirectoryStoreContract, IsEmptyAtFirst) {
  EXPECT_FALSE(value_of(store().invitation(invitation(1).token_hash)).has_value());
  EXPECT_FALSE(value_of(store().account(id_of<AccountId>(1))).has_value());
  EXPECT_FALSE(value_of(store().account_of_handle("h10@example.org")).has_value());
  EXPECT_FALSE(value_of(store().account_of_handle("")).has_value());
  EXPECT_FALSE(value_of(store().device(device(10))).has_value());
  EXPECT_FALSE(value_of(store().is_former(device(10))));
  expect_counts(store(), {});
}

TEST_P(DirectoryStoreContract, KeepsInvitations) {
  for (std::uint8_t number = 1; number <= 3; ++number)
    expect_ok(store().put_invitation(invitation(number)));
  auto changed = invitation(2);
  changed.handle.clear();
  changed.uses_left = 0;
  changed.expires = unix_millis(0);
  changed.used_by.assign(limits::kInvitationUsesMax, id_of<AccountId>(9));
  expect_ok(store().put_invitation(changed));
  for (int kills = 0; kills < 2; ++kills) {
    for (const auto& expected : {invitation(1), changed, invitation(3)}) {
      const auto found = value_of(store().invitation(expected.token_hash));
      ASSERT_TRUE(found.has_value());
      expect_same(*found, expected);
    }
    EXPECT_FALSE(value_of(store().invitation(invitation(4).token_hash)).has_value());
    open();
  }
  expect_counts(store(), {});
}

TEST_P(DirectoryStoreContract, EnrolsAnAccountAndItsInvitationTogether) {
  auto admin = account(2, 16);
  admin.admin = true;
  admin.status = AccountStatus::suspended;
  admin.links.assign(limits::kLinksMax, Bytes(300, 7));
  admin.links.back().assign(limits::kLinkBytesMax, 8);
  admin.handles.resize(1);
  const auto nameless = [] {
    auto record = account(4, 1);
    record.handles.clear();
    return record;
  }();
  EXPECT_FALSE(value_of(store().device(device(10))).has_value());  // not remembered as unknown
  expect_ok(store().enrol(account(1), invitation(1)));
  expect_ok(store().enrol(admin, invitation(2)));
  expect_ok(store().enrol(nameless, invitation(1)));
  for (int kills = 0; kills < 2; ++kills) {
    expect_there(store(), account(1));
    expect_there(store(), admin);
    expect_there(store(), nameless);
    expect_same(value_of(store().invitation(invitation(2).token_hash)).value(), invitation(2));
    expect_counts(store(), {3, 19, 3});
    open();
  }
}

TEST_P(DirectoryStoreContract, RefusesToEnrolWhatBelongsToAnother) {
  struct Case {
    const char* name;
    void (*change)(AccountRecord& newcomer);
  };
  const Case cases[] = {
      {"the account itself", [](AccountRecord& a) { a.account = account(1).account; }},
      {"a handle", [](AccountRecord& a) { a.handles.back() = account(1).handles.back(); }},
      {"its first handle", [](AccountRecord& a) { a.handles[0] = account(1).handles[1]; }},
      {"a device", [](AccountRecord& a) { a.devices.back() = account(1).devices[0]; }},
      {"everything", [](AccountRecord& a) { a = account(1); }},
  };
  expect_ok(store().enrol(account(1), invitation(1)));
  for (const auto& [name, change] : cases) {
    SCOPED_TRACE(name);
    auto newcomer = account(2);
    change(newcomer);
    expect_failure(store().enrol(newcomer, invitation(2)), Failure::refused);
    open();
    expect_failure(store().enrol(newcomer, invitation(2)), Failure::refused);
    expect_there(store(), account(1));
    expect_counts(store(), {1, 2, 2});
    EXPECT_FALSE(value_of(store().account(account(2).account)).has_value());
    EXPECT_FALSE(value_of(store().account_of_handle(account(2).handles[0])).has_value());
    EXPECT_FALSE(value_of(store().device(account(2).devices[0])).has_value());
    EXPECT_FALSE(value_of(store().invitation(invitation(2).token_hash)).has_value());
  }
  expect_ok(store().enrol(account(2), invitation(2)));
}

TEST_P(DirectoryStoreContract, UpdatesWhatTheChainSays) {
  const auto before = account(1, 3);
  expect_ok(store().enrol(before, invitation(1)));
  expect_there(store(), before);  // so that its devices were seen lately
  auto after = account(1, 1);
  after.head = id_of<LinkId>(77);
  after.handles = {"h11@example.org", "new@example.org"};
  after.devices.push_back(device(99));
  after.links.push_back({1, 2, 3});
  auto given = after;  // these three are not the chain's to say
  given.status = AccountStatus::suspended;
  given.admin = true;
  given.enrolled = unix_millis(1);
  expect_ok(store().update(given, before.head));
  for (int kills = 0; kills < 2; ++kills) {
    expect_there(store(), after);
    EXPECT_FALSE(value_of(store().device(device(11))).has_value());
    EXPECT_FALSE(value_of(store().device(device(12))).has_value());
    for (std::uint8_t i = 9; i < 14; ++i) {
      EXPECT_EQ(value_of(store().is_former(device(i))), i == 11 || i == 12) << unsigned{i};
    }
    EXPECT_FALSE(value_of(store().is_former(device(99))));
    EXPECT_FALSE(value_of(store().account_of_handle("h10@example.org")).has_value());
    EXPECT_FALSE(value_of(store().account_of_handle("h12@example.org")).has_value());
    expect_counts(store(), {1, 2, 2});
    open();
  }
  auto heir = account(2);  // what is free can be had
  heir.handles[0] = "h10@example.org";
  heir.devices[0] = device(11);
  expect_ok(store().enrol(heir, invitation(2)));
  expect_there(store(), heir);
  expect_counts(store(), {2, 4, 4});
  EXPECT_FALSE(value_of(store().is_former(device(11))));
  EXPECT_TRUE(value_of(store().is_former(device(12))));
  auto later = after;  // the first account's next link does not touch the heir
  later.head = id_of<LinkId>(78);
  expect_ok(store().update(later, after.head));
  for (int kills = 0; kills < 2; ++kills) {
    expect_there(store(), heir);
    EXPECT_FALSE(value_of(store().is_former(device(11))));
    EXPECT_TRUE(value_of(store().is_former(device(12))));
    open();
  }
}

TEST_P(DirectoryStoreContract, RefusesToUpdateFromAnotherHeadOrOverAnother) {
  struct Case {
    const char* name;
    void (*change)(AccountRecord& next, LinkId& known_head);
  };
  const Case cases[] = {
      {"another head", [](AccountRecord&, LinkId& head) { head = id_of<LinkId>(50); }},
      {"the new head", [](AccountRecord& next, LinkId& head) { head = next.head; }},
      {"a zero head", [](AccountRecord&, LinkId& head) { head = {}; }},
      {"no such account", [](AccountRecord& a, LinkId&) { a.account = id_of<AccountId>(50); }},
      {"a taken handle", [](AccountRecord& a, LinkId&) { a.handles[0] = account(2).handles[1]; }},
      {"a taken device", [](AccountRecord& a, LinkId&) { a.devices[0] = account(2).devices[1]; }},
  };
  expect_ok(store().enrol(account(1), invitation(1)));
  expect_ok(store().enrol(account(2), invitation(2)));
  for (const auto& [name, change] : cases) {
    SCOPED_TRACE(name);
    auto next = account(1, 4);
    next.head = id_of<LinkId>(60);
    auto known_head = account(1).head;
    change(next, known_head);
    expect_failure(store().update(next, known_head), Failure::refused);
    open();
    expect_failure(store().update(next, known_head), Failure::refused);
    expect_there(store(), account(1));
    expect_there(store(), account(2));
    expect_counts(store(), {2, 4, 4});
    EXPECT_FALSE(value_of(store().device(device(13))).has_value());
  }
}

TEST_P(DirectoryStoreContract, MovesAHandleFromWhoeverHasIt) {
  auto first = account(1, 2);
  auto second = account(2, 1);
  expect_ok(store().enrol(first, invitation(1)));
  expect_ok(store().enrol(second, invitation(2)));
  expect_failure(store().move_handle("h10@example.org", id_of<AccountId>(50)), Failure::refused);
  expect_failure(store().move_handle("new@example.org", id_of<AccountId>(50)), Failure::refused);
  expect_there(store(), first);

  EXPECT_EQ(value_of(store().move_handle("new@example.org", first.account)), std::nullopt);
  EXPECT_EQ(value_of(store().move_handle("h10@example.org", first.account)),
            std::nullopt);  // its own
  EXPECT_EQ(value_of(store().move_handle("h20@example.org", first.account)), second.account);
  first.handles = {"h10@example.org", "h11@example.org", "new@example.org", "h20@example.org"};
  second.handles.clear();
  for (int kills = 0; kills < 2; ++kills) {
    expect_there(store(), first);
    expect_there(store(), second);
    expect_counts(store(), {2, 3, 4});
    open();
  }
  EXPECT_EQ(value_of(store().move_handle("h20@example.org", second.account)), first.account);
  EXPECT_EQ(value_of(store().move_handle("h10@example.org", second.account)), first.account);
  first.handles = {"h11@example.org", "new@example.org"};
  second.handles = {"h20@example.org", "h10@example.org"};
  expect_there(store(), first);
  expect_there(store(), second);
  expect_counts(store(), {2, 3, 4});
}

TEST_P(DirectoryStoreContract, UpdatesManyTimes) {
  auto record = account(1, 1);
  expect_ok(store().enrol(record, invitation(1)));
  for (std::uint8_t i = 1; i < 60; ++i) {
    const auto known_head = record.head;
    record.head = id_of<LinkId>(static_cast<std::uint8_t>(100 + i));
    record.links.push_back(Bytes(300, i));
    record.devices = {device(static_cast<std::uint8_t>(i / 2)), device(250)};
    expect_ok(store().update(record, known_head));
    expect_there(store(), record);
  }
  open();
  expect_there(store(), record);
  expect_counts(store(), {1, 2, 1});
}

}  // namespace martlet::store::server_contract
