#pragma once

#include <algorithm>
#include <limits>
#include <string>

#include "base/check.h"
#include "base/ids.h"
#include "base/time.h"

/// From protobuf's field types to ours and back. For the sources of wire/ alone.
namespace martlet::wire {

inline void put_bytes(std::string& field, ByteView bytes) {
  field.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}
inline std::uint64_t time_field(UnixMillis time) {
  return static_cast<std::uint64_t>(count_of(time));
}

template <std::size_t N>
Result<std::array<std::uint8_t, N>> take_array(const std::string& field) {
  if (field.size() != N) return Error{Failure::malformed, "a field of the wrong length"};
  std::array<std::uint8_t, N> bytes;
  std::ranges::copy(bytes_of(field), bytes.begin());
  return bytes;
}
template <class IdType>
Result<IdType> take_id(const std::string& field) {
  return IdType::from(bytes_of(field));
}
inline Result<std::uint8_t> take_u8(std::uint32_t field) {
  if (field > 0xff) return Error{Failure::malformed, "a number out of range"};
  return static_cast<std::uint8_t>(field);
}
/// Years up to 9999, so that nothing downstream can overflow.
inline constexpr std::uint64_t kTimeFieldMax = 253'402'300'799'999;
inline Result<UnixMillis> take_time(std::uint64_t field) {
  if (field > kTimeFieldMax) return Error{Failure::malformed, "a time out of range"};
  return unix_millis(static_cast<std::int64_t>(field));
}
inline Result<Milliseconds> take_duration(std::uint64_t field) {
  if (field > kTimeFieldMax) return Error{Failure::malformed, "a duration out of range"};
  return Milliseconds{static_cast<std::int64_t>(field)};
}

template <class Message>
Bytes serialized(const Message& message) {
  Bytes bytes(message.ByteSizeLong());
  CHECK(message.SerializeToArray(bytes.data(), static_cast<int>(bytes.size())));
  return bytes;
}

}  // namespace martlet::wire
