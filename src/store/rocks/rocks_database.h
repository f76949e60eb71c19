#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace rocksdb {
class Cache;
class DB;
class Env;
class Status;
class WriteBatch;
}  // namespace rocksdb

namespace martlet::store {

/// One RocksDB in one folder, as both of the server's stores use it: every write is synced, a
/// failed write is taken back, damage is found and named. Owned by one thread.
///
/// Rows are put once and erased once before they are put again (RocksDB's SingleDelete), so that a
/// row erased before it reaches a table leaves nothing behind.
class RocksDatabase {
 public:
  struct Settings {
    std::size_t write_buffer_bytes = 0;
    std::size_t cache_bytes = 0;
    rocksdb::Env* env = nullptr;  ///< outlives the database; none: the machine's. For tests.
  };

  /// Creates the folder if it is not there (its parent must be). Fails with `in_use` when another
  /// process has it open, `corrupt` when stored bytes are damaged: then `damaged_file`, if given,
  /// is the file's name, or empty if nothing says which; `unavailable` when the disk is.
  static Result<std::unique_ptr<RocksDatabase>> open(const std::string& path,
                                                     const Settings& settings,
                                                     std::string* damaged_file);
  ~RocksDatabase();

  /// Sees what was written, not what a failed write tried. While the database could not be opened
  /// again, each read tries to.
  Result<std::optional<Bytes>> get(ByteView key);
  /// Visits the rows from `first` on and below `end`, in the order of their keys, until `visit`
  /// gives back false. The views live for the call.
  using Visit = std::function<Result<bool>(ByteView key, ByteView row)>;
  Result<void> scan(ByteView first, ByteView end, const Visit& visit);

  static void put(rocksdb::WriteBatch& batch, ByteView key, std::initializer_list<ByteView> row);
  static void erase(rocksdb::WriteBatch& batch, ByteView key);
  /// Writes all of `batch` and syncs it. When it fails nothing of it is there, though it may be
  /// after a kill. Then each later write first mends the database.
  Result<void> write(rocksdb::WriteBatch&& batch);

  /// Makes the database writable again after a failed write; does nothing when it is. Fails with
  /// `unavailable` while the disk does, and meanwhile rows can still be read, if at all possible.
  Result<void> mend();

  /// Rewrites every file, so that erased rows are in none of them. Blocks for as long as it takes.
  Result<void> scrub();
  /// The same for rows whose keys must not stay either: RocksDB keeps some in its list of files,
  /// which begins anew only when the database is opened. So it is opened again.
  Result<void> scrub_names();
  /// About how many bytes of rows are in the files that hold erased rows too; 0: nothing is erased.
  Result<std::uint64_t> row_bytes_among_erased();

 private:
  RocksDatabase(std::string path, const Settings& settings);
  Result<void> open_database(std::string* damaged_file);
  Result<void> verify(std::string* damaged_file);
  Result<void> remember_rows();
  Result<void> restore_rows();
  rocksdb::Env& env() const;

  const std::string path_;
  const Settings settings_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::unique_ptr<rocksdb::DB> db_;              ///< null: could not be opened again yet
  std::unique_ptr<rocksdb::WriteBatch> failed_;  ///< whether it reached the disk is not known
  /// The rows that `failed_` touched, as they were before it. To be restored.
  std::map<Bytes, std::optional<Bytes>> before_;
  bool sound_ = true;
};

}  // namespace martlet::store
