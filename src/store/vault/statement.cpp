#include "store/vault/statement.h"

#include <sqlcipher/sqlite3.h>

#include "base/check.h"

namespace martlet::store {

Error error_of_code(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
      return Error{Failure::unavailable, "the disk did not take it"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error{Failure::in_use, "another process uses this vault"};
    case SQLITE_TOOBIG:
      return Error{Failure::limit_reached, "too long for the vault"};
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
      check_failed(__FILE__, __LINE__, "SQLite was called as it must not be");
    default:
      // Also SQLITE_ERROR: SQLCipher says so where a page does not verify, SQLite where a table of
      // the schema is missing.
      return Error{Failure::corrupt, "the vault is damaged, or this is not its key"};
  }
}

Statement::Statement(Statement&& other) noexcept
    : prepared_{std::exchange(other.prepared_, nullptr)},
      shared_{other.shared_},
      parameter_{other.parameter_} {}

Statement::~Statement() {
  if (prepared_ == nullptr) return;
  sqlite3_reset(prepared_);
  sqlite3_clear_bindings(prepared_);
}

Result<bool> Statement::step() {
  CHECK(parameter_ == sqlite3_bind_parameter_count(prepared_));
  const int code = sqlite3_step(prepared_);
  if (code == SQLITE_ROW) return probe();
  if (code == SQLITE_DONE) return false;
  return note(code);
}

Error Statement::note(int code) {
  const auto error = error_of_code(code);
  if (!shared_->first_error) shared_->first_error = error;
  return error;
}

Result<bool> Statement::probe() {
  const int code = sqlite3_step(shared_->probe);
  sqlite3_reset(shared_->probe);
  if (code != SQLITE_ROW && code != SQLITE_DONE) return note(code);
  return true;
}

Result<void> Statement::run() {
  while (TRY(step())) {
  }
  return {};
}

void Statement::put(std::int64_t value) {
  CHECK(sqlite3_bind_int64(prepared_, ++parameter_, value) == SQLITE_OK);
}

void Statement::put(std::string_view value) {
  // A null pointer would bind NULL.
  const char* data = value.empty() ? "" : value.data();
  const int code =
      sqlite3_bind_text64(prepared_, ++parameter_, data, value.size(), SQLITE_STATIC, SQLITE_UTF8);
  CHECK(code == SQLITE_OK);
}

void Statement::put(ByteView value) {
  const void* data = value.empty() ? static_cast<const void*>("") : value.data();
  const int code = sqlite3_bind_blob64(prepared_, ++parameter_, data, value.size(), SQLITE_STATIC);
  CHECK(code == SQLITE_OK);
}

void Statement::put_null() { CHECK(sqlite3_bind_null(prepared_, ++parameter_) == SQLITE_OK); }

bool Statement::is_null(int column) const {
  return sqlite3_column_type(prepared_, column) == SQLITE_NULL;
}

bool Statement::get(int column, std::int64_t& field) const {
  if (sqlite3_column_type(prepared_, column) != SQLITE_INTEGER) return false;
  field = sqlite3_column_int64(prepared_, column);
  return true;
}

bool Statement::get(int column, std::string& field) const {
  if (sqlite3_column_type(prepared_, column) != SQLITE_TEXT) return false;
  const auto* data = sqlite3_column_text(prepared_, column);
  if (data == nullptr) return false;
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(prepared_, column));
  field = text_of({data, size});
  return true;
}

bool Statement::get(int column, Bytes& field) const {
  if (sqlite3_column_type(prepared_, column) != SQLITE_BLOB) return false;
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(prepared_, column));
  field.resize(size);
  return get(column, std::span<std::uint8_t>{field});
}

bool Statement::get(int column, std::span<std::uint8_t> field) const {
  if (sqlite3_column_type(prepared_, column) != SQLITE_BLOB) return false;
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(prepared_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(prepared_, column));
  if (size != field.size() || (data == nullptr && size > 0)) return false;
  std::copy_n(data, size, field.begin());
  return true;
}

bool Statement::get(int column, UnixMillis& field) const {
  std::int64_t count = 0;
  if (!get(column, count)) return false;
  field = unix_millis(count);
  return true;
}

}  // namespace martlet::store
