#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace martlet::daemon {

/// ADDR:PORT or [IPv6]:PORT.
struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;  ///< 0: any free one

  /// Nothing if it is neither form. Whether the address is one is for the system to judge.
  static std::optional<ListenAddress> parse(const std::string& text);
  std::string text() const;
  /// 0.0.0.0 or ::, which nobody can connect to.
  bool is_wildcard() const;
};

/// A port of 1 to 65535, or 0 where that is allowed, in digits alone.
std::optional<std::uint16_t> parse_port(const std::string& text);

}  // namespace martlet::daemon
