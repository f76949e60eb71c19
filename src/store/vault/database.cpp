#define SQLITE_HAS_CODEC  // the header shows sqlite3_key only then

#include "store/vault/database.h"

#include <sqlcipher/sqlite3.h>

#include "base/check.h"
#include "store/vault/vault_key.h"

namespace martlet::store {
namespace {

// Exclusive before the first access: no shared-memory file, and whoever comes second is told at
// once. WAL with synchronous=FULL syncs once a commit and puts nothing of it into the main file
// before. Freed content is overwritten, and nothing goes to temporary files.
constexpr Literal kSettings =
    "PRAGMA cipher_page_size=4096;"
    "PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA cache_size=-8192;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA secure_delete=ON;";

constexpr Literal kProbe = "SELECT 1 FROM sqlite_master LIMIT 1";

/// `x'..'` with 64 digits: SQLCipher takes such a key as it is, without deriving it from anything.
class RawKeyText {
 public:
  explicit RawKeyText(Database::Key key) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::size_t at = 0;
    text_[at++] = 'x';
    text_[at++] = '\'';
    for (const auto byte : key) {
      text_[at++] = static_cast<std::uint8_t>(digits[byte >> 4U]);
      text_[at++] = static_cast<std::uint8_t>(digits[byte & 0xfU]);
    }
    text_[at] = '\'';
  }
  ~RawKeyText() { wipe(text_); }
  RawKeyText(const RawKeyText&) = delete;
  RawKeyText& operator=(const RawKeyText&) = delete;
  const void* data() const { return text_.data(); }
  static constexpr int kSize = 3 + 64;

 private:
  std::array<std::uint8_t, kSize> text_{};
};

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& file, Key key,
                                                 const std::string& vfs) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                      vfs.empty() ? nullptr : vfs.c_str());
  std::unique_ptr<Database> database{new Database{handle}};  // has to be closed even after an error
  if (code != SQLITE_OK) return error_of_code(code);
  TRY(database->unlock(key));
  return database;
}

Result<void> Database::unlock(Key key) {
  {
    const RawKeyText text{key};
    const int code = sqlite3_key(handle_, text.data(), RawKeyText::kSize);
    if (code != SQLITE_OK) return error_of_code(code);
  }
  TRY(execute(kSettings));
  // The first page that is read: shows a wrong key, takes the lock, mends what a crash left.
  TRY(execute(kProbe));
  const int code = sqlite3_prepare_v2(handle_, kProbe.text, -1, &shared_.probe, nullptr);
  if (code != SQLITE_OK) return error_of_code(code);
  return {};
}

Database::~Database() {
  for (const auto& [sql, prepared] : prepared_) sqlite3_finalize(prepared);
  sqlite3_finalize(shared_.probe);
  // Moves the WAL into the main file and removes it. If that fails the next open does it.
  sqlite3_close(handle_);
}

Result<Statement> Database::prepare(Literal sql) {
  auto& prepared = prepared_[sql.text];
  if (prepared == nullptr) {
    const int code = sqlite3_prepare_v2(handle_, sql.text, -1, &prepared, nullptr);
    if (code != SQLITE_OK) return error_of_code(code);
  }
  CHECK(sqlite3_stmt_busy(prepared) == 0);
  return Statement{prepared, shared_};
}

Result<void> Database::execute(Literal sql) {
  const int code = sqlite3_exec(handle_, sql.text, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error_of_code(code);
  return {};
}

Result<void> Database::begin() {
  // Some errors end a transaction, others leave it to us: then rollback() could not end it either.
  if (sqlite3_get_autocommit(handle_) == 0) {
    return Error{Failure::unavailable, "a transaction could not be undone"};
  }
  shared_.first_error.reset();
  return TRY(prepare("BEGIN IMMEDIATE")).run();
}

Result<void> Database::commit() {
  if (shared_.first_error) {
    rollback();
    return *shared_.first_error;
  }
  const auto done = TRY(prepare("COMMIT")).run();
  if (!done.ok()) rollback();
  return done;
}

void Database::rollback() {
  if (sqlite3_get_autocommit(handle_) != 0) return;  // SQLite did it already
  // It only drops what is in memory. Where it fails nevertheless, begin() refuses.
  (void)execute("ROLLBACK").ok();
}

Result<void> Database::healthy() const {
  if (shared_.first_error) return *shared_.first_error;
  return {};
}

std::int64_t Database::changed_rows() const { return sqlite3_changes(handle_); }
std::int64_t Database::last_row() const { return sqlite3_last_insert_rowid(handle_); }

Result<int> Database::schema_version() {
  auto row = TRY(prepare("PRAGMA user_version"));
  int version = 0;
  if (!TRY(row.step())) return Error{Failure::corrupt, "the vault has no version"};
  TRY(row.take(version));
  return version;
}

}  // namespace martlet::store
