#include "store/vault/sqlcipher_vault.h"

#include <sqlcipher/sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <sstream>

#include "store/vault/database.h"
#include "store/vault/fault_vfs_test.h"
#include "store/vault_contract.h"

namespace martlet::store::contract {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::uint8_t, 32> kVaultKey{0x6b, 0x65, 0x79, 1, 2, 3, 0xaa, 0xbb, 0xcc, 0xdd};
constexpr std::array<std::uint8_t, 32> kOtherKey{0x6b, 0x65, 0x79, 1, 2, 3, 0xaa, 0xbb, 0xcc, 0xde};

Result<std::unique_ptr<SqlcipherVault>> open_vault(const std::string& file) {
  return SqlcipherVault::open(file, kVaultKey);
}
std::unique_ptr<SqlcipherVault> must_open(const std::string& file) {
  return must(open_vault(file));
}

class SqlcipherHarness final : public VaultHarness {
 public:
  std::unique_ptr<Vault> open() override {
    vfs_.revive();
    return must(SqlcipherVault::open(folder_.file("vault.db"), kVaultKey, {vfs_.name()}));
  }
  void fail_next_commit(WriteFault fault) override { vfs_.fail_next_commit(fault); }
  void kill(std::unique_ptr<Vault> vault) override {
    vfs_.die();
    vault.reset();
  }

 private:
  TemporaryFolder folder_;
  FaultVfs vfs_;
};

std::unique_ptr<VaultHarness> make_sqlcipher() { return std::make_unique<SqlcipherHarness>(); }
INSTANTIATE_TEST_SUITE_P(Sqlcipher, VaultContract, testing::Values(&make_sqlcipher));
INSTANTIATE_TEST_SUITE_P(Sqlcipher, VaultContractResealing, testing::Values(&make_sqlcipher));

std::string read_file(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}
void write_file(const fs::path& path, std::string_view bytes) {
  std::ofstream{path, std::ios::binary | std::ios::trunc} << bytes;
}
std::map<std::string, std::string> files_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator{folder}) {
    files[entry.path().filename()] = read_file(entry.path());
  }
  return files;
}
mode_t mode_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}
void expect_failure(const Result<std::unique_ptr<SqlcipherVault>>& opened, Failure failure) {
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().failure, failure) << opened.error().reason.text;
}
Result<void> write_all_kinds(Vault& vault) {
  return vault.transact([&]() -> Result<void> {
    for (const auto& [name, write] : kWrites) TRY(write(vault));
    return {};
  });
}

class SqlcipherVaultFile : public testing::Test {
 protected:
  /// A vault with one of everything, closed.
  std::string filled() {
    const auto vault = must_open(file_);
    EXPECT_TRUE(write_all_kinds(*vault).ok());
    return everything(*vault);
  }
  /// A vault whose process was killed: all that was written is in its WAL.
  std::string killed() {
    FaultVfs vfs;
    auto vault = must(SqlcipherVault::open(file_, kVaultKey, {vfs.name()}));
    EXPECT_TRUE(write_all_kinds(*vault).ok());
    auto all = everything(*vault);
    vfs.die();
    vault.reset();
    EXPECT_GT(fs::file_size(wal_), 0U);
    return all;
  }

  TemporaryFolder folder_;
  std::string file_ = folder_.file("vault.db");
  std::string wal_ = folder_.file("vault.db-wal");
};

TEST_F(SqlcipherVaultFile, NobodyElseMayReadItsFiles) {
  const auto vault = must_open(file_);
  ASSERT_TRUE(write_all_kinds(*vault).ok());
  EXPECT_EQ(mode_of(file_), 0600U);
  EXPECT_EQ(mode_of(wal_), 0600U);
  EXPECT_EQ(files_of(folder_.path()).size(), 2U);  // no shared memory, nothing of the making
}

TEST_F(SqlcipherVaultFile, AClosedVaultIsOneFile) {
  const auto before = filled();
  EXPECT_EQ(files_of(folder_.path()).size(), 1U);
  EXPECT_EQ(everything(*must_open(file_)), before);
}

TEST_F(SqlcipherVaultFile, AnotherKeyIsCorruptAndTouchesNothing) {
  const auto before = filled();
  const auto files = files_of(folder_.path());
  expect_failure(SqlcipherVault::open(file_, kOtherKey), Failure::corrupt);
  EXPECT_EQ(files_of(folder_.path()), files);
  EXPECT_EQ(everything(*must_open(file_)), before);
}

TEST_F(SqlcipherVaultFile, AnotherKeyDoesNotHarmWhatACrashLeft) {
  const auto before = killed();
  expect_failure(SqlcipherVault::open(file_, kOtherKey), Failure::corrupt);
  EXPECT_EQ(everything(*must_open(file_)), before);
}

TEST_F(SqlcipherVaultFile, WhatIsNoVaultIsCorruptAndTouchesNothing) {
  filled();
  const auto whole = read_file(file_);
  TemporaryFolder elsewhere;
  sqlite3* plain = nullptr;
  ASSERT_EQ(sqlite3_open(elsewhere.file("plain.db").c_str(), &plain), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(plain, "CREATE TABLE t(a)", nullptr, nullptr, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_close(plain), SQLITE_OK);
  const struct {
    const char* name;
    std::string bytes;
  } cases[] = {
      {"empty", ""},
      {"one byte", "x"},
      {"text", std::string(5'000, 't')},
      {"zeros", std::string(8'192, '\0')},
      {"an open database", read_file(elsewhere.file("plain.db"))},
      {"cut in the first page", whole.substr(0, 4'095)},
      {"cut behind the first page", whole.substr(0, 4'096)},
      {"first page damaged", std::string{whole}.replace(2'000, 1, "?!")},
      {"salt damaged", std::string{whole}.replace(3, 4, "salt")},
      {"first page twice", whole.substr(0, 4'096) + whole.substr(0, 4'096)},
  };
  for (const auto& [name, bytes] : cases) {
    SCOPED_TRACE(name);
    write_file(file_, bytes);
    const auto files = files_of(folder_.path());
    const auto opened = open_vault(file_);
    if (opened.ok()) {
      // What lies behind the first page is looked at when it is needed.
      EXPECT_FALSE(opened.value()->profile().ok());
      EXPECT_GE(bytes.size(), 4'096U);
    } else {
      EXPECT_EQ(opened.error().failure, Failure::corrupt) << opened.error().reason.text;
    }
    EXPECT_EQ(files_of(folder_.path()), files);
  }
}

TEST_F(SqlcipherVaultFile, ADamagedByteIsNoticedWhereverItIs) {
  filled();
  const auto whole = read_file(file_);
  const auto read_all = [](Vault& vault) -> Result<std::string> {
    auto all = text(TRY(vault.profile())) + text(TRY(vault.chain(account_id(1))));
    all += text(TRY(vault.device_names()));
    all += text(TRY(vault.contacts())) + text(TRY(vault.handles_of(account_id(1))));
    all += text(TRY(vault.chats())) + text(TRY(vault.history(chat_id(1), 0, 100)));
    all += text(TRY(vault.unread(chat_id(1)))) + text(TRY(vault.outbox()));
    all += text(TRY(vault.deliveries(message_id(1)))) + text(TRY(vault.events(0, 100)));
    return all + text(TRY(vault.consumed("cli")));
  };
  const auto before = must(read_all(*must_open(file_)));
  std::size_t noticed = 0;
  for (std::size_t at = 0; at < whole.size(); at += 1'021) {
    SCOPED_TRACE(at);
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    write_file(file_, damaged);
    const auto opened = open_vault(file_);
    const auto read = opened.ok() ? read_all(*opened.value()) : Result<std::string>{opened.error()};
    if (read.ok()) {
      EXPECT_EQ(read.value(), before);  // in a page that nothing needed
    } else {
      EXPECT_EQ(read.error().failure, Failure::corrupt) << read.error().reason.text;
      ++noticed;
    }
  }
  EXPECT_GT(noticed, whole.size() / 1'021 / 2);
}

TEST_F(SqlcipherVaultFile, TheDamagedEndOfALongTextIsNotTakenForZeros) {
  const std::string long_text(60'000, 'y');
  {
    const auto vault = must_open(file_);
    ASSERT_TRUE(vault
                    ->transact([&]() -> Result<void> {
                      TRY(vault->put_profile(sample_profile()));
                      TRY(vault->add_message(incoming(1, 1, "before")));
                      TRY(vault->add_message(incoming(2, 2, long_text)));
                      return {};
                    })
                    .ok());
  }
  const auto whole = read_file(file_);
  std::size_t hidden = 0;  // damages that show in the long text only
  for (std::size_t at = 100; at < whole.size(); at += 4'096) {
    SCOPED_TRACE(at);
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write_file(file_, damaged);
    for (int again = 0; again < 2; ++again) {
      const auto vault = open_vault(file_);
      if (!vault.ok() || !vault.value()->profile().ok()) break;
      const auto expect_whole_or_corrupt = [&] {
        const auto read = vault.value()->message(device_id(2), message_id(2));
        if (read.ok()) {
          EXPECT_EQ(read.value()->text, long_text);
        } else {
          EXPECT_EQ(read.error().failure, Failure::corrupt);
        }
        return read.ok();
      };
      if (!expect_whole_or_corrupt() && !expect_whole_or_corrupt()) {
        hidden += vault.value()->message(device_id(1), message_id(1)).ok() ? 1U : 0U;
      }
      // A change of the row does not write the zeros back as if they were true.
      const auto changed = vault.value()->transact([&] {
        return vault.value()->set_message_state(device_id(2), message_id(2), MessageState::received,
                                                FailureReason::none);
      });
      EXPECT_TRUE(changed.ok() || changed.error().failure == Failure::corrupt);
      EXPECT_TRUE(expect_whole_or_corrupt() || !changed.ok());
    }
  }
  EXPECT_GE(hidden, 2 * 14U);
}

TEST_F(SqlcipherVaultFile, AMissingMainFileIsNotReplacedByAnEmptyVault) {
  killed();
  fs::remove(file_);
  const auto files = files_of(folder_.path());
  expect_failure(open_vault(file_), Failure::corrupt);
  EXPECT_EQ(files_of(folder_.path()), files);
}

TEST_F(SqlcipherVaultFile, AMissingFolderIsUnavailable) {
  expect_failure(open_vault(folder_.file("nowhere/vault.db")), Failure::unavailable);
  EXPECT_TRUE(files_of(folder_.path()).empty());
}

TEST_F(SqlcipherVaultFile, WhatAnInterruptedMakingLeftIsNoObstacle) {
  for (const auto* name : {"vault.db.new", "vault.db.new-wal", "vault.db.new-journal"}) {
    write_file(folder_.path() / name, "left over");
  }
  EXPECT_FALSE(must(must_open(file_)->profile()));
  EXPECT_EQ(files_of(folder_.path()).size(), 1U);
}

TEST_F(SqlcipherVaultFile, ASecondOpenIsRefusedInThisProcessAndInOthers) {
  auto vault = must_open(file_);
  expect_failure(open_vault(file_), Failure::in_use);
  ASSERT_TRUE(write_all_kinds(*vault).ok());
  expect_failure(open_vault(file_), Failure::in_use);
  const auto child = ::fork();
  if (child == 0) {
    const auto opened = open_vault(file_);
    ::_exit(!opened.ok() && opened.error().failure == Failure::in_use ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  vault.reset();
  EXPECT_TRUE(open_vault(file_).ok());
}

TEST_F(SqlcipherVaultFile, AVaultOfANewerProgramIsRefusedAndTouchesNothing) {
  filled();
  ASSERT_TRUE(must(Database::open(file_, kVaultKey, ""))->execute("PRAGMA user_version = 99").ok());
  const auto files = files_of(folder_.path());
  expect_failure(open_vault(file_), Failure::refused);
  EXPECT_EQ(files_of(folder_.path()), files);
}

TEST_F(SqlcipherVaultFile, NothingReadableIsInAnyFile) {
  constexpr std::string_view kCanary = "CANARY-5f1c";
  const std::string canary{kCanary};
  auto vault = must_open(file_);
  auto profile = sample_profile();
  profile.handle = profile.name = profile.token = canary;
  profile.signing_key = copy_of(bytes_of(canary + canary));
  auto message = outgoing(1, 1, canary + std::string(20'000, '.') + canary);
  message.peer_handle = message.sender_name = canary;
  const auto search = [&](const char* when) {
    const auto files = files_of(folder_.path());
    EXPECT_FALSE(files.empty());
    for (const auto& [name, bytes] : files) {
      EXPECT_GT(bytes.size(), 20'000U) << name;
      for (const std::string_view needle :
           {kCanary, std::string_view{"SQLite format"}, std::string_view{"CREATE TABLE"},
            std::string_view{"messages"}, text_of(kVaultKey),
            std::string_view{"6b6579010203aabb"}}) {
        EXPECT_EQ(bytes.find(needle), std::string::npos) << needle << " in " << name << when;
      }
    }
  };
  ASSERT_TRUE(
      vault
          ->transact([&]() -> Result<void> {
            TRY(vault->put_profile(profile));
            TRY(vault->add_message(message));
            TRY(vault->put_contact({canary, canary, {}}));
            TRY(vault->put_handle({canary, account_id(1), {}}));
            return vault->put_outbox(
                {message_id(1), OutboxKind::text, canary, {}, copy_of(bytes_of(canary)), {}, 0});
          })
          .ok());
  ASSERT_EQ(must(vault->profile())->name, canary);
  ASSERT_TRUE(fs::exists(wal_));
  // The main file of an open vault may still be small, so it is searched after the next open.
  EXPECT_EQ(read_file(wal_).find(kCanary), std::string::npos);
  vault.reset();
  search(", closed");
  vault = must_open(file_);
  ASSERT_TRUE(vault
                  ->transact([&]() -> Result<void> {
                    auto next = message;
                    next.id = message_id(2);
                    TRY(vault->add_message(next));
                    return vault->remove_outbox(message_id(1));
                  })
                  .ok());
  search(", open");
}

TEST_F(SqlcipherVaultFile, WithoutTheKeyItIsNoDatabase) {
  filled();
  sqlite3* plain = nullptr;
  ASSERT_EQ(sqlite3_open_v2(file_.c_str(), &plain, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  const auto* query = "SELECT count(*) FROM sqlite_master";
  EXPECT_EQ(sqlite3_exec(plain, query, nullptr, nullptr, nullptr), SQLITE_NOTADB);
  ASSERT_EQ(sqlite3_close(plain), SQLITE_OK);
}

TEST_F(SqlcipherVaultFile, ManyCommitsDoNotLetTheWalGrowWithoutEnd) {
  const auto vault = must_open(file_);
  for (unsigned number = 1; number <= 150; ++number) {
    auto message = incoming(number, 1, std::string(60'000, 'w'));
    ASSERT_TRUE(vault
                    ->transact([&]() -> Result<void> {
                      TRY(vault->add_message(message));
                      return {};
                    })
                    .ok());
  }
  EXPECT_LT(fs::file_size(wal_), 6U * 1024 * 1024);
  EXPECT_GT(fs::file_size(file_), 4U * 1024 * 1024);
  EXPECT_EQ(must(vault->history(chat_id(1), 0, 1'000)).size(), 150U);
}

}  // namespace
}  // namespace martlet::store::contract
