#include "store/memory/memory_vault.h"

#include "store/vault_contract.h"

namespace martlet::store::contract {
namespace {

class MemoryHarness final : public VaultHarness {
 public:
  std::unique_ptr<Vault> open() override {
    return std::make_unique<MemoryVault>(disk_, [this] {
      ++commits_;
      return std::exchange(next_, WriteFault::none);
    });
  }
  void fail_next_commit(WriteFault fault) override { next_ = fault; }
  void kill(std::unique_ptr<Vault> vault) override { vault.reset(); }
  int commits() const { return commits_; }

 private:
  MemoryVaultDisk disk_;
  WriteFault next_ = WriteFault::none;
  int commits_ = 0;
};

std::unique_ptr<VaultHarness> make_memory() { return std::make_unique<MemoryHarness>(); }
INSTANTIATE_TEST_SUITE_P(Memory, VaultContract, testing::Values(&make_memory));
INSTANTIATE_TEST_SUITE_P(Memory, VaultContractResealing, testing::Values(&make_memory));

TEST(MemoryVault, OnlyWhatChangesSomethingIsACommit) {
  MemoryHarness harness;
  const auto vault = harness.open();
  EXPECT_TRUE(vault->transact([] { return Result<void>{}; }).ok());
  EXPECT_TRUE(vault->transact([&] { return vault->mark_read(chat_id(1), kMax); }).ok());
  EXPECT_EQ(harness.commits(), 0);
  EXPECT_TRUE(vault->transact([&] { return vault->set_consumed("cli", 1); }).ok());
  EXPECT_EQ(harness.commits(), 1);
}

TEST(MemoryVault, ACopiedDiskIsAsTheOtherAndGoesItsOwnWay) {
  const auto add = [](Vault& vault, unsigned id) {
    return vault.transact([&]() -> Result<void> {
      TRY(vault.add_message(incoming(id, 1)));
      TRY(vault.put_note("a", all_bytes(id)));
      return vault.put_kept(sample_kept(id), std::vector{device_id(1)});
    });
  };
  MemoryVaultDisk first;
  MemoryVaultDisk second;
  {
    MemoryVault before{second, [] { return WriteFault::written; }};
    EXPECT_FALSE(add(before, 9).ok());  // what it left behind is gone, too
  }
  MemoryVault vault{first};
  ASSERT_TRUE(add(vault, 1).ok());
  second.copy_from(first);
  MemoryVault copy{second};
  EXPECT_EQ(everything(copy), everything(vault));
  EXPECT_EQ(everything_resealing(copy), everything_resealing(vault));
  ASSERT_TRUE(add(copy, 2).ok());
  EXPECT_NE(everything(copy), everything(vault));
  ASSERT_TRUE(add(vault, 2).ok());
  EXPECT_EQ(everything(copy), everything(vault));
}

TEST(MemoryVault, AnUndoneWriteIsFoundByTheNextVaultUnlessOverwritten) {
  MemoryHarness harness;
  auto vault = harness.open();
  const auto set = [&](Cursor cursor, WriteFault fault) {
    harness.fail_next_commit(fault);
    return vault->transact([&] { return vault->set_consumed("cli", cursor); }).ok();
  };
  EXPECT_FALSE(set(1, WriteFault::written));
  EXPECT_FALSE(set(2, WriteFault::lost));
  EXPECT_EQ(must(vault->consumed("cli")), 0U);
  vault.reset();
  vault = harness.open();
  EXPECT_EQ(must(vault->consumed("cli")), 1U);
  EXPECT_FALSE(set(3, WriteFault::written));
  EXPECT_TRUE(set(4, WriteFault::none));
  vault.reset();
  vault = harness.open();
  EXPECT_EQ(must(vault->consumed("cli")), 4U);
}

TEST(MemoryVaultDeathTest, ADiskHasOneVaultAtATime) {
  MemoryVaultDisk disk;
  const MemoryVault vault{disk};
  EXPECT_DEATH((MemoryVault{disk}), "CHECK failed");
}

}  // namespace
}  // namespace martlet::store::contract
