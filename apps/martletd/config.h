#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/martletd/complaint.h"
#include "apps/martletd/listen_address.h"
#include "apps/martletd/mail_settings.h"
#include "apps/martletd/sms_settings.h"
#include "apps/martletd/store_settings.h"
#include "base/limits.h"
#include "server/account_rates.h"

namespace martlet::daemon {

/// The operator's settings. Read from up to three places, the later before the earlier: the data
/// folder's server.toml, the file of --config, the command line.
struct Config {
  std::string name;  ///< under which people reach the server; empty: the listen address
  ListenAddress listen{"0.0.0.0", 8443};
  std::optional<std::uint16_t> public_port;  ///< in invitations, if a proxy forwards another one
  std::filesystem::path tls_certificate;     ///< empty: self-signed, made at the first start
  std::filesystem::path tls_key;
  bool tls_public = false;  ///< a public authority vouches for it: invitations need no fingerprint
  Milliseconds envelope_lifetime = limits::kEnvelopeLifetime;
  Milliseconds scrub_interval = Seconds{60};
  StoreSettings store;
  MailSettings mail;
  SmsSettings sms;
  bool open_registration = false;        ///< people may join without an invitation
  std::optional<ListenAddress> metrics;  ///< where metrics are served, on loopback; none: nowhere
  server::SendRates send_rates{server::rate_limits::kSendsAMinute,
                               server::rate_limits::kEnvelopesAMinute,
                               server::rate_limits::kBytesAMinute};  ///< of each account
  std::size_t reactors = 0;  ///< threads that serve connections; 0: one a core
  /// Who said so, for each setting that a file set: "FILE, line N".
  std::map<std::string, std::string, std::less<>> origins;

  /// What invitations call the server.
  std::string host() const;
  /// Of local names, such as alice@chat.example.org.
  std::string domain() const;
};

inline constexpr std::size_t kReactorsMax = 256;
inline constexpr std::int64_t kRateMax = 1'000'000'000'000;  ///< of what is counted a minute

/// Sets what `file` says, leaves the rest. An unknown key, a wrong type or a value out of bounds is
/// a usage complaint with file and line; so is a file that is not there.
Outcome<void> read_config(const std::filesystem::path& file, Config& config);
/// The names of all settings, sorted.
std::vector<std::string> setting_names();
/// The name as people may type it: a domain, an IPv4 or an IPv6 address.
bool is_server_name(const std::string& text);
/// The commented server.toml of a first start.
std::string first_config(const Config& config);

}  // namespace martlet::daemon
