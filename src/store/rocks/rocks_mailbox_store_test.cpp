#include "store/rocks/rocks_mailbox_store.h"

#include "store/mailbox_store_contract.h"
#include "store/rocks/faulty_disk.h"

namespace martlet::store::server_contract {
namespace {

using MailboxRocksDisk = RocksDisk<MailboxStore, MailboxLimits>;

Result<std::unique_ptr<MailboxStore>> open_mailbox_rocks(const std::string& path, rocksdb::Env* env,
                                                         const MailboxLimits& limits) {
  return std::unique_ptr<MailboxStore>{TRY(RocksMailboxStore::open(path, {limits, env}))};
}
std::unique_ptr<MailboxDisk> make_mailbox_rocks() {
  return std::make_unique<MailboxRocksDisk>(&open_mailbox_rocks);
}

INSTANTIATE_TEST_SUITE_P(Rocks, MailboxStoreContract, ::testing::Values(&make_mailbox_rocks));
INSTANTIATE_TEST_SUITE_P(Rocks, MailboxStoreLate, ::testing::Values(&make_mailbox_rocks));
INSTANTIATE_TEST_SUITE_P(Rocks, MailboxStoreModel, ::testing::Values(&make_mailbox_rocks));
INSTANTIATE_TEST_SUITE_P(Rocks, MailboxStoreFaults, ::testing::Values(&make_mailbox_rocks));

/// Whether any file of the store holds the sealed bytes of `item`.
bool is_on_disk(const std::filesystem::path& folder, const MailboxItem& item) {
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    const auto bytes = read_file(entry.path());
    // A log is cut into blocks, so a long item may be, too.
    const auto part = ByteView{item.sealed}.last(200);
    if (std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end())
      return true;
  }
  return false;
}

class Scrub : public ::testing::Test {
 protected:
  void SetUp() override { expect_ok(disk_.open({})); }
  MailboxStore& store() { return disk_.store(); }
  Sequence append(const MailboxItem& item) { return value_of(store().append(item)); }
  void sync() { expect_ok(store().sync()); }
  bool is_on_disk(const MailboxItem& item) {
    return server_contract::is_on_disk(disk_.path(), item);
  }
  void expect_gone_after_scrub(const MailboxItem& gone) {
    EXPECT_TRUE(is_on_disk(gone));
    EXPECT_GE(store().scrubbable_bytes(), 1U);
    expect_ok(store().scrub());
    EXPECT_FALSE(is_on_disk(gone));
    EXPECT_EQ(store().scrubbable_bytes(), 0U);
    EXPECT_TRUE(is_on_disk(kept_));
    expect_ok(disk_.open({}));
    EXPECT_FALSE(is_on_disk(gone));
    EXPECT_EQ(store().scrubbable_bytes(), 0U);
    EXPECT_EQ(store().total().items, 1U);
  }

  const MailboxItem kept_ = envelope(1, 1, 1'000);
  const MailboxItem gone_ = envelope(1, 2, 1'000);
  MailboxRocksDisk disk_{&open_mailbox_rocks};
};

TEST_F(Scrub, ClearsTheLog) {
  append(kept_);
  const auto sequence = append(gone_);
  sync();
  expect_ok(store().remove(device(1), sequence));
  sync();
  expect_gone_after_scrub(gone_);
}

TEST_F(Scrub, ClearsTables) {
  append(kept_);
  const auto sequence = append(gone_);
  sync();
  expect_ok(disk_.open({}));  // the log becomes a table
  expect_ok(store().remove(device(1), sequence));
  sync();
  expect_gone_after_scrub(gone_);
}

TEST_F(Scrub, ClearsTablesOfEveryLevel) {
  append(kept_);
  const auto sequence = append(gone_);
  const auto other = append(envelope(2, 3));
  sync();
  expect_ok(store().remove(device(2), other));
  sync();
  expect_ok(store().scrub());  // moves the rest to the lowest level
  EXPECT_TRUE(is_on_disk(gone_));
  expect_ok(store().remove(device(1), sequence));
  sync();
  expect_gone_after_scrub(gone_);
}

TEST_F(Scrub, ClearsWhatAnEarlierProcessRemoved) {
  append(kept_);
  const auto sequence = append(gone_);
  sync();
  expect_ok(disk_.open({}));
  expect_ok(store().remove(device(1), sequence));
  sync();
  expect_ok(disk_.open({}));  // killed before it could scrub
  expect_gone_after_scrub(gone_);
}

TEST_F(Scrub, ClearsWhatExpired) {
  append(kept_);
  auto gone = gone_;
  gone.expires = unix_millis(5);
  append(gone);
  sync();
  EXPECT_EQ(value_of(store().expire(unix_millis(5), 10)).size(), 1U);
  sync();
  expect_gone_after_scrub(gone_);
}

TEST_F(Scrub, ClearsWhatAFailedSyncWrote) {
  append(kept_);
  sync();
  const auto other = append(envelope(2, 3));
  sync();
  append(gone_);
  disk_.fail_write(0, WriteFault::written);
  expect_failure(store().sync(), Failure::unavailable);
  EXPECT_TRUE(is_on_disk(gone_));
  expect_ok(store().remove(device(2), other));
  sync();
  expect_gone_after_scrub(gone_);
}

TEST_F(Scrub, LeavesNothingOfWhatWasSyncedAndRemovedManyTimes) {
  append(kept_);
  std::vector<MailboxItem> gone;
  for (std::uint32_t i = 10; i < 40; ++i) {
    gone.push_back(envelope(static_cast<std::uint8_t>(i % 5), i, 500 + 100 * i));
    const auto sequence = append(gone.back());
    sync();
    if (i % 10 == 0) expect_ok(disk_.open({}));
    expect_ok(store().remove(gone.back().recipient, sequence));
    sync();
    if (i % 15 == 0) expect_ok(store().scrub());
  }
  for (const auto& item : gone) EXPECT_TRUE(is_on_disk(item) || item.sealed.size() < 3'600);
  expect_gone_after_scrub(gone.back());
  for (const auto& item : gone) EXPECT_FALSE(is_on_disk(item));
}

}  // namespace
}  // namespace martlet::store::server_contract
