#pragma once

#include "base/reader.h"
#include "base/time.h"

/// What the rows of several stores have in common. For the .cpp files of this folder.
namespace martlet::store {

inline Result<UnixMillis> time(Reader& in) {
  return unix_millis(static_cast<std::int64_t>(TRY(in.u64())));
}
inline std::uint64_t number_of(UnixMillis time) {
  return static_cast<std::uint64_t>(count_of(time));
}

/// Our own rows are never `malformed`: if they do not parse, the disk is damaged.
template <class T>
Result<T> stored(Result<T> parsed) {
  if (parsed.ok()) return parsed;
  return Error{Failure::corrupt, parsed.error().reason};
}

}  // namespace martlet::store
