#pragma once

#include <memory>

#include "store/proof_store.h"

namespace rocksdb {
class Env;
}

namespace martlet::store {

class RocksDatabase;

/// Proofs in a RocksDB (spec/mailbox-rocks.md).
class RocksProofStore final : public ProofStore {
 public:
  /// Opens the folder `path`, or creates it in a folder that is there. Recovers from a crash by
  /// itself. Fails with `in_use`, `unavailable`, or `corrupt`: then `damaged_file`, if given, gets
  /// the name of the file that is damaged or missing (empty: it is not known). `env` outlives the
  /// store; none: the machine's.
  static Result<std::unique_ptr<RocksProofStore>> open(const std::string& path,
                                                       rocksdb::Env* env = nullptr,
                                                       std::string* damaged_file = nullptr);
  ~RocksProofStore() override;

  Result<void> put(const HandleProof& proof) override;
  Result<void> remove(const AccountId& account, const std::string& handle) override;
  Result<std::vector<HandleProof>> all() override;
  Result<void> scrub() override;

 private:
  explicit RocksProofStore(std::unique_ptr<RocksDatabase> database);
  Result<void> replace(ByteView key, const Bytes* row);

  const std::unique_ptr<RocksDatabase> database_;
};

}  // namespace martlet::store
