#pragma once

#include <filesystem>
#include <string>

namespace martlet::daemon {

/// How phone numbers are proven: the section [sms] of the settings.
struct SmsSettings {
  std::string gateway_url;  ///< empty: no SMS is sent
  std::string username;
  std::filesystem::path password_file;
  std::string sender;          ///< what codes come from
  std::string inbound_number;  ///< E.164; empty: no SMS is received
  std::filesystem::path callback_key_file;

  bool sends() const { return !gateway_url.empty(); }
  bool receives() const { return !inbound_number.empty(); }
};

}  // namespace martlet::daemon
