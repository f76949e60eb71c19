#include "store/memory/memory_proof_store.h"

#include "store/proof_store_contract.h"

namespace martlet::store::server_contract {
namespace {

class ProofMemoryDisk final : public ProofDisk {
 public:
  Result<void> open() override {
    store_ = std::make_unique<MemoryProofStore>(disk_, [this] { return plan_.next(); });
    return {};
  }
  ProofStore& store() override { return *store_; }
  void fail_write(std::size_t number, WriteFault fault) override {
    plan_.fail_write(number, fault);
  }
  bool has_failed() const override { return plan_.has_failed(); }

 private:
  MemoryProofDisk disk_;
  FaultPlan plan_;
  std::unique_ptr<MemoryProofStore> store_;
};

std::unique_ptr<ProofDisk> make_proof_memory() { return std::make_unique<ProofMemoryDisk>(); }

INSTANTIATE_TEST_SUITE_P(Memory, ProofStoreContract, ::testing::Values(&make_proof_memory));

}  // namespace
}  // namespace martlet::store::server_contract
