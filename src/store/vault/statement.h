#pragma once

#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>

#include "base/ids.h"
#include "base/time.h"

struct sqlite3_stmt;

namespace martlet::store {

/// What an SQLite result code asks of the caller. `corrupt` also where the file is not ours or the
/// key is wrong, `in_use` where another connection holds it.
Error error_of_code(int code);

/// What the statements of one connection share.
struct StatementsShared {
  /// Of a step since it was reset: so that no transaction is committed by oversight.
  std::optional<Error> first_error;
  /// Any query that looks at a page. SQLCipher 3 gives a page that does not verify as zeros, keeps
  /// the error for whoever wants the next page, and forgets it when the statement is reset. The end
  /// of a long text has no page behind it: without this it would come back as zeros.
  sqlite3_stmt* probe = nullptr;
};

/// One run of a prepared statement: bind, step, take. Resets it when destroyed.
class Statement {
 public:
  Statement(sqlite3_stmt* prepared, StatementsShared& shared)
      : prepared_{prepared}, shared_{&shared} {}
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;

  /// Binds the next parameters. Texts and blobs are not copied: they outlive the last step.
  template <class... Values>
  Statement& bind(const Values&... values) {
    (put(values), ...);
    return *this;
  }
  /// True: there is a row.
  Result<bool> step();
  /// Runs to the end; rows, if any, are ignored.
  Result<void> run();

  /// Reads the columns of the row, from the first, into fields of their types. Fails with `corrupt`
  /// if one has another type, length or range.
  template <class... Fields>
  Result<void> take(Fields&... fields) {
    int column = 0;
    if ((get(column++, fields) && ...)) return {};
    return Error{Failure::corrupt, "the vault holds a row that makes no sense"};
  }

 private:
  Error note(int code);
  Result<bool> probe();

  void put(std::int64_t value);
  void put(std::string_view value);
  void put(ByteView value);
  void put_null();
  void put(const std::string& value) { put(std::string_view{value}); }
  void put(const Bytes& value) { put(ByteView{value}); }
  void put(const Digest& value) { put(ByteView{value}); }
  void put(UnixMillis value) { put(std::int64_t{count_of(value)}); }
  template <std::size_t N, class Kind>
  void put(const Id<N, Kind>& value) {
    put(value.view());
  }
  template <class Number>
  requires std::integral<Number> || std::is_enum_v<Number>
  void put(const Number& value) {
    put(static_cast<std::int64_t>(value));  // 64 unsigned bits as two's complement
  }
  template <class Value>
  void put(const std::optional<Value>& value) {
    value ? put(*value) : put_null();
  }

  bool is_null(int column) const;
  bool get(int column, std::int64_t& field) const;
  bool get(int column, std::string& field) const;
  bool get(int column, Bytes& field) const;
  bool get(int column, std::span<std::uint8_t> field) const;  ///< exactly that many bytes
  bool get(int column, Digest& field) const { return get(column, std::span<std::uint8_t>{field}); }
  bool get(int column, UnixMillis& field) const;
  template <std::size_t N, class Kind>
  bool get(int column, Id<N, Kind>& field) const {
    std::array<std::uint8_t, N> bytes{};
    if (!get(column, std::span<std::uint8_t>{bytes})) return false;
    field = Id<N, Kind>{bytes};
    return true;
  }
  template <std::integral Number>
  bool get(int column, Number& field) const {
    std::int64_t value = 0;
    if (!get(column, value)) return false;
    field = static_cast<Number>(value);
    return sizeof(Number) == sizeof value || static_cast<std::int64_t>(field) == value;
  }
  /// `is_known` of the enum's namespace says which values are enumerators.
  template <class Enum>
  requires std::is_enum_v<Enum>
  bool get(int column, Enum& field) const {
    std::underlying_type_t<Enum> value{};
    if (!get(column, value)) return false;
    field = static_cast<Enum>(value);
    return is_known(field);
  }
  template <class Value>
  bool get(int column, std::optional<Value>& field) const {
    field.reset();
    return is_null(column) || get(column, field.emplace());
  }

  sqlite3_stmt* prepared_;
  StatementsShared* shared_;
  int parameter_ = 0;
};

}  // namespace martlet::store
