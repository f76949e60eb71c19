// What RocksDB's files survive, and what they do not: damage, other processes, full disks.
#include "store/rocks/rocks_database.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/mailbox_store_contract_items.h"
#include "store/rocks/faulty_disk.h"
#include "store/rocks/rocks_directory_store.h"
#include "store/rocks/rocks_mailbox_store.h"

namespace martlet::store::server_contract {
namespace {

namespace fs = std::filesystem;

using Files = std::map<std::string, Bytes>;

Files files_in(const fs::path& folder) {
  Files files;
  for (const auto& entry : fs::directory_iterator{folder}) {
    if (entry.is_regular_file()) files[entry.path().filename()] = read_file(entry.path());
  }
  return files;
}
void write_files(const fs::path& folder, const Files& files) {
  fs::remove_all(folder);
  fs::create_directory(folder);
  for (const auto& [name, bytes] : files) write_file(folder / name, bytes);
}
std::string name_of(const Files& files, const std::string& part) {
  std::string found;
  for (const auto& [name, bytes] : files) {
    if (name.find(part) != std::string::npos) found = name;  // the newest
  }
  return found;
}

/// What a kill leaves of a store with a table and three batches in its log.
struct Image {
  Files files;
  std::vector<Model> after_batch;      ///< [0]: what is in the table
  std::vector<std::size_t> log_sizes;  ///< the same in bytes of log
};
Image make_image() {
  const TestFolder folder;
  const auto path = folder.path() / "mailboxes";
  auto store = value_of(RocksMailboxStore::open(path));
  Image image;
  Model model;
  const auto note = [&] {
    image.files = files_in(path);
    image.after_batch.push_back(model);
    image.log_sizes.push_back(image.files.at(name_of(image.files, ".log")).size());
  };
  for (std::uint32_t i = 0; i < 5; ++i) {
    model.emplace(value_of(store->append(envelope(1, i, 300))), envelope(1, i, 300));
  }
  expect_ok(store->sync());
  expect_ok(store->remove(device(1), model.begin()->first));
  expect_ok(store->sync());
  model.erase(model.begin());
  expect_ok(store->scrub());  // into a table
  note();
  for (std::uint32_t batch = 1; batch <= 3; ++batch) {
    const auto item = envelope(2, 10 * batch, 400 * batch);
    model.emplace(value_of(store->append(item)), item);
    expect_ok(store->remove(device(1), model.begin()->first));
    model.erase(model.begin());
    expect_ok(store->sync());
    note();
  }
  return image;
}

class Damage : public ::testing::Test {
 protected:
  /// Opens `files` as they are. Corrupt, naming `expected`; or, if `or_unharmed`, everything there.
  void expect_corrupt(const Files& files, const std::string& expected, bool or_unharmed = false) {
    write_files(path_, files);
    std::string damaged_file;
    const auto opened = RocksMailboxStore::open(path_, {}, &damaged_file);
    if (or_unharmed && opened.ok()) {
      unharmed_ += 1;
      expect_contents(*opened.value(), image_.after_batch.back());
      return;
    }
    corrupt_ += 1;
    expect_failure(opened, Failure::corrupt);
    EXPECT_EQ(damaged_file, expected);
  }
  void expect_opens(const Files& files, const Model& model) {
    write_files(path_, files);
    {
      const auto store = value_of(RocksMailboxStore::open(path_));
      ASSERT_TRUE(store);
      expect_contents(*store, model);
      value_of(store->append(envelope(9, 9)));
      expect_ok(store->sync());
    }
    const auto store = value_of(RocksMailboxStore::open(path_));
    EXPECT_EQ(store->total().items, model.size() + 1);
  }
  Files changed(const std::string& name, std::size_t at, std::uint8_t change = 0x40) const {
    auto files = image_.files;
    files.at(name)[at] ^= change;
    return files;
  }
  std::string log_name() const { return name_of(image_.files, ".log"); }

  const Image image_ = make_image();
  const TestFolder folder_;
  const fs::path path_ = folder_.path() / "mailboxes";
  std::size_t corrupt_ = 0;
  std::size_t unharmed_ = 0;
};

TEST_F(Damage, NothingIsWrongWithTheImage) { expect_opens(image_.files, image_.after_batch[3]); }

TEST_F(Damage, AChangedByteInATableIsFoundAndNamed) {
  const auto table = name_of(image_.files, ".sst");
  const auto size = image_.files.at(table).size();
  for (std::size_t at = 0; at < size; at += 11) {
    SCOPED_TRACE(at);
    expect_corrupt(changed(table, at), table, true);  // some bytes at the end are filler
    if (HasFailure()) return;
  }
  EXPECT_GT(corrupt_, 20 * unharmed_);
}

TEST_F(Damage, AChangedByteInTheLogIsFoundAndNamed) {
  const auto size = image_.files.at(log_name()).size();
  ASSERT_GT(size, 2'400U);
  for (std::size_t at = 0; at < size; at += 41) {
    SCOPED_TRACE(at);
    expect_corrupt(changed(log_name(), at), log_name());
    if (HasFailure()) return;
  }
  for (const auto batch : {0, 1, 2}) {  // its header: checksum, length, type
    for (std::size_t at = 0; at < 7; ++at) {
      const auto start = image_.log_sizes[static_cast<std::size_t>(batch)];
      expect_corrupt(changed(log_name(), start + at), log_name());
      expect_corrupt(changed(log_name(), start + at, 0x01), log_name());
    }
  }
}

TEST_F(Damage, AChangedByteInTheListOfFilesIsFoundAndNamed) {
  const auto list = name_of(image_.files, "MANIFEST-");
  for (std::size_t at = 0; at < image_.files.at(list).size(); ++at) {
    SCOPED_TRACE(at);
    expect_corrupt(changed(list, at), list);
    if (HasFailure()) return;
  }
}

TEST_F(Damage, MissingAndCutFilesAreFoundAndNamed) {
  const auto table = name_of(image_.files, ".sst");
  const auto list = name_of(image_.files, "MANIFEST-");
  struct Case {
    const char* name;
    std::string file;
    std::optional<std::size_t> size;  ///< none: the file is gone
    std::string named;
  };
  const Case cases[] = {
      {"no table", table, std::nullopt, table},
      {"an empty table", table, 0, table},
      {"half a table", table, image_.files.at(table).size() / 2, table},
      {"a table without its last byte", table, image_.files.at(table).size() - 1, table},
      {"no list", list, std::nullopt, list},
      {"an empty list", list, 0, list},
      {"no CURRENT", "CURRENT", std::nullopt, "CURRENT"},
      {"an empty CURRENT", "CURRENT", 0, "CURRENT"},
      {"half of CURRENT", "CURRENT", 5, "CURRENT"},
      {"no log", log_name(), std::nullopt, "*.log"},
  };
  for (const auto& [name, file, size, named] : cases) {
    SCOPED_TRACE(name);
    auto files = image_.files;
    if (size) {
      files.at(file).resize(*size);
    } else {
      files.erase(file);
    }
    expect_corrupt(files, named);
    expect_corrupt(files, named);  // and nothing was made worse
  }
}

/// A kill or a power cut in the middle of a sync: what was synced before is there, the rest is not.
TEST_F(Damage, ACutLogLosesOnlyTheBatchThatWasBeingWritten) {
  const auto size = image_.files.at(log_name()).size();
  std::vector<std::size_t> cuts = image_.log_sizes;
  for (std::size_t cut = image_.log_sizes[0]; cut < size; cut += 59) cuts.push_back(cut);
  for (const auto cut : cuts) {
    SCOPED_TRACE(cut);
    auto files = image_.files;
    files.at(log_name()).resize(cut);
    std::size_t batches = 0;
    while (batches < 3 && image_.log_sizes[batches + 1] <= cut) ++batches;
    expect_opens(files, image_.after_batch[batches]);
    if (HasFailure()) return;
  }
}

TEST_F(Damage, AHoleInTheLastBatchIsTakenForAPowerCut) {
  auto files = image_.files;
  auto& log = files.at(log_name());
  const auto start = image_.log_sizes[2] / 512 * 512 + 512;
  ASSERT_LT(start + 512, log.size());
  std::fill_n(log.begin() + static_cast<std::ptrdiff_t>(start), 512, std::uint8_t{0});
  expect_opens(files, image_.after_batch[2]);
}

TEST_F(Damage, AHoleInAnEarlierBatchIsDamage) {
  auto files = image_.files;
  auto& log = files.at(log_name());
  std::fill_n(log.begin() + static_cast<std::ptrdiff_t>(image_.log_sizes[0]), 600, std::uint8_t{0});
  expect_corrupt(files, log_name());
}

TEST_F(Damage, AFirstStartThatWasCutShortBeginsAnew) {
  for (const auto* kept : {"", "MANIFEST-", "IDENTITY", "LOCK"}) {
    SCOPED_TRACE(kept);
    Files files;
    if (const auto name = name_of(image_.files, kept); *kept != '\0' && !name.empty()) {
      files[name] = {};
    }
    expect_opens(files, {});
  }
}

TEST(RocksDatabase, ADamagedDirectoryIsNamedToo) {
  const TestFolder folder;
  const auto path = folder.path() / "directory";
  {
    auto store = value_of(RocksDirectoryStore::open(path));
    Invitation invitation;
    invitation.handle = "alice@example.org";
    expect_ok(store->put_invitation(invitation));
  }
  auto files = files_in(path);
  const auto log = name_of(files, ".log");
  files.at(log)[20] ^= 1;
  write_files(path, files);
  std::string damaged_file;
  expect_failure(RocksDirectoryStore::open(path, {}, &damaged_file), Failure::corrupt);
  EXPECT_EQ(damaged_file, log);
}

TEST(RocksDatabase, IsForOneStoreAtATime) {
  const TestFolder folder;
  const auto path = folder.path() / "mailboxes";
  auto first = value_of(RocksMailboxStore::open(path));
  expect_failure(RocksMailboxStore::open(path), Failure::in_use);
  expect_failure(RocksDirectoryStore::open(path), Failure::in_use);
  first.reset();
  EXPECT_TRUE(RocksMailboxStore::open(path).ok());
}

/// The other process is a child that holds the lock until we close our end of a pipe.
TEST(RocksDatabase, IsForOneProcessAtATime) {
  const TestFolder folder;
  const auto path = folder.path() / "mailboxes";
  value_of(RocksMailboxStore::open(path)).reset();
  const auto lock_path = (path / "LOCK").string();
  int ready[2];
  int done[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(done), 0);
  const auto child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    close(done[1]);
    const int file = ::open(lock_path.c_str(), O_RDWR);
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    char byte = fcntl(file, F_SETLK, &lock) == 0 ? 'y' : 'n';
    const bool told = write(ready[1], &byte, 1) == 1;
    _exit(told && read(done[0], &byte, 1) == 0 ? 0 : 1);
  }
  char locked = 'n';
  ASSERT_EQ(read(ready[0], &locked, 1), 1);
  EXPECT_EQ(locked, 'y');
  expect_failure(RocksMailboxStore::open(path), Failure::in_use);
  close(done[1]);
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(RocksMailboxStore::open(path).ok());
  for (const int end : {ready[0], ready[1], done[0]}) close(end);
}

TEST(RocksDatabase, SaysWhenItsPlaceIsNotThere) {
  const TestFolder folder;
  expect_failure(RocksMailboxStore::open(folder.path() / "no" / "mailboxes"), Failure::unavailable);
  write_file(folder.path() / "file", Bytes{1});
  expect_failure(RocksMailboxStore::open(folder.path() / "file"), Failure::unavailable);
}

class FullDisk : public ::testing::Test {
 protected:
  static Result<std::unique_ptr<MailboxStore>> open_store(const std::string& path,
                                                          rocksdb::Env* env) {
    return std::unique_ptr<MailboxStore>{TRY(RocksMailboxStore::open(path, {{}, env}))};
  }
  RocksDisk<MailboxStore> disk_{&open_store};
};

TEST_F(FullDisk, StillReadsAndWorksAgainOnceThereIsRoom) {
  expect_ok(disk_.open());
  auto& store = disk_.store();
  const auto first = value_of(store.append(envelope(1, 1)));
  expect_ok(store.sync());
  for (int times = 0; times < 2; ++times) {
    value_of(store.append(envelope(1, 2)));
    disk_.files().fail_all(rocksdb::IOStatus::NoSpace("full"));
    expect_failure(store.sync(), Failure::unavailable);
    for (int tries = 0; tries < 3; ++tries) {
      expect_failure(store.append(envelope(1, 3)), Failure::unavailable);
      expect_failure(store.remove(device(1), first), Failure::unavailable);
      expect_failure(store.expire(unix_millis(5), 1), Failure::unavailable);
      expect_failure(store.sync(), Failure::unavailable);
      expect_contents(store, {{first, envelope(1, 1)}});
    }
    disk_.files().fail_all(rocksdb::IOStatus::OK());
    expect_ok(store.sync());
    expect_contents(store, {{first, envelope(1, 1)}});
  }
  const auto second = value_of(store.append(envelope(1, 2)));
  expect_ok(store.sync());
  expect_ok(disk_.open());
  expect_contents(disk_.store(), {{first, envelope(1, 1)}, {second, envelope(1, 2)}});
}

TEST_F(FullDisk, ADiskThatIsGoneComesBack) {
  expect_ok(disk_.open());
  auto& store = disk_.store();
  const auto first = value_of(store.append(envelope(1, 1)));
  expect_ok(store.sync());
  value_of(store.append(envelope(1, 2)));
  disk_.files().fail_all(rocksdb::IOStatus::IOError("gone"));
  expect_failure(store.sync(), Failure::unavailable);
  expect_failure(store.append(envelope(1, 3)), Failure::unavailable);
  const auto answer = store.read(device(1), 0, 10, kAll);  // its files could not be opened again
  EXPECT_TRUE(answer.ok() || answer.error().failure == Failure::unavailable);
  disk_.files().fail_all(rocksdb::IOStatus::OK());
  const auto second = value_of(store.append(envelope(1, 2)));
  expect_ok(store.sync());
  expect_contents(store, {{first, envelope(1, 1)}, {second, envelope(1, 2)}});
}

TEST_F(FullDisk, WhatIsRemovedBeforeItsSyncNeverTouchesTheDisk) {
  expect_ok(disk_.open());
  auto& store = disk_.store();
  disk_.fail_write(0, WriteFault::lost);
  for (std::uint32_t i = 0; i < 10; ++i) {
    expect_ok(store.remove(device(1), value_of(store.append(envelope(1, i)))));
  }
  expect_ok(store.sync());
  EXPECT_FALSE(disk_.has_failed());
}

}  // namespace
}  // namespace martlet::store::server_contract
