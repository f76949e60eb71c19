#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstring>
#include <functional>

#include "base/bytes.h"

namespace martlet {

/// N public bytes that name one kind of thing. Zero when made without bytes.
template <std::size_t N, class Kind>
class Id {
 public:
  static constexpr std::size_t kBytes = N;
  Id() = default;
  explicit Id(const std::array<std::uint8_t, N>& bytes) : bytes_{bytes} {}
  /// Exactly N bytes, or `malformed`.
  static Result<Id> from(ByteView bytes) {
    if (bytes.size() != N) return Error{Failure::malformed, "an id of the wrong length"};
    Id id;
    std::ranges::copy(bytes, id.bytes_.begin());
    return id;
  }
  ByteView view() const { return bytes_; }
  const std::array<std::uint8_t, N>& array() const { return bytes_; }
  std::string hex() const { return to_hex(bytes_); }
  bool is_zero() const { return *this == Id{}; }
  auto operator<=>(const Id&) const = default;

 private:
  std::array<std::uint8_t, N> bytes_{};
};

using AccountId = Id<32, struct AccountIdKind>;  ///< link id of the genesis link
using DeviceId =
    Id<32, struct DeviceIdKind>;           ///< key id of the device's signing key; its push address
using LinkId = Id<32, struct LinkIdKind>;  ///< SHA-256(10 | LinkTBS), spec/account-chain.md
using MessageId = Id<16, struct MessageIdKind>;  ///< random, chosen by the sender; idempotency key
using ChatId = Id<16, struct ChatIdKind>;        ///< first 16 bytes of the other account's id
using Digest = std::array<std::uint8_t, 32>;     ///< SHA-256

}  // namespace martlet

template <std::size_t N, class Kind>
struct std::hash<martlet::Id<N, Kind>> {
  /// Ids are hashes or random, so their first bytes are hash enough.
  std::size_t operator()(const martlet::Id<N, Kind>& id) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, id.array().data(), sizeof value);
    return value;
  }
};
