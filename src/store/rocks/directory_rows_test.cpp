#include "store/rocks/directory_rows.h"

#include <gtest/gtest.h>

#include <functional>

namespace martlet::store {
namespace {

template <class IdType>
IdType directory_id(std::uint8_t number) {
  std::array<std::uint8_t, IdType::kBytes> bytes{};
  bytes.fill(number);
  return IdType{bytes};
}

AccountRecord example_account() {
  AccountRecord record;
  record.account = directory_id<AccountId>(1);
  record.status = AccountStatus::suspended;
  record.admin = true;
  record.enrolled = unix_millis(0x0102);
  record.handles = {"a@b", ""};
  record.devices = {directory_id<DeviceId>(2)};
  record.head = directory_id<LinkId>(3);
  record.links = {{4, 5}, {}};
  return record;
}
Invitation example_invitation() {
  Invitation invitation;
  invitation.token_hash.fill(9);
  invitation.handle = "a@b";
  invitation.admin = true;
  invitation.uses_left = 0x10203;
  invitation.expires = unix_millis(-1);
  invitation.used_by = {directory_id<AccountId>(6)};
  return invitation;
}

std::string hex(char digit) {
  std::string text;
  for (int i = 0; i < 32; ++i) text += std::string{'0', digit};
  return text;
}

TEST(DirectoryRows, HaveTheBytesOfTheSpecification) {
  EXPECT_EQ(to_hex(directory_key(DirectoryTable::handles, bytes_of("a@b"))), "04614062");
  EXPECT_EQ(to_hex(counts_row({1, 2, 3})), "01000000000000000100000000000000020000000000000003");
  EXPECT_EQ(to_hex(invitation_row(example_invitation())),
            "010361406201"
            "00010203"
            "ffffffffffffffff"
            "00000001" +
                hex('6'));
  EXPECT_EQ(to_hex(account_row(example_account())),
            "010201"
            "0000000000000102" +
                hex('3') +
                "00000002"
                "03614062"
                "00"
                "00000001" +
                hex('2') +
                "00000002"
                "00020405"
                "0000");
  EXPECT_EQ(to_hex(handle_row(directory_id<AccountId>(1))), "01" + hex('1'));
  EXPECT_EQ(to_hex(device_row(
                {directory_id<AccountId>(1), directory_id<LinkId>(3), AccountStatus::active})),
            "01" + hex('1') + hex('3') + "01");
}

struct Table {
  const char* name;
  Bytes row;
  std::function<Result<Bytes>(ByteView)> reload;  ///< loads, and encodes again
};

std::vector<Table> tables() {
  return {
      {"counts", counts_row({1, 2, 3}),
       [](ByteView row) -> Result<Bytes> { return counts_row(TRY(load_counts(row))); }},
      {"invitation", invitation_row(example_invitation()),
       [](ByteView row) -> Result<Bytes> { return invitation_row(TRY(load_invitation({}, row))); }},
      {"account", account_row(example_account()),
       [](ByteView row) -> Result<Bytes> { return account_row(TRY(load_account({}, row))); }},
      {"handle", handle_row(directory_id<AccountId>(1)),
       [](ByteView row) -> Result<Bytes> { return handle_row(TRY(load_handle(row))); }},
      {"device",
       device_row({directory_id<AccountId>(1), directory_id<LinkId>(3), AccountStatus::suspended}),
       [](ByteView row) -> Result<Bytes> { return device_row(TRY(load_device(row))); }},
  };
}

TEST(DirectoryRows, ComeBackAsTheyWere) {
  for (const auto& [name, row, reload] : tables()) {
    SCOPED_TRACE(name);
    const auto again = reload(row);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again.value(), row);
  }
}

TEST(DirectoryRows, DamageIsCorrupt) {
  for (const auto& [name, row, reload] : tables()) {
    SCOPED_TRACE(name);
    const auto expect_corrupt = [&reload = reload](ByteView damaged) {
      const auto loaded = reload(damaged);
      ASSERT_FALSE(loaded.ok());
      EXPECT_EQ(loaded.error().failure, Failure::corrupt);
    };
    for (std::size_t size = 0; size < row.size(); ++size) {
      SCOPED_TRACE(size);
      expect_corrupt(ByteView{row}.first(size));
    }
    expect_corrupt(concat({row, Bytes{0}}));
    auto layout = row;
    layout[0] = 2;
    expect_corrupt(layout);
  }
  struct Change {
    const char* name;
    std::size_t table, at;
    std::uint8_t value;
  };
  const Change changes[] = {
      {"an invitation's flag", 1, 5, 2},     {"an account's status", 2, 1, 0},
      {"an account's status", 2, 1, 3},      {"an account's flag", 2, 2, 2},
      {"four billion handles", 2, 43, 0xff}, {"a device's status", 4, 65, 0},
      {"many who used it", 1, 18, 0xff},
  };
  for (const auto& [name, table, at, value] : changes) {
    SCOPED_TRACE(name);
    auto row = tables()[table].row;
    row[at] = value;
    EXPECT_FALSE(tables()[table].reload(row).ok());
  }
}

}  // namespace
}  // namespace martlet::store
