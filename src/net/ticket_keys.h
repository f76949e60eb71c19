#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

namespace martlet::net {

/// The keys under which a server seals what its clients bring along to resume a TLS session
/// (RFC 8446 section 4.6.1). In memory only and short-lived: made anew when older than kSealFor;
/// from then on a key opens for as long again, and is forgotten. Thread-safe.
class TicketKeys {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::hours kSealFor{12};

  /// Immutable; wiped when the last one who uses it lets go.
  struct Key {
    Key() = default;
    Key(const Key&) = delete;
    Key& operator=(const Key&) = delete;
    ~Key();
    std::array<std::uint8_t, 16> name{};  ///< public, in each ticket
    std::array<std::uint8_t, 32> cipher{};
    std::array<std::uint8_t, 32> mac{};
    Time born{};
  };

  /// Null if the system has no randomness: no tickets then.
  std::shared_ptr<const Key> to_seal(Time now);
  /// Null: not ours, or too old.
  std::shared_ptr<const Key> to_open(std::span<const std::uint8_t> name, Time now);

 private:
  void forget_old(Time now);
  std::mutex mutex_;
  std::shared_ptr<const Key> present_;
  std::shared_ptr<const Key> previous_;
};

}  // namespace martlet::net
