#include "store/rocks/rocks_proof_store.h"

#include <rocksdb/write_batch.h>

#include "store/rocks/proof_rows.h"
#include "store/rocks/rocks_database.h"

namespace martlet::store {
namespace {

constexpr std::size_t kProofWriteBufferBytes = 256 * 1024;
constexpr std::size_t kProofCacheBytes = 256 * 1024;

}  // namespace

Result<std::unique_ptr<RocksProofStore>> RocksProofStore::open(const std::string& path,
                                                               rocksdb::Env* env,
                                                               std::string* damaged_file) {
  auto database =
      TRY(RocksDatabase::open(path, {kProofWriteBufferBytes, kProofCacheBytes, env}, damaged_file));
  return std::unique_ptr<RocksProofStore>{new RocksProofStore{std::move(database)}};
}

RocksProofStore::RocksProofStore(std::unique_ptr<RocksDatabase> database)
    : database_{std::move(database)} {}

RocksProofStore::~RocksProofStore() = default;

Result<void> RocksProofStore::put(const HandleProof& proof) {
  const auto row = proof_row(proof);
  return replace(proof_key(proof.account, proof.handle), &row);
}

Result<void> RocksProofStore::remove(const AccountId& account, const std::string& handle) {
  return replace(proof_key(account, handle), nullptr);
}

Result<void> RocksProofStore::scrub() { return database_->scrub_names(); }

/// A row is erased before it is put again (rocks_database.h).
Result<void> RocksProofStore::replace(ByteView key, const Bytes* row) {
  TRY(database_->mend());
  rocksdb::WriteBatch batch;
  const auto before = TRY(database_->get(key));
  if (!before && row == nullptr) return {};
  if (before) RocksDatabase::erase(batch, key);
  if (row != nullptr) RocksDatabase::put(batch, key, {*row});
  return database_->write(std::move(batch));
}

Result<std::vector<HandleProof>> RocksProofStore::all() {
  std::vector<HandleProof> proofs;
  const Bytes end{0xff};
  TRY(database_->scan({}, end, [&](ByteView key, ByteView row) -> Result<bool> {
    proofs.push_back(TRY(load_proof(key, row)));
    return true;
  }));
  return proofs;
}

}  // namespace martlet::store
