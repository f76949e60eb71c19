#include "store/rocks/rocks_proof_store.h"

#include "store/proof_store_contract.h"
#include "store/rocks/faulty_disk.h"

namespace martlet::store::server_contract {
namespace {

Result<std::unique_ptr<ProofStore>> open_proof_rocks(const std::string& path, rocksdb::Env* env) {
  return std::unique_ptr<ProofStore>{TRY(RocksProofStore::open(path, env))};
}
std::unique_ptr<ProofDisk> make_proof_rocks() {
  return std::make_unique<RocksDisk<ProofStore>>(&open_proof_rocks);
}

INSTANTIATE_TEST_SUITE_P(Rocks, ProofStoreContract, ::testing::Values(&make_proof_rocks));

TEST(ProofScrub, LeavesNothingOfWhatWasRemoved) {
  RocksDisk<ProofStore> disk{&open_proof_rocks};
  const auto is_on_disk = [&](const std::string& text) {
    for (const auto& entry : std::filesystem::directory_iterator{disk.path()}) {
      if (text_of(read_file(entry.path())).find(text) != std::string::npos) return true;
    }
    return false;
  };
  HandleProof proof;
  proof.account = id_of<AccountId>(1);
  proof.handle = "canary-4711@example.org";
  proof.kind = ProofKind::mail_link;
  proof.state = ProofState::waiting;
  auto other = proof;
  other.handle = "other-4712@example.org";
  for (int openings = 0; openings < 3; ++openings) {  // each makes a table of the log
    expect_ok(disk.open());
    expect_ok(disk.store().put(other));
    expect_ok(disk.store().put(proof));
  }
  expect_ok(disk.store().remove(proof.account, proof.handle));
  EXPECT_TRUE(is_on_disk(proof.handle));
  expect_ok(disk.store().scrub());
  EXPECT_FALSE(is_on_disk(proof.handle));
  EXPECT_TRUE(is_on_disk(other.handle));
  expect_ok(disk.open());
  EXPECT_FALSE(is_on_disk(proof.handle));
  EXPECT_EQ(value_of(disk.store().all()), std::vector{other});
}

}  // namespace
}  // namespace martlet::store::server_contract
