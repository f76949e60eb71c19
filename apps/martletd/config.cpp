#include "apps/martletd/config.h"

#include <arpa/inet.h>

#include "apps/martletd/config_setters.h"
#include "base/handle.h"

namespace martlet::daemon {
namespace {

bool is_ip(const std::string& text) {
  std::array<std::uint8_t, 16> bytes;
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

bool set_security(const std::string& text, MailSettings& mail) {
  using Security = MailSettings::Security;
  for (const auto security : {Security::starttls, Security::tls, Security::none}) {
    if (text != name_of(security)) continue;
    mail.security = security;
    return true;
  }
  return false;
}

bool set_address(const std::string& text, std::string& address) {
  const auto parsed = Handle::parse(text);
  if (!parsed.ok() || parsed.value().is_number()) return false;
  address = parsed.value().text();
  return true;
}

/// A text that goes into `mail` as it is, unless `is_good` says no.
template <class Check>
Setter mail_text_setter(const char* expected, std::string MailSettings::*field, Check is_good) {
  return text_setter<std::string>(expected, [=](const std::string& text, Config& config) {
    config.mail.*field = text;
    return is_good(text);
  });
}
Setter mail_path_setter(const char* expected, std::filesystem::path MailSettings::*field) {
  return text_setter<std::string>(expected, [=](const std::string& text, Config& config) {
    return set_path(text, config.mail.*field);
  });
}

Setters own_setters() {
  return {
      {"name", text_setter<std::string>("a domain or an IP address",
                                        [](const std::string& text, Config& config) {
                                          config.name = text;
                                          return is_server_name(text);
                                        })},
      {"listen", text_setter<std::string>("\"ADDRESS:PORT\" or \"[IPv6]:PORT\"",
                                          [](const std::string& text, Config& config) {
                                            const auto parsed = ListenAddress::parse(text);
                                            if (parsed) config.listen = *parsed;
                                            return parsed.has_value();
                                          })},
      {"public_port", number_setter(1, 65'535, "a port, 1 to 65535",
                                    [](std::int64_t port, Config& config) {
                                      config.public_port = static_cast<std::uint16_t>(port);
                                    })},
      {"envelope_lifetime_days", number_setter(1, 30, "a whole number of days, 1 to 30",
                                               [](std::int64_t days, Config& config) {
                                                 config.envelope_lifetime = std::chrono::days{days};
                                               })},
      {"scrub_interval_s", number_setter(1, 86'400, "a whole number of seconds, 1 to 86400",
                                         [](std::int64_t seconds, Config& config) {
                                           config.scrub_interval = Seconds{seconds};
                                         })},
      {"registration", text_setter<std::string>("\"invite\" or \"open\"",
                                                [](const std::string& text, Config& config) {
                                                  config.open_registration = text == "open";
                                                  return text == "open" || text == "invite";
                                                })},
      {"reactors", number_setter(1, kReactorsMax, "a number of threads, 1 to 256",
                                 [](std::int64_t count, Config& config) {
                                   config.reactors = static_cast<std::size_t>(count);
                                 })},
      {"tls.certificate", text_setter<std::string>("an absolute path to a PEM file",
                                                   [](const std::string& text, Config& config) {
                                                     return set_path(text, config.tls_certificate);
                                                   })},
      {"tls.key", text_setter<std::string>("an absolute path to a PEM file",
                                           [](const std::string& text, Config& config) {
                                             return set_path(text, config.tls_key);
                                           })},
      {"tls.public", text_setter<bool>("true or false",
                                       [](bool value, Config& config) {
                                         config.tls_public = value;
                                         return true;
                                       })},
      {"mail.server", mail_text_setter("\"HOST:PORT\"", &MailSettings::server, is_mail_server)},
      {"mail.security", text_setter<std::string>("\"starttls\", \"tls\" or \"none\"",
                                                 [](const std::string& text, Config& config) {
                                                   return set_security(text, config.mail);
                                                 })},
      {"mail.from", text_setter<std::string>("a mail address",
                                             [](const std::string& text, Config& config) {
                                               return set_address(text, config.mail.from);
                                             })},
      {"mail.user", mail_text_setter("a user's name", &MailSettings::user,
                                     [](const std::string& text) { return !text.empty(); })},
      {"mail.password_file",
       mail_path_setter("an absolute path to a file", &MailSettings::password_file)},
      {"mail.authorities",
       mail_path_setter("an absolute path to a PEM file", &MailSettings::authorities)},
      {"mail.folder", mail_path_setter("an absolute path to a folder", &MailSettings::folder)},
  };
}

const Setters& setters() {
  static const Setters kSetters = [] {
    auto all = sms_setters();
    all.merge(store_setters());
    all.merge(own_setters());
    all.merge(limit_setters());
    return all;
  }();
  return kSetters;
}

Complaint at(const std::filesystem::path& file, toml::source_index line, const std::string& what) {
  return {Exit::usage, file.string() + ", line " + std::to_string(line) + ": " + what,
          "docs/operator.md lists every setting"};
}

bool is_section(const std::string& name) {
  const auto first = setters().lower_bound(name + ".");
  return first != setters().end() && first->first.starts_with(name + ".");
}

Outcome<void> apply(const toml::table& table, const std::string& prefix,
                    const std::filesystem::path& file, Config& config) {
  for (const auto& [key, value] : table) {
    const auto name = prefix + std::string{key.str()};
    const auto line = value.source().begin.line;
    if (const auto* inner = value.as_table(); inner != nullptr && is_section(name)) {
      TRY(apply(*inner, name + ".", file, config));
      continue;
    }
    const auto setter = setters().find(name);
    if (setter == setters().end()) return at(file, line, "there is no setting `" + name + "`");
    if (const auto* expected = setter->second(value, config)) {
      return at(file, line, "`" + name + "` must be " + expected);
    }
    config.origins[name] = file.string() + ", line " + std::to_string(line);
  }
  return {};
}

Outcome<void> check_mail(const std::filesystem::path& file, const MailSettings& mail) {
  const auto wrong = [&](const char* what, const char* hint) {
    return Complaint{Exit::usage, file.string() + ": " + what, hint};
  };
  if (!mail.server.empty() && !mail.folder.empty()) {
    return wrong("`mail.server` and `mail.folder` exclude each other",
                 "the folder is for development");
  }
  if (!mail.server.empty() && mail.from.empty()) {
    return wrong("`mail.server` needs `mail.from`", "the address that mails come from");
  }
  if (mail.user.empty() != mail.password_file.empty()) {
    return wrong("`mail.user` and `mail.password_file` go together", "set both, or neither");
  }
  if (!mail.server.empty() && mail.security == MailSettings::Security::none &&
      !is_on_this_machine(mail.server)) {
    return wrong("without TLS `mail.server` must be on this machine",
                 "set `mail.security` to \"starttls\" or \"tls\"");
  }
  return {};
}

Outcome<void> check_together(const std::filesystem::path& file, const Config& config) {
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    return Complaint{Exit::usage, file.string() + ": `tls.certificate` and `tls.key` go together",
                     "set both, or neither for a self-signed certificate"};
  }
  if (config.tls_public && config.tls_certificate.empty()) {
    return Complaint{Exit::usage,
                     file.string() + ": `tls.public` needs `tls.certificate` and `tls.key`",
                     "no public authority vouches for a self-signed certificate"};
  }
  TRY(check_store(file, config));
  TRY(check_mail(file, config.mail));
  return check_sms(file, config);
}

}  // namespace

std::vector<std::string> setting_names() {
  std::vector<std::string> names;
  for (const auto& [name, setter] : setters()) names.push_back(name);
  return names;
}

bool is_server_name(const std::string& text) {
  return text.size() <= limits::kDomainBytesMax && (is_domain(text) || is_ip(text));
}

std::string Config::host() const {
  const auto plain = !name.empty() ? name : listen.is_wildcard() ? "localhost" : listen.address;
  return plain.find(':') != std::string::npos ? "[" + plain + "]" : plain;
}

std::string Config::domain() const { return is_domain(name) ? name : "localhost"; }

Outcome<void> read_config(const std::filesystem::path& file, Config& config) {
  toml::table table;
  try {
    table = toml::parse_file(file.string());
  } catch (const toml::parse_error& error) {
    const auto line = error.source().begin.line;
    if (line == 0) {
      return Complaint{Exit::usage, "cannot read the settings in " + file.string()};
    }
    return at(file, line, std::string{error.description()});
  }
  auto next = config;
  TRY(apply(table, "", file, next));
  TRY(check_together(file, next));
  config = std::move(next);
  return {};
}

std::string first_config(const Config& config) {
  std::string text =
      "# Settings of this Martlet server, written at its first start. Edit, then restart.\n"
      "# What is commented out shows the default.\n\n";
  if (config.name.empty()) {
    text += "# name = \"chat.example.org\"        # under which people reach this server\n";
  } else {
    text += "name = \"" + config.name + "\"\n";
  }
  text += "listen = \"" + config.listen.text() + "\"\n";
  text +=
      "# public_port = 443                # if a proxy or router forwards another port to us\n"
      "# envelope_lifetime_days = 7       # 1 to 30: how long a message waits for a device\n"
      "# scrub_interval_s = 60            # how soon deleted bytes leave the disk\n"
      "# registration = \"invite\"          # \"open\": people may join without an invitation\n"
      "# reactors = 2                     # threads that serve connections; default: one a core\n"
      "\n"
      "# [admin]\n"
      "# metrics = \"127.0.0.1:9464\"       # Prometheus metrics at /metrics; default: nowhere\n"
      "\n"
      "# [limits]                         # what an account may send a minute; 0: no limit\n"
      "# sends_a_minute = 1200\n"
      "# envelopes_a_minute = 60000\n"
      "# bytes_a_minute = 268435456\n"
      "\n"
      "# [tls]                            # default: self-signed, pinned by invitations\n"
      "# certificate = \"/etc/letsencrypt/live/chat.example.org/fullchain.pem\"\n"
      "# key = \"/etc/letsencrypt/live/chat.example.org/privkey.pem\"\n"
      "# public = true                    # a public authority vouches for it\n"
      "\n"
      "# [mail]                           # default: no mail; addresses can't be proven\n"
      "# server = \"smtp.example.org:587\"\n"
      "# security = \"starttls\"            # or \"tls\"; \"none\" only on this machine\n"
      "# from = \"martlet@example.org\"\n"
      "# user = \"martlet\"\n"
      "# password_file = \"/etc/martlet/mail-password\"\n";
  text += first_store_config();
  text += first_sms_config();
  return text;
}

}  // namespace martlet::daemon
