#include "store/rocks/rocks_directory_store.h"

#include "store/directory_store_contract.h"
#include "store/rocks/faulty_disk.h"

namespace martlet::store::server_contract {
namespace {

using DirectoryRocksDisk = RocksDisk<DirectoryStore>;

template <std::size_t kCachedDevices>
Result<std::unique_ptr<DirectoryStore>> open_directory_rocks(const std::string& path,
                                                             rocksdb::Env* env) {
  return std::unique_ptr<DirectoryStore>{
      TRY(RocksDirectoryStore::open(path, {kCachedDevices, env}))};
}
template <std::size_t kCachedDevices>
std::unique_ptr<DirectoryDisk> make_directory_rocks() {
  return std::make_unique<DirectoryRocksDisk>(&open_directory_rocks<kCachedDevices>);
}

// With room for all devices, for a few, and for none.
INSTANTIATE_TEST_SUITE_P(Rocks, DirectoryStoreContract,
                         ::testing::Values(&make_directory_rocks<1'000>, &make_directory_rocks<4>,
                                           &make_directory_rocks<0>));
INSTANTIATE_TEST_SUITE_P(Rocks, DirectoryStoreFaults,
                         ::testing::Values(&make_directory_rocks<1'000>));

/// Whether any file of the store holds `text`.
bool is_on_disk(const std::filesystem::path& folder, const std::string& text) {
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    if (text_of(read_file(entry.path())).find(text) != std::string::npos) return true;
  }
  return false;
}

constexpr const char* kCanary = "canary-4711@example.org";
constexpr const char* kOther = "other-4712@example.org";

class DirectoryScrub : public ::testing::Test {
 protected:
  void SetUp() override { expect_ok(disk_.open()); }
  DirectoryStore& store() { return disk_.store(); }
  static AccountRecord named(std::uint8_t number, const std::string& handle) {
    auto record = account(number);
    record.handles = {handle};
    record.links = {bytes_of_text("link of " + handle)};
    return record;
  }
  static Bytes bytes_of_text(const std::string& text) { return copy_of(bytes_of(text)); }
  void enrol(std::uint8_t number, const std::string& handle) {
    auto by = invitation(number);
    by.handle = handle;
    expect_ok(store().put_invitation(by));
    by.uses_left = 0;
    by.used_by = {named(number, handle).account};
    expect_ok(store().enrol(named(number, handle), by));
  }
  void expect_gone_after_scrub() {
    EXPECT_TRUE(is_on_disk(disk_.path(), kCanary));
    expect_ok(store().scrub());
    EXPECT_FALSE(is_on_disk(disk_.path(), kCanary));
    EXPECT_TRUE(is_on_disk(disk_.path(), kOther));
    expect_ok(disk_.open());
    EXPECT_FALSE(is_on_disk(disk_.path(), kCanary));
    expect_there(store(), named(2, kOther));
  }
  DirectoryRocksDisk disk_{&open_directory_rocks<100>};
};

TEST_F(DirectoryScrub, ClearsTheLog) {
  enrol(1, kCanary);
  enrol(2, kOther);
  expect_ok(store().erase(named(1, kCanary).account));
  expect_gone_after_scrub();
}

TEST_F(DirectoryScrub, ClearsTablesAndTheListOfThem) {
  // Each opening turns the log into a table whose first and last key stand in the list of files.
  // Three of them: from the fourth on RocksDB merges them in its own time, perhaps before we look.
  enrol(2, kOther);
  expect_ok(disk_.open());
  enrol(1, kCanary);
  expect_ok(disk_.open());
  expect_ok(store().set_status(named(1, kCanary).account, AccountStatus::suspended));
  expect_ok(store().erase(named(1, kCanary).account));
  expect_ok(disk_.open());
  expect_gone_after_scrub();
}

TEST_F(DirectoryScrub, ClearsAHandleThatWasGivenUp) {
  enrol(2, kOther);
  auto record = account(1);
  record.handles = {"stays@example.org", kCanary};
  expect_ok(store().enrol(record, std::nullopt));
  expect_ok(disk_.open());
  record.handles.pop_back();
  expect_ok(store().update(record, record.head));
  expect_gone_after_scrub();
}

TEST_F(DirectoryScrub, AFailedScrubIsDoneAgain) {
  enrol(1, kCanary);
  enrol(2, kOther);
  expect_ok(store().erase(named(1, kCanary).account));
  disk_.fail_write(0, WriteFault::lost);
  expect_failure(store().scrub(), Failure::unavailable);
  EXPECT_TRUE(store().needs_scrub());
  expect_gone_after_scrub();
}

}  // namespace
}  // namespace martlet::store::server_contract
