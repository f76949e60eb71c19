#include <algorithm>
#include <charconv>

#include "base/handle.h"
#include "base/limits.h"
#include "client/engine.h"
#include "client/errors.h"

namespace martlet::client {
namespace {

constexpr std::size_t kInvitationUrlBytesMax = 512;

/// Takes what stands before the first `separator` off `rest`; all of it if there is none.
std::string_view take_until(std::string_view& rest, char separator) {
  const auto at = rest.find(separator);
  const auto part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return part;
}

bool is_ipv4(std::string_view text) {
  int groups = 0;
  for (bool more = true; more; ++groups) {
    more = text.find('.') != std::string_view::npos;
    const auto group = take_until(text, '.');
    unsigned value = 256;
    const auto [end, failed] = std::from_chars(group.data(), group.data() + group.size(), value);
    if (failed != std::errc{} || end != group.data() + group.size() || value > 255) return false;
    if (group.size() > 1 && group.front() == '0') return false;
  }
  return groups == 4;
}

/// Hex digits and colons between brackets: the resolver judges the rest.
bool is_ipv6(std::string_view text) {
  return text.size() >= 2 && text.size() <= 45 && text.find(':') != std::string_view::npos &&
         text.find_first_not_of("0123456789abcdef:.") == std::string_view::npos;
}

bool is_host(std::string_view text) { return is_ipv4(text) || is_domain(text); }

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failed != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  if (text.front() == '0') return std::nullopt;
  return port;
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view without_blanks_around(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// HOST[:PORT], [IPv6][:PORT].
std::optional<store::ServerAddress> parse_authority(std::string_view text) {
  store::ServerAddress server;
  if (text.starts_with('[')) {
    text.remove_prefix(1);
    if (text.find(']') == std::string_view::npos) return std::nullopt;
    server.host = lower(take_until(text, ']'));
    if (!is_ipv6(server.host) || (!text.empty() && text.front() != ':')) return std::nullopt;
    if (!text.empty())
      text.remove_prefix(1);
    else
      text = "443";
  } else {
    const bool has_port = text.find(':') != std::string_view::npos;
    server.host = lower(take_until(text, ':'));
    if (!is_host(server.host)) return std::nullopt;
    if (!has_port) text = "443";
  }
  const auto port = parse_port(text);
  if (!port) return std::nullopt;
  server.port = *port;
  return server;
}

bool parse_fingerprint(std::string_view text, store::ServerAddress& server) {
  const auto bytes = from_base64url(text);
  if (!bytes.ok() || bytes.value().size() != sizeof(Digest)) return false;
  std::ranges::copy(bytes.value(), server.fingerprint.emplace().begin());
  return true;
}

}  // namespace

Answer<store::ServerAddress> parse_server_address(std::string_view text) {
  auto rest = without_blanks_around(text);
  const bool has_fingerprint = rest.find('#') != std::string_view::npos;
  if (rest.size() > kInvitationUrlBytesMax) return errors::kServerAddress;
  auto server = parse_authority(take_until(rest, '#'));
  if (!server || (has_fingerprint && !parse_fingerprint(rest, *server))) {
    return errors::kServerAddress;
  }
  return *std::move(server);
}

Answer<InvitationUrl> parse_invitation_url(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  auto rest = without_blanks_around(url);
  if (rest.size() > kInvitationUrlBytesMax) return errors::kInvitationUrl;
  if (lower(rest.substr(0, kScheme.size())) != kScheme) return errors::kInvitationUrl;
  rest.remove_prefix(kScheme.size());

  const bool has_fingerprint = rest.find('#') != std::string_view::npos;
  auto path = take_until(rest, '#');
  const auto server = parse_authority(take_until(path, '/'));
  if (!server) return errors::kInvitationUrl;
  InvitationUrl invitation{*server, ""};
  if (!path.empty() && take_until(path, '/') != "i") return errors::kInvitationUrl;
  if (!path.empty()) {
    const auto token = from_base64url(path);
    if (!token.ok() || token.value().size() != limits::kInvitationTokenBytes) {
      return errors::kInvitationUrl;
    }
    invitation.token = path;
  }

  if (has_fingerprint && !parse_fingerprint(rest, invitation.server)) {
    return errors::kInvitationUrl;
  }
  return invitation;
}

std::string to_text(const store::ServerAddress& server) {
  const bool is_v6 = server.host.find(':') != std::string::npos;
  auto text = is_v6 ? "[" + server.host + "]" : server.host;
  text += ":" + std::to_string(server.port);
  if (server.fingerprint) text += "#" + to_base64url(*server.fingerprint);
  return text;
}

}  // namespace martlet::client
