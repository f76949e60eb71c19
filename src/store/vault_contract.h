#pragma once

// What every engine of store::Vault must do. An engine's test includes this file and writes
//   INSTANTIATE_TEST_SUITE_P(Name, VaultContract, testing::Values(&make_harness), ...);

#include <gtest/gtest.h>

#include <limits>

#include "store/vault_contract_samples.h"
#include "store/write_fault.h"

namespace martlet::store::contract {

/// One disk, and vaults on it one after the other.
class VaultHarness {
 public:
  virtual ~VaultHarness() = default;
  /// Opens the vault, new at the first call.
  virtual std::unique_ptr<Vault> open() = 0;
  /// The next commit of the open vault fails so.
  virtual void fail_next_commit(WriteFault fault) = 0;
  /// Destroys `vault` in such a way that nothing more reaches the disk, as kill -9 would.
  virtual void kill(std::unique_ptr<Vault> vault) = 0;
};
using HarnessFactory = std::unique_ptr<VaultHarness> (*)();

class VaultContract : public testing::TestWithParam<HarnessFactory> {
 protected:
  void SetUp() override {
    harness_ = GetParam()();
    vault_ = harness_->open();
    ASSERT_TRUE(vault_);
  }
  void reopen() {
    vault_.reset();
    vault_ = harness_->open();
    ASSERT_TRUE(vault_);
  }
  void kill_and_reopen() {
    harness_->kill(std::move(vault_));
    vault_ = harness_->open();
    ASSERT_TRUE(vault_);
  }
  /// Runs writes that must work, and commits.
  template <class Work>
  void commit(Work work) {
    const auto done = vault_->transact([&]() -> Result<void> {
      work(*vault_);
      return {};
    });
    ASSERT_TRUE(done.ok()) << done.error().reason.text;
  }
  void add(const MessageRecord& message) {
    commit([&](Vault& vault) { EXPECT_TRUE(must(vault.add_message(message))); });
  }
  std::vector<unsigned> history_ids(unsigned chat, std::uint64_t before, std::size_t limit) {
    std::vector<unsigned> ids;
    for (const auto& message : must(vault_->history(chat_id(chat), before, limit))) {
      ids.push_back(message.id.array()[0]);
    }
    return ids;
  }

  std::unique_ptr<VaultHarness> harness_;
  std::unique_ptr<Vault> vault_;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(VaultContract);

using Ids = std::vector<unsigned>;
inline constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();

struct NamedWrite {
  const char* name;
  Result<void> (*write)(Vault&);
};
/// One of each write, all of them new to an empty vault.
inline const NamedWrite kWrites[] = {
    {"put_profile", [](Vault& v) { return v.put_profile(sample_profile()); }},
    {"put_device_name",
     [](Vault& v) {
       return v.put_device_name({device_id(3), "laptop", "linux", unix_millis(4)});
     }},
    {"put_chain",
     [](Vault& v) {
       return v.put_chain({account_id(1), {all_bytes(9), Bytes{}}, unix_millis(5)});
     }},
    {"put_handle",
     [](Vault& v) {
       return v.put_handle({"bob@example.org", account_id(1), unix_millis(6)});
     }},
    {"put_contact",
     [](Vault& v) {
       return v.put_contact({"Bob", "bob@example.org", unix_millis(7)});
     }},
    {"add_message",
     [](Vault& v) -> Result<void> {
       TRY(v.add_message(incoming(1, 1)));
       TRY(v.add_message(incoming(2, 1, std::string(60'000, 'x'))));
       return {};
     }},
    {"set_message_state",
     [](Vault& v) {
       return v.set_message_state(device_id(1), message_id(1), MessageState::read,
                                  FailureReason::refused);
     }},
    {"place_message",
     [](Vault& v) {
       return v.place_message(device_id(1), message_id(1), chat_id(3), account_id(3));
     }},
    {"mark_read", [](Vault& v) { return v.mark_read(chat_id(3), kMax); }},
    {"put_outbox",
     [](Vault& v) -> Result<void> {
       TRY(v.put_outbox(
           {message_id(1), OutboxKind::text, "h", {}, all_bytes(300), unix_millis(8), 1}));
       return v.put_outbox({message_id(2), OutboxKind::receipt, "", account_id(1), {}, {}, 0});
     }},
    {"remove_outbox", [](Vault& v) { return v.remove_outbox(message_id(1)); }},
    {"put_delivery",
     [](Vault& v) {
       return v.put_delivery({message_id(1), device_id(1), DeliveryState::read, unix_millis(9)});
     }},
    {"mark_seen",
     [](Vault& v) -> Result<void> {
       TRY(v.mark_seen(device_id(1), message_id(1), unix_millis(10)));
       return {};
     }},
    {"forget_seen", [](Vault& v) { return v.forget_seen(unix_millis(11)); }},
    {"add_event",
     [](Vault& v) -> Result<void> {
       TRY(v.add_event(sample_event(1)));
       return {};
     }},
    {"set_consumed", [](Vault& v) { return v.set_consumed("cli", 1); }},
};

// --- transactions ---

TEST_P(VaultContract, ANewVaultHasNothing) {
  EXPECT_FALSE(must(vault_->profile()));
  EXPECT_FALSE(must(vault_->chain(account_id(1))));
  EXPECT_FALSE(must(vault_->handle("bob@example.org")));
  EXPECT_FALSE(must(vault_->contact_of_handle("")));
  EXPECT_FALSE(must(vault_->message(device_id(1), message_id(1))));
  EXPECT_FALSE(must(vault_->find_message(message_id(0))));
  EXPECT_TRUE(must(vault_->history(chat_id(0), 0, 10)).empty());
  EXPECT_TRUE(must(vault_->chats()).empty());
  EXPECT_TRUE(must(vault_->outbox()).empty());
  EXPECT_EQ(must(vault_->outbox_size()), 0U);
  EXPECT_TRUE(must(vault_->events(0, 10)).empty());
  EXPECT_EQ(must(vault_->consumed("cli")), 0U);
}

TEST_P(VaultContract, EveryWriteOutsideATransactionIsRefused) {
  const auto before = everything(*vault_);
  for (const auto& [name, write] : kWrites) {
    SCOPED_TRACE(name);
    const auto done = write(*vault_);
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().failure, Failure::refused);
  }
  EXPECT_EQ(everything(*vault_), before);
}

TEST_P(VaultContract, EveryWriteIsUndoneWhenTheWorkFails) {
  // Twice: into an empty vault, and over what is there.
  for (const auto* state : {"empty", "full"}) {
    SCOPED_TRACE(state);
    const auto before = everything(*vault_);
    for (std::size_t count = 1; count <= std::size(kWrites); ++count) {
      SCOPED_TRACE(kWrites[count - 1].name);
      const auto done = vault_->transact([&]() -> Result<void> {
        for (std::size_t i = 0; i < count; ++i) TRY(kWrites[i].write(*vault_));
        return Error{Failure::limit_reached, "no further"};
      });
      ASSERT_FALSE(done.ok());
      EXPECT_EQ(done.error().failure, Failure::limit_reached);
      ASSERT_EQ(everything(*vault_), before);
    }
    reopen();
    ASSERT_EQ(everything(*vault_), before);
    commit([&](Vault& vault) {
      for (const auto& [name, write] : kWrites) EXPECT_TRUE(write(vault).ok()) << name;
    });
    ASSERT_NE(everything(*vault_), before);
  }
}

TEST_P(VaultContract, ReadsSeeTheWritesOfTheirTransaction) {
  std::string inside;
  commit([&](Vault& vault) {
    for (const auto& [name, write] : kWrites) {
      const auto before = everything(vault);
      EXPECT_TRUE(write(vault).ok()) << name;
      const bool shows = everything(vault) != before;
      const bool seen_only = std::string_view{name}.ends_with("_seen");  // shown by mark_seen alone
      EXPECT_EQ(shows, !seen_only) << name;
    }
    inside = everything(vault);
  });
  EXPECT_EQ(everything(*vault_), inside);
  reopen();
  EXPECT_EQ(everything(*vault_), inside);
  kill_and_reopen();
  EXPECT_EQ(everything(*vault_), inside);
}

TEST_P(VaultContract, ATransactionInATransactionIsRefusedAndTheOuterOneGoesOn) {
  bool ran = false;
  commit([&](Vault& vault) {
    EXPECT_TRUE(vault.set_consumed("cli", 1).ok());
    const auto inner = vault.transact([&]() -> Result<void> {
      ran = true;
      return {};
    });
    ASSERT_FALSE(inner.ok());
    EXPECT_EQ(inner.error().failure, Failure::refused);
    EXPECT_TRUE(vault.set_consumed("page", 2).ok());
  });
  EXPECT_FALSE(ran);
  EXPECT_EQ(must(vault_->consumed("cli")), 1U);
  EXPECT_EQ(must(vault_->consumed("page")), 2U);
}

TEST_P(VaultContract, ATransactionThatOnlyReadsIsFine) {
  EXPECT_TRUE(vault_
                  ->transact([&]() -> Result<void> {
                    TRY(vault_->profile());
                    return {};
                  })
                  .ok());
}

TEST_P(VaultContract, EachCommitFailsOnceLostAndOnceWrittenAndTheVaultIsKilled) {
  for (const auto fault : {WriteFault::lost, WriteFault::written}) {
    for (unsigned failing = 1; failing <= 6; ++failing) {
      SCOPED_TRACE(testing::Message() << text(fault) << " at " << failing);
      vault_.reset();
      harness_ = GetParam()();
      vault_ = harness_->open();
      for (unsigned number = 1; number < failing; ++number) {
        commit([&](Vault& vault) { EXPECT_TRUE(step(vault, number).ok()); });
      }
      const auto before = everything(*vault_);
      std::string inside;
      harness_->fail_next_commit(fault);
      const auto done = vault_->transact([&]() -> Result<void> {
        TRY(step(*vault_, failing));
        inside = everything(*vault_);
        return {};
      });
      ASSERT_FALSE(done.ok());
      EXPECT_EQ(done.error().failure, Failure::unavailable);
      EXPECT_EQ(everything(*vault_), before);
      kill_and_reopen();
      EXPECT_EQ(everything(*vault_), fault == WriteFault::lost ? before : inside);
      commit([&](Vault& vault) { EXPECT_TRUE(step(vault, 20).ok()); });
      EXPECT_EQ(must(vault_->consumed("cli")), 20U);
    }
  }
}

TEST_P(VaultContract, AfterAFailedCommitTheVaultGoesOnFromTheStateBefore) {
  for (const auto fault : {WriteFault::lost, WriteFault::written}) {
    SCOPED_TRACE(text(fault));
    const auto before = everything(*vault_);
    harness_->fail_next_commit(fault);
    const auto number = fault == WriteFault::lost ? 1U : 2U;
    EXPECT_FALSE(vault_->transact([&] { return step(*vault_, number); }).ok());
    EXPECT_EQ(everything(*vault_), before);
    commit([&](Vault& vault) { EXPECT_TRUE(vault.set_consumed("page", number).ok()); });
    const auto after = everything(*vault_);
    EXPECT_EQ(must(vault_->consumed("cli")), 0U);
    kill_and_reopen();
    EXPECT_EQ(everything(*vault_), after);
  }
}

}  // namespace martlet::store::contract

#include "store/vault_contract_cases.h"
#include "store/vault_contract_random.h"
#include "store/vault_contract_resealing.h"
