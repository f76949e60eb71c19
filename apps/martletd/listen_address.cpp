#include "apps/martletd/listen_address.h"

#include <charconv>

namespace martlet::daemon {

std::optional<std::uint16_t> parse_port(const std::string& text) {
  std::uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, port);
  if (text.empty() || error != std::errc{} || stopped != end) return std::nullopt;
  return port;
}

std::optional<ListenAddress> ListenAddress::parse(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return std::nullopt;
  auto address = text.substr(0, colon);
  if (address.front() == '[' && address.back() == ']' && address.size() > 2) {
    address = address.substr(1, address.size() - 2);
    if (address.find(':') == std::string::npos) return std::nullopt;
  } else if (address.find_first_of(":[]") != std::string::npos) {
    return std::nullopt;  // an IPv6 address without brackets
  }
  return ListenAddress{address, *port};
}

std::string ListenAddress::text() const {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

bool ListenAddress::is_wildcard() const { return address == "0.0.0.0" || address == "::"; }

}  // namespace martlet::daemon
