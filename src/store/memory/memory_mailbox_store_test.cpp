#include "store/memory/memory_mailbox_store.h"

#include "store/mailbox_store_contract.h"

namespace martlet::store::server_contract {
namespace {

class MailboxMemoryDisk final : public MailboxDisk {
 public:
  Result<void> open(const MailboxLimits& limits) override {
    store_.reset();
    store_ = TRY(MemoryMailboxStore::open(
        disk_, [this] { return plan_.next(); }, limits));
    return {};
  }
  MailboxStore& store() override { return *store_; }
  void fail_write(std::size_t number, WriteFault fault) override {
    plan_.fail_write(number, fault);
  }
  bool has_failed() const override { return plan_.has_failed(); }

 private:
  MemoryMailboxDisk disk_;
  FaultPlan plan_;
  std::unique_ptr<MemoryMailboxStore> store_;
};

std::unique_ptr<MailboxDisk> make_mailbox_memory() { return std::make_unique<MailboxMemoryDisk>(); }

INSTANTIATE_TEST_SUITE_P(Memory, MailboxStoreContract, ::testing::Values(&make_mailbox_memory));
INSTANTIATE_TEST_SUITE_P(Memory, MailboxStoreLate, ::testing::Values(&make_mailbox_memory));
INSTANTIATE_TEST_SUITE_P(Memory, MailboxStoreModel, ::testing::Values(&make_mailbox_memory));
INSTANTIATE_TEST_SUITE_P(Memory, MailboxStoreFaults, ::testing::Values(&make_mailbox_memory));

TEST(MemoryMailboxStore, TheDiskHoldsWhatWasWrittenThoughTheAnswerWasLost) {
  MemoryMailboxDisk disk;
  auto fault = WriteFault::none;
  auto store = value_of(MemoryMailboxStore::open(disk, [&] { return fault; }));
  value_of(store->append(envelope(1, 1)));
  fault = WriteFault::written;
  expect_failure(store->sync(), Failure::unavailable);
  EXPECT_EQ(store->total().items, 0U);
  EXPECT_EQ(disk.items.size(), 1U);
  // Another write puts the disk right: one process tells one story.
  fault = WriteFault::none;
  value_of(store->append(envelope(1, 2)));
  expect_ok(store->sync());
  EXPECT_EQ(disk.items.size(), 1U);
}

}  // namespace
}  // namespace martlet::store::server_contract
