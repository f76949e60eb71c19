#pragma once

#include <map>

#include "store/proof_store.h"
#include "store/write_fault.h"

namespace martlet::store {

/// What survives a kill. Outlives every store opened on it.
using MemoryProofDisk = std::map<std::pair<AccountId, std::string>, HandleProof>;

/// Proofs in memory, for simulations: every write is durable at once, or fails as `fault` says.
/// Owned by one thread.
class MemoryProofStore final : public ProofStore {
 public:
  /// `disk` outlives the store.
  explicit MemoryProofStore(MemoryProofDisk& disk, FaultHook fault = {})
      : disk_{disk}, fault_{std::move(fault)} {}

  Result<void> put(const HandleProof& proof) override {
    return write([&] { disk_[{proof.account, proof.handle}] = proof; });
  }
  Result<void> remove(const AccountId& account, const std::string& handle) override {
    return write([&] { disk_.erase({account, handle}); });
  }
  Result<std::vector<HandleProof>> all() override {
    std::vector<HandleProof> proofs;
    for (const auto& [key, proof] : disk_) proofs.push_back(proof);
    return proofs;
  }
  Result<void> scrub() override {
    return write([] {});
  }

 private:
  /// Runs `change` if the write reaches the disk.
  template <class Change>
  Result<void> write(const Change& change) {
    const auto what = fault_ ? fault_() : WriteFault::none;
    if (what != WriteFault::lost) change();
    if (what != WriteFault::none) return Error{Failure::unavailable, "the disk did not answer"};
    return {};
  }

  MemoryProofDisk& disk_;
  FaultHook fault_;
};

}  // namespace martlet::store
