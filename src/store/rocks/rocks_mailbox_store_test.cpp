#include "store/rocks/rocks_mailbox_store.h"

#include "store/mailbox_store_contract.h"
#include "store/rocks/faulty_disk.h"

namespace martlet::store::server_contract {
namespace {

using MailboxRocksDisk = RocksDisk<MailboxStore, MailboxLimits>;

Result<std::unique_ptr<MailboxStore>> open_store(const std::string& path, rocksdb::Env* env,
                                                 const MailboxLimits& limits) {
  return std::unique_ptr<MailboxStore>{TRY(RocksMailboxStore::open(path, {limits, env}))};
}
std::unique_ptr<MailboxDisk> make_disk() { return std::make_unique<MailboxRocksDisk>(&open_store); }

INSTANTIATE_TEST_SUITE_P(Rocks, MailboxStoreContract, ::testing::Values(&make_disk));
INSTANTIATE_TEST_SUITE_P(Rocks, MailboxStoreModel, ::testing::Values(&make_disk));
INSTANTIATE_TEST_SUITE_P(Rocks, MailboxStoreFaults, ::testing::Values(&make_disk));

}  // namespace
}  // namespace martlet::store::server_contract
