#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>

namespace martlet::store {

/// Overwrites with zeros; not dropped by the compiler.
inline void wipe(std::span<std::uint8_t> bytes) noexcept {
  explicit_bzero(bytes.data(), bytes.size());
}

/// The key of a vault's file: 32 secret bytes, wiped when destroyed and when moved from.
class VaultKey {
 public:
  static constexpr std::size_t kBytes = 32;
  /// `fill` writes the bytes in place, so no plain copy is left behind.
  template <std::invocable<std::span<std::uint8_t, kBytes>> Fill>
  explicit VaultKey(Fill fill) {
    fill(std::span<std::uint8_t, kBytes>{bytes_});
  }
  ~VaultKey() { wipe(bytes_); }
  VaultKey(const VaultKey&) = delete;
  VaultKey& operator=(const VaultKey&) = delete;
  VaultKey(VaultKey&& other) noexcept : bytes_{other.bytes_} { wipe(other.bytes_); }
  VaultKey& operator=(VaultKey&&) = delete;

  std::span<const std::uint8_t, kBytes> reveal() const { return bytes_; }

 private:
  std::array<std::uint8_t, kBytes> bytes_{};
};

}  // namespace martlet::store
