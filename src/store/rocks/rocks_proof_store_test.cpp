#include "store/rocks/rocks_proof_store.h"

#include "store/proof_store_contract.h"
#include "store/rocks/faulty_disk.h"

namespace martlet::store::server_contract {
namespace {

Result<std::unique_ptr<ProofStore>> open_store(const std::string& path, rocksdb::Env* env) {
  return std::unique_ptr<ProofStore>{TRY(RocksProofStore::open(path, env))};
}
std::unique_ptr<ProofDisk> make_disk() {
  return std::make_unique<RocksDisk<ProofStore>>(&open_store);
}

INSTANTIATE_TEST_SUITE_P(Rocks, ProofStoreContract, ::testing::Values(&make_disk));

}  // namespace
}  // namespace martlet::store::server_contract
