// The disk under the vault: each of its operations fails, it fills up, the process is killed.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/vault/fault_vfs_test.h"
#include "store/vault/sqlcipher_vault.h"
#include "store/vault_contract_samples.h"

namespace martlet::store::contract {
namespace {

constexpr std::array<std::uint8_t, 32> kFaultsKey{7, 7, 7};
using Committed = std::array<bool, 4>;  // by the number of a step, from 1

/// Whether the whole of step() with this number is in the vault; a part of it is a failure.
bool has_step(Vault& vault, unsigned number) {
  const auto message = must(vault.find_message(message_id(number)));
  bool event = false;
  for (const auto& each : must(vault.events(0, 100))) event |= each.message == message_id(number);
  bool queued = false;
  for (const auto& each : must(vault.outbox())) queued |= each.attempts == number;
  EXPECT_EQ(event, message.has_value()) << number;
  EXPECT_EQ(queued, message.has_value()) << number;
  if (message) {
    EXPECT_EQ(message->text, std::string(number * 700, 'm'));
  }
  return message.has_value();
}

/// Opens (again, if the first time fails), writes the steps, closes. Says which were committed.
Committed run_script(const std::string& file, const FaultVfs& vfs, unsigned steps) {
  Committed committed{};
  auto opened = SqlcipherVault::open(file, kFaultsKey, {vfs.name()});
  if (!opened.ok()) {
    EXPECT_EQ(opened.error().failure, Failure::unavailable) << opened.error().reason.text;
    opened = SqlcipherVault::open(file, kFaultsKey, {vfs.name()});
  }
  if (!opened.ok()) return committed;
  auto& vault = *opened.value();
  for (unsigned number = 1; number <= steps; ++number) {
    const auto done = vault.transact([&] { return step(vault, number); });
    committed[number] = done.ok();
    if (!done.ok()) {
      EXPECT_EQ(done.error().failure, Failure::unavailable);
    }
  }
  return committed;
}

/// Runs the script for each of its operations on the disk and each way to fail, beginning with a
/// copy of `beginning`, or with nothing if that is empty. Gives back how many commits failed.
unsigned fail_each_operation(const std::string& beginning, unsigned steps) {
  FaultVfs vfs;
  const auto begin = [&](const TemporaryFolder& folder) {
    auto file = folder.file("vault.db");
    if (!beginning.empty()) std::filesystem::copy_file(beginning, file);
    return file;
  };
  TemporaryFolder undisturbed;
  run_script(begin(undisturbed), vfs, steps);
  const auto operations = vfs.operations();
  EXPECT_GT(operations, 10U);

  unsigned failures = 0;
  for (std::uint64_t operation = 1; operation <= operations; ++operation) {
    for (const auto fault : {WriteFault::lost, WriteFault::written}) {
      for (const bool killed : {false, true}) {
        SCOPED_TRACE(testing::Message() << "operation " << operation
                                        << (fault == WriteFault::lost ? " lost" : " written")
                                        << (killed ? ", and killed" : ""));
        TemporaryFolder folder;
        const auto file = begin(folder);
        vfs.fail_at(vfs.operations() + operation, fault, killed);
        const auto committed = run_script(file, vfs, steps);
        vfs.revive();
        const auto vault = must(SqlcipherVault::open(file, kFaultsKey, {vfs.name()}));
        for (unsigned number = 1; number <= steps; ++number) {
          const bool there = has_step(*vault, number);
          if (!committed[number]) ++failures;
          // Killed, a commit that failed may have reached the disk; otherwise it was undone.
          EXPECT_TRUE(there == committed[number] || (killed && there)) << number;
        }
        EXPECT_TRUE(vault->transact([&] { return step(*vault, 20); }).ok());
        EXPECT_TRUE(has_step(*vault, 20));
      }
    }
  }
  return failures;
}

TEST(SqlcipherVaultFaults, EachOperationOfMakingAVaultFailsOnceLostAndOnceWritten) {
  fail_each_operation("", 0);
}

TEST(SqlcipherVaultFaults, EachOperationOfAnOldVaultFailsOnceLostAndOnceWritten) {
  TemporaryFolder folder;
  const auto file = folder.file("vault.db");
  ASSERT_TRUE(SqlcipherVault::open(file, kFaultsKey).ok());
  EXPECT_GT(fail_each_operation(file, 3), 0U);
}

TEST(SqlcipherVaultFaults, AFullDiskChangesNothingAndReadingGoesOn) {
  FaultVfs vfs;
  TemporaryFolder folder;
  const auto file = folder.file("vault.db");
  auto vault = must(SqlcipherVault::open(file, kFaultsKey, {vfs.name()}));
  ASSERT_TRUE(vault->transact([&] { return step(*vault, 1); }).ok());
  const auto before = everything(*vault);
  vfs.fill_up();
  for (const std::size_t size : {std::size_t{1}, std::size_t{60'000}, std::size_t{20'000'000}}) {
    SCOPED_TRACE(size);  // the last one does not fit into the cache, so it fails before the commit
    const auto done = vault->transact([&]() -> Result<void> {
      TRY(vault->add_message(incoming(9, 1, std::string(size, 'f'))));
      return vault->set_consumed("cli", 9);
    });
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().failure, Failure::unavailable);
    EXPECT_EQ(everything(*vault), before);
  }
  // The work that overlooks the error of a write does not commit the rest.
  const auto overlooked = vault->transact([&]() -> Result<void> {
    const auto added = vault->add_message(incoming(9, 1, std::string(20'000'000, 'f')));
    EXPECT_FALSE(added.ok());
    vfs.revive();  // SQLite has ended the transaction: this write would be one of its own
    EXPECT_FALSE(vault->set_consumed("cli", 9).ok());
    return {};
  });
  ASSERT_FALSE(overlooked.ok());
  EXPECT_EQ(overlooked.error().failure, Failure::unavailable);
  EXPECT_EQ(everything(*vault), before);

  vfs.fill_up();
  vault.reset();  // cannot fold the WAL into the main file: the next one does
  auto reopened = SqlcipherVault::open(file, kFaultsKey, {vfs.name()});
  ASSERT_TRUE(reopened.ok()) << reopened.error().reason.text;
  EXPECT_EQ(everything(*reopened.value()), before);
  vfs.revive();
  auto& again = *reopened.value();
  EXPECT_TRUE(again.transact([&] { return step(again, 2); }).ok());
  EXPECT_TRUE(has_step(again, 1));
  EXPECT_TRUE(has_step(again, 2));
}

TEST(SqlcipherVaultFaults, OnAFullDiskNoVaultIsMadeAndLaterOneIs) {
  FaultVfs vfs;
  TemporaryFolder folder;
  const auto file = folder.file("vault.db");
  vfs.fill_up();
  const auto refused = SqlcipherVault::open(file, kFaultsKey, {vfs.name()});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().failure, Failure::unavailable);
  EXPECT_FALSE(std::filesystem::exists(file));
  vfs.revive();
  EXPECT_TRUE(SqlcipherVault::open(file, kFaultsKey, {vfs.name()}).ok());
}

// --- kill -9 ---

MessageId numbered_id(std::uint64_t number) {
  std::array<std::uint8_t, MessageId::kBytes> bytes{};
  std::memcpy(bytes.data(), &number, sizeof number);
  return MessageId{bytes};
}

Result<void> write_numbered(Vault& vault, std::uint64_t number) {
  auto message = incoming(1, 1, std::string(20'000 + number * 997 % 40'000, 'k'));
  message.id = numbered_id(number);
  TRY(vault.add_message(message));
  auto event = sample_event(1);
  event.message = message.id;
  TRY(vault.add_event(event));
  return vault.set_consumed("count", number);
}

/// Commits in a loop, going on where the vault stands, and reports each number once it is durable.
[[noreturn]] void commit_until_killed(const std::string& file, int pipe) {
  auto opened = SqlcipherVault::open(file, kFaultsKey);
  if (!opened.ok()) ::_exit(1);
  auto& vault = *opened.value();
  for (auto number = must(vault.consumed("count")) + 1;; ++number) {
    if (!vault.transact([&] { return write_numbered(vault, number); }).ok()) ::_exit(2);
    if (::write(pipe, &number, sizeof number) != sizeof number) ::_exit(3);
  }
}

/// Kills a writing child after about `commits` commits. Gives back the last reported number.
std::uint64_t write_and_kill(const std::string& file, std::uint64_t commits) {
  std::array<int, 2> ends{};
  CHECK(::pipe(ends.data()) == 0);
  const auto child = ::fork();
  CHECK(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    commit_until_killed(file, ends[1]);
  }
  ::close(ends[1]);
  std::uint64_t last = 0;
  while (commits-- > 0 && ::read(ends[0], &last, sizeof last) == sizeof last) {
  }
  EXPECT_EQ(::kill(child, SIGKILL), 0);
  std::uint64_t next = 0;  // reported before the signal came
  while (::read(ends[0], &next, sizeof next) == sizeof next) last = next;
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << status;
  return last;
}

TEST(SqlcipherVaultKill, WhatWasReportedIsThereAndNothingIsHalf) {
  TemporaryFolder folder;
  const auto file = folder.file("vault.db");
  SeededRandom random{20'260'509};
  std::uint64_t total = 0;
  for (int round = 0; round < 10; ++round) {
    SCOPED_TRACE(round);
    const auto reported = write_and_kill(file, 1 + random.below(90));
    ASSERT_GT(reported, total);
    const auto vault = must(SqlcipherVault::open(file, kFaultsKey));
    total = must(vault->consumed("count"));
    EXPECT_GE(total, reported);
    EXPECT_LE(total, reported + 1);  // committed, but killed before the report
    const auto messages = must(vault->history(chat_id(1), 0, 10'000));
    const auto events = must(vault->events(0, 10'000));
    ASSERT_EQ(messages.size(), total);
    ASSERT_EQ(events.size(), total);
    for (std::uint64_t number = 1; number <= total; ++number) {
      EXPECT_EQ(messages[number - 1].id, numbered_id(number));
      EXPECT_EQ(messages[number - 1].text.size(), 20'000 + number * 997 % 40'000);
      EXPECT_EQ(events[number - 1].message, numbered_id(number));
    }
  }
}

TEST(SqlcipherVaultKill, AProcessThatDiedHoldsNothing) {
  TemporaryFolder folder;
  const auto file = folder.file("vault.db");
  write_and_kill(file, 1);
  EXPECT_TRUE(SqlcipherVault::open(file, kFaultsKey).ok());
}

}  // namespace
}  // namespace martlet::store::contract
