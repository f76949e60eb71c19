#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "store/vault/statement.h"

struct sqlite3;

namespace martlet::store {

/// One connection to one encrypted file (spec/vault.md), which nobody else has open meanwhile.
/// Owned by one thread.
class Database {
 public:
  using Key = std::span<const std::uint8_t, 32>;

  /// Opens the file, which exists; an empty one becomes a database at the first write. `vfs` is
  /// SQLite's name for a file layer; empty: the system's. Fails with `corrupt` (damaged, or another
  /// key), `in_use` or `unavailable`.
  static Result<std::unique_ptr<Database>> open(const std::string& file, Key key,
                                                const std::string& vfs);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Prepares `sql`, a literal, once and for all; later calls with the same literal are cheap. One
  /// run of it at a time.
  Result<Statement> prepare(Literal sql);
  /// Runs statements without parameters.
  Result<void> execute(Literal sql);

  Result<void> begin();
  /// After an error nothing was changed and no transaction is under way. An error of any statement
  /// since begin() is an error here too.
  Result<void> commit();
  void rollback();
  /// Fails if a statement failed since begin().
  Result<void> healthy() const;

  /// Rows that the last insert, update or delete touched, and the number of the last inserted one.
  std::int64_t changed_rows() const;
  std::int64_t last_row() const;

  Result<int> schema_version();

 private:
  explicit Database(sqlite3* handle) : handle_{handle} {}
  Result<void> unlock(Key key);

  sqlite3* handle_;
  std::unordered_map<const char*, sqlite3_stmt*> prepared_;
  StatementsShared shared_;
};

}  // namespace martlet::store
