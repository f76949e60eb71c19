#include "store/rocks/mailbox_rows.h"

#include <gtest/gtest.h>

namespace martlet::store {
namespace {

template <class IdType>
IdType mailbox_id(std::uint8_t number) {
  std::array<std::uint8_t, IdType::kBytes> bytes{};
  bytes.fill(number);
  return IdType{bytes};
}

MailboxItem example_item() {
  MailboxItem item;
  item.kind = ItemKind::undelivered;
  item.recipient = mailbox_id<DeviceId>(1);
  item.sender = mailbox_id<DeviceId>(2);
  item.sender_account = mailbox_id<AccountId>(3);
  item.message = mailbox_id<MessageId>(4);
  item.accepted = unix_millis(0x0102030405);
  item.expires = unix_millis(0x0a0b0c0d0e);
  item.suite = 5;
  item.sealed = Bytes{6, 7, 8};
  return item;
}
Bytes example_row() { return concat({item_header(example_item()), example_item().sealed}); }

TEST(MailboxRows, ItemsComeBackAsTheyWere) {
  const auto loaded = load_item(item_key(example_item().recipient, 77), example_row());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.value().sequence, 77U);
  const auto& item = loaded.value().item;
  EXPECT_EQ(item.kind, ItemKind::undelivered);
  EXPECT_EQ(item.recipient, example_item().recipient);
  EXPECT_EQ(item.sender, example_item().sender);
  EXPECT_EQ(item.sender_account, example_item().sender_account);
  EXPECT_EQ(item.message, example_item().message);
  EXPECT_EQ(item.accepted, example_item().accepted);
  EXPECT_EQ(item.expires, example_item().expires);
  EXPECT_EQ(item.suite, 5);
  EXPECT_EQ(item.sealed, example_item().sealed);
}

TEST(MailboxRows, HaveTheBytesOfTheSpecification) {
  const auto hex = [](char digit, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += std::string{'0', digit};
    return text;
  };
  EXPECT_EQ(to_hex(item_key(mailbox_id<DeviceId>(1), 0x77)),
            "02" + hex('1', 32) + "0000000000000077");
  EXPECT_EQ(to_hex(example_row()), "010205" + hex('2', 32) + hex('3', 32) + hex('4', 16) +
                                       "8000000102030405" + "8000000a0b0c0d0e" + "060708");
  EXPECT_EQ(to_hex(index_key(mailbox_id<DeviceId>(1), ItemKind::envelope, mailbox_id<DeviceId>(2),
                             mailbox_id<MessageId>(4))),
            "03" + hex('1', 32) + "01" + hex('2', 32) + hex('4', 16));
  EXPECT_EQ(to_hex(index_row(0x1234)), "0000000000001234");
  EXPECT_EQ(to_hex(expiry_key(unix_millis(0x99), 0x77, mailbox_id<DeviceId>(1))),
            "0480000000000000990000000000000077" + hex('1', 32));
  EXPECT_EQ(to_hex(expiry_row(0x10203)), "00010203");
  EXPECT_EQ(to_hex(boots_row(3)), "010000000000000003");
}

TEST(MailboxRows, SortByPlaceAndByTime) {
  const auto one = mailbox_id<DeviceId>(1);
  const auto two = mailbox_id<DeviceId>(2);
  EXPECT_LT(item_key(one, 255), item_key(one, 256));
  EXPECT_LT(item_key(one, ~Sequence{0}), item_key(two, 0));
  const std::int64_t times[] = {INT64_MIN, -256, -1, 0, 1, 255, 256, INT64_MAX};
  for (std::size_t i = 1; i < std::size(times); ++i) {
    const auto earlier = expiry_key(unix_millis(times[i - 1]), 9, two);
    const auto later = expiry_key(unix_millis(times[i]), 1, one);
    EXPECT_LT(earlier, later) << times[i];
    EXPECT_EQ(load_expiry(later, expiry_row(1)).value().expires, unix_millis(times[i]));
  }
}

TEST(MailboxRows, DamageIsCorrupt) {
  const auto key = copy_of(item_key(example_item().recipient, 77));
  const auto expiry = copy_of(expiry_key(unix_millis(5), 6, example_item().recipient));
  const auto changed = [](Bytes bytes, std::size_t at, std::uint8_t value) {
    bytes[at] = value;
    return bytes;
  };
  const auto longer = [](Bytes bytes) {
    bytes.push_back(0);
    return bytes;
  };
  struct Case {
    const char* name;
    bool ok;
  };
  const auto header = copy_of(item_header(example_item()));
  const Case cases[] = {
      {"item, empty", load_item(key, {}).ok()},
      {"item, cut", load_item(key, ByteView{header}.first(98)).ok()},
      {"item, layout", load_item(key, changed(example_row(), 0, 2)).ok()},
      {"item, kind 0", load_item(key, changed(example_row(), 1, 0)).ok()},
      {"item, kind 3", load_item(key, changed(example_row(), 1, 3)).ok()},
      {"item, key of another table", load_item(changed(key, 0, 3), example_row()).ok()},
      {"item, key cut", load_item(ByteView{key}.first(40), example_row()).ok()},
      {"item, key longer", load_item(longer(key), example_row()).ok()},
      {"index, cut", load_index(Bytes(7)).ok()},
      {"index, longer", load_index(Bytes(9)).ok()},
      {"expiry, cut", load_expiry(expiry, Bytes(3)).ok()},
      {"expiry, longer", load_expiry(expiry, Bytes(5)).ok()},
      {"expiry, key of another table", load_expiry(changed(expiry, 0, 2), Bytes(4)).ok()},
      {"expiry, key cut", load_expiry(ByteView{expiry}.first(48), Bytes(4)).ok()},
      {"expiry, key longer", load_expiry(longer(expiry), Bytes(4)).ok()},
      {"boots, empty", load_boots({}).ok()},
      {"boots, cut", load_boots(ByteView{boots_row(1)}.first(8)).ok()},
      {"boots, longer", load_boots(longer(copy_of(boots_row(1)))).ok()},
      {"boots, layout", load_boots(changed(copy_of(boots_row(1)), 0, 2)).ok()},
  };
  for (const auto& [name, ok] : cases) EXPECT_FALSE(ok) << name;
  EXPECT_EQ(load_item(key, {}).error().failure, Failure::corrupt);
  EXPECT_EQ(load_index({}).error().failure, Failure::corrupt);
  EXPECT_EQ(load_index(Bytes(9)).error().failure, Failure::corrupt);
  EXPECT_EQ(load_expiry(expiry, {}).error().failure, Failure::corrupt);
  EXPECT_EQ(load_boots({}).error().failure, Failure::corrupt);
}

}  // namespace
}  // namespace martlet::store
