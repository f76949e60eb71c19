#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace martlet::daemon {

/// The section [store]: how what waits is kept.
struct StoreSettings {
  enum class Engine : std::uint8_t { segments, rocks };
  Engine mailboxes = Engine::segments;
  std::uint64_t disk_bytes_max = 0;  ///< of waiting envelopes, for segments; 0: as much as there is
  bool accept_damage = false;        ///< serve what is readable in spite of damaged mailbox files
};

inline constexpr std::uint64_t kDiskBytesLeast = 64'000'000;  ///< a smaller ceiling is refused

const char* name_of(StoreSettings::Engine engine);
/// A whole number and MB, GB or TB (powers of a thousand).
std::optional<std::uint64_t> parse_bytes(std::string_view text);
/// As parse_bytes takes it; "" for 0.
std::string bytes_text(std::uint64_t bytes);

}  // namespace martlet::daemon
