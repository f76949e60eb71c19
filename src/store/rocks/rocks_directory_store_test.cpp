#include "store/rocks/rocks_directory_store.h"

#include "store/directory_store_contract.h"
#include "store/rocks/faulty_disk.h"

namespace martlet::store::server_contract {
namespace {

using DirectoryRocksDisk = RocksDisk<DirectoryStore>;

template <std::size_t kCachedDevices>
Result<std::unique_ptr<DirectoryStore>> open_store(const std::string& path, rocksdb::Env* env) {
  return std::unique_ptr<DirectoryStore>{
      TRY(RocksDirectoryStore::open(path, {kCachedDevices, env}))};
}
template <std::size_t kCachedDevices>
std::unique_ptr<DirectoryDisk> make_disk() {
  return std::make_unique<DirectoryRocksDisk>(&open_store<kCachedDevices>);
}

// With room for all devices, for a few, and for none.
INSTANTIATE_TEST_SUITE_P(Rocks, DirectoryStoreContract,
                         ::testing::Values(&make_disk<1'000>, &make_disk<4>, &make_disk<0>));
INSTANTIATE_TEST_SUITE_P(Rocks, DirectoryStoreFaults, ::testing::Values(&make_disk<1'000>));

}  // namespace
}  // namespace martlet::store::server_contract
