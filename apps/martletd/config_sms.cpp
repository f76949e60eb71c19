// The section [sms]: how phone numbers are proven.
#include <algorithm>

#include "apps/martletd/config_setters.h"
#include "base/handle.h"
#include "gateways/sms_gateway.h"

namespace martlet::daemon {
namespace {

constexpr const char* kFileExpected = "an absolute path to a file with nothing else in it";

template <class Set>
Setter path_setter(Set which) {
  return text_setter<std::string>(kFileExpected, [=](const std::string& text, Config& config) {
    return set_path(text, which(config.sms));
  });
}

bool is_number(const std::string& text) {
  const auto number = Handle::parse(text);
  return number.ok() && number.value().is_number() && number.value().text() == text;
}

/// A number, or what carriers let one write instead: up to 11 letters and digits.
bool is_sender(const std::string& text) {
  if (is_number(text)) return true;
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ' ';
  };
  return !text.empty() && text.size() <= 11 && std::ranges::all_of(text, is_plain);
}

bool is_username(const std::string& text) {
  return !text.empty() && text.size() <= gateways::limits::kSecretBytesMax &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_prefix(const std::string& text) {
  return text.size() >= 2 && text.size() <= 16 && text[0] == '+' && text[1] != '0' &&
         text.find_first_not_of("0123456789", 1) == std::string::npos;
}

const char* set_prefixes(const toml::node& value, Config& config) {
  constexpr const char* kExpected = "a list of how numbers may begin, such as [\"+49\", \"+43\"]";
  const auto* const list = value.as_array();
  if (list == nullptr || list->empty() || list->size() > kSmsPrefixesMax) return kExpected;
  config.sms.prefixes.clear();
  for (const auto& item : *list) {
    const auto text = item.value_exact<std::string>();
    if (!text || !is_prefix(*text)) return kExpected;
    config.sms.prefixes.push_back(*text);
  }
  return nullptr;
}

}  // namespace

Setters sms_setters() {
  return {
      {"sms.gateway_url",
       text_setter<std::string>("http:// or https://, a host and a path, without ? and @",
                                [](const std::string& text, Config& config) {
                                  config.sms.gateway_url = text;
                                  return gateways::is_gateway_url(text);
                                })},
      {"sms.username", text_setter<std::string>("a name of printable ASCII",
                                                [](const std::string& text, Config& config) {
                                                  config.sms.username = text;
                                                  return is_username(text);
                                                })},
      {"sms.password_file",
       path_setter([](SmsSettings & sms) -> auto& { return sms.password_file; })},
      {"sms.sender",
       text_setter<std::string>("a number such as \"+4930123456\", or up to 11 letters and digits",
                                [](const std::string& text, Config& config) {
                                  config.sms.sender = text;
                                  return is_sender(text);
                                })},
      {"sms.prefixes", set_prefixes},
      {"sms.inbound_number", text_setter<std::string>("a number such as \"+4930123456\"",
                                                      [](const std::string& text, Config& config) {
                                                        config.sms.inbound_number = text;
                                                        return is_number(text);
                                                      })},
      {"sms.callback_key_file",
       path_setter([](SmsSettings & sms) -> auto& { return sms.callback_key_file; })},
  };
}

Outcome<void> check_sms(const std::filesystem::path& file, const Config& config) {
  const auto& sms = config.sms;
  const bool sends[] = {sms.sends(), !sms.username.empty(), !sms.password_file.empty(),
                        !sms.sender.empty()};
  if (std::ranges::count(sends, sends[0]) != std::ssize(sends)) {
    return Complaint{Exit::usage,
                     file.string() +
                         ": `sms.gateway_url`, `sms.username`, `sms.password_file` and "
                         "`sms.sender` go together",
                     "set all four to send codes, or none"};
  }
  if (!sms.prefixes.empty() && !sms.sends()) {
    return Complaint{Exit::usage, file.string() + ": `sms.prefixes` needs `sms.gateway_url`",
                     "without a gateway no code is sent anywhere"};
  }
  if (sms.receives() == sms.callback_key_file.empty()) {
    return Complaint{
        Exit::usage,
        file.string() + ": `sms.inbound_number` and `sms.callback_key_file` go together",
        "set both to receive codes, or neither"};
  }
  return {};
}

std::string first_sms_config() {
  return "\n"
         "# [sms]                            # default: phone numbers cannot be proven here\n"
         "# gateway_url = \"http://127.0.0.1:13013/cgi-bin/sendsms\"\n"
         "# username = \"martlet\"\n"
         "# password_file = \"/etc/martlet/sms-password\"\n"
         "# sender = \"+4930123456\"          # what codes come from\n"
         "# prefixes = [\"+49\", \"+43\"]      # default: codes are sent to all countries\n"
         "# inbound_number = \"+4930123456\"  # where people send codes from their phones\n"
         "# callback_key_file = \"/etc/martlet/sms-callback-key\"\n";
}

}  // namespace martlet::daemon
