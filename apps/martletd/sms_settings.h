#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace martlet::daemon {

inline constexpr std::size_t kSmsPrefixesMax = 256;

/// How phone numbers are proven: the section [sms] of the settings.
struct SmsSettings {
  std::string gateway_url;  ///< empty: no SMS is sent
  std::string username;
  std::filesystem::path password_file;
  std::string sender;  ///< what codes come from
  /// Codes are sent to numbers that begin with one of these, such as "+49"; empty: to all.
  std::vector<std::string> prefixes;
  std::string inbound_number;  ///< E.164; empty: no SMS is received
  std::filesystem::path callback_key_file;

  bool may_send_to(const std::string& number) const {
    return prefixes.empty() || std::ranges::any_of(prefixes, [&](const std::string& prefix) {
             return number.starts_with(prefix);
           });
  }
  bool sends() const { return !gateway_url.empty(); }
  bool receives() const { return !inbound_number.empty(); }
};

}  // namespace martlet::daemon
