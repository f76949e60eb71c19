#include "store/memory/memory_directory_store.h"

#include "store/directory_store_contract.h"

namespace martlet::store::server_contract {
namespace {

class DirectoryMemoryDisk final : public DirectoryDisk {
 public:
  Result<void> open() override {
    store_ = std::make_unique<MemoryDirectoryStore>(disk_, [this] { return plan_.next(); });
    return {};
  }
  DirectoryStore& store() override { return *store_; }
  void fail_write(std::size_t number, WriteFault fault) override {
    plan_.fail_write(number, fault);
  }
  bool has_failed() const override { return plan_.has_failed(); }

 private:
  MemoryDirectoryDisk disk_;
  FaultPlan plan_;
  std::unique_ptr<MemoryDirectoryStore> store_;
};

std::unique_ptr<DirectoryDisk> make_directory_memory() {
  return std::make_unique<DirectoryMemoryDisk>();
}

INSTANTIATE_TEST_SUITE_P(Memory, DirectoryStoreContract, ::testing::Values(&make_directory_memory));
INSTANTIATE_TEST_SUITE_P(Memory, DirectoryStoreFaults, ::testing::Values(&make_directory_memory));

}  // namespace
}  // namespace martlet::store::server_contract
