#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace martlet::crypto {

/// Overwrites with zeros in a way the compiler may not drop (OPENSSL_cleanse).
void wipe(std::span<std::uint8_t> bytes) noexcept;

/// N secret bytes of one kind. Wiped when destroyed and when moved from; cannot
/// be copied, compared, printed or logged, nor mistaken for another kind.
template <std::size_t N, class Kind>
class Secret {
 public:
  static constexpr std::size_t kBytes = N;
  /// `fill` writes the bytes in place, so no plain copy is left behind.
  template <std::invocable<std::span<std::uint8_t, N>> Fill>
  explicit Secret(Fill fill) {
    fill(std::span<std::uint8_t, N>{bytes_});
  }
  ~Secret() { wipe(bytes_); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_{other.bytes_} { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  bool operator==(const Secret&) const = delete;
  /// The only way in: search for `reveal` to find every use of key material.
  std::span<const std::uint8_t, N> reveal() const { return bytes_; }

 private:
  std::array<std::uint8_t, N> bytes_{};
};

/// The same for bytes whose number is known at run time only: encoded keys, plaintext.
template <class Kind>
class SecretBytes {
 public:
  /// `size` zero bytes, to be filled through the span that `fill` gets; it returns how many it
  /// used, at most `size`.
  template <class Fill>
  SecretBytes(std::size_t size, Fill fill) : bytes_(size) {
    const std::size_t used = fill(std::span<std::uint8_t>{bytes_});
    wipe(std::span{bytes_}.subspan(used));
    bytes_.resize(used);
  }
  ~SecretBytes() { wipe(bytes_); }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept : bytes_{std::move(other.bytes_)} {
    other.bytes_.clear();
  }
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
      wipe(bytes_);
      bytes_ = std::move(other.bytes_);
      other.bytes_.clear();
    }
    return *this;
  }
  bool operator==(const SecretBytes&) const = delete;
  ByteView reveal() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }

 private:
  std::vector<std::uint8_t> bytes_;
};

using Plaintext = SecretBytes<struct PlaintextKind>;    ///< what was sealed
using EncodedKey = SecretBytes<struct EncodedKeyKind>;  ///< a private key as the vault stores it

}  // namespace martlet::crypto
