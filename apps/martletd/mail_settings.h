#pragma once

#include <filesystem>
#include <string>

namespace martlet::daemon {

/// How mails leave the server: by SMTP, into a folder (for development), or not at all.
struct MailSettings {
  enum class Security : std::uint8_t {
    starttls,  ///< begun in the clear, TLS before anything is said; without it nothing is sent
    tls,       ///< TLS from the start
    none       ///< for a mail server on the same machine
  };
  std::string server;  ///< HOST:PORT; empty: no SMTP
  Security security = Security::starttls;
  std::string from;                     ///< address
  std::string user;                     ///< empty: no login
  std::filesystem::path password_file;  ///< of the user's; its first line
  std::filesystem::path authorities;    ///< PEM; empty: the system's
  std::filesystem::path folder;         ///< development: mails become files here

  bool is_set() const { return !server.empty() || !folder.empty(); }
};

/// "starttls", "tls" or "none".
const char* name_of(MailSettings::Security security);
/// HOST:PORT with a name or an address in front, and a port.
bool is_mail_server(const std::string& text);
/// The mail server is on this machine, as far as its name tells.
bool is_on_this_machine(const std::string& server);

}  // namespace martlet::daemon
