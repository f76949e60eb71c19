#pragma once

#include <string>

#include "base/result.h"

namespace rocksdb {
class Env;
struct Options;
class Status;
}  // namespace rocksdb

namespace martlet::store {

Error error_of(const rocksdb::Status& status);
Result<void> result_of(const rocksdb::Status& status);

/// What can be said of a database's files before it is opened.
struct FilesVerdict {
  bool torn = false;    ///< a crash cut the last write short: all that was synced is there
  std::string damaged;  ///< a file that is damaged or missing beyond doubt; empty: none
  std::string suspect;  ///< a damaged log that is only needed if RocksDB thinks so; empty: none
};
/// Reads the logs and the list of files in `folder`. RocksDB is more lenient with them than we are:
/// it takes some damage for a crash, and a lost file for one that never was. Fails with
/// `unavailable`.
Result<FilesVerdict> judge_files(rocksdb::Env& env, const std::string& folder);

/// The name of the file that made opening or verifying `folder` fail; empty if nothing says which.
std::string damaged_file(const rocksdb::Options& options, const std::string& folder,
                         const rocksdb::Status& status);

}  // namespace martlet::store
