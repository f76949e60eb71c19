#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "store/vault/statement.h"

namespace martlet::store {

/// All rows of a query; `take(row, record)` reads one.
template <class Record, class Take>
Result<std::vector<Record>> all_rows(Result<Statement> query, Take take) {
  auto rows = TRY(std::move(query));
  std::vector<Record> found;
  while (TRY(rows.step())) TRY(take(rows, found.emplace_back()));
  return found;
}

/// The first row of a query, if there is one.
template <class Record, class Take>
Result<std::optional<Record>> first_row(Result<Statement> query, Take take) {
  auto row = TRY(std::move(query));
  std::optional<Record> found;
  if (TRY(row.step())) TRY(take(row, found.emplace()));
  return found;
}

/// The first column of a query's first row, or `otherwise`.
template <class Value>
Result<Value> single(Result<Statement> query, Value otherwise) {
  auto row = TRY(std::move(query));
  if (TRY(row.step())) TRY(row.take(otherwise));
  return otherwise;
}

/// SQLite counts with 63 bits: no order, cursor or limit of ours is larger.
inline std::int64_t clamped(std::uint64_t value) {
  constexpr std::uint64_t max = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(value, max));
}

}  // namespace martlet::store
