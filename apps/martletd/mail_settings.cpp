#include "apps/martletd/mail_settings.h"

#include <charconv>

#include "base/handle.h"

namespace martlet::daemon {

const char* name_of(MailSettings::Security security) {
  switch (security) {
    case MailSettings::Security::starttls:
      return "starttls";
    case MailSettings::Security::tls:
      return "tls";
    case MailSettings::Security::none:
      break;
  }
  return "none";
}

bool is_mail_server(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  const auto host = text.substr(0, colon);
  const auto port = text.substr(colon + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || number < 1 || number > 65'535) {
    return false;
  }
  if (host.front() == '[') {
    return host.back() == ']' && host.size() > 2 &&
           host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1;
  }
  // A name, or an IPv4 address, which is one but for its last label.
  return is_domain(host) || host.find_first_not_of("0123456789.") == std::string::npos;
}

bool is_on_this_machine(const std::string& server) {
  const auto host = server.substr(0, server.rfind(':'));
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

}  // namespace martlet::daemon
