#include "apps/martletd/config_explain.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace martlet::daemon {
namespace {

std::string quoted(const std::string& text) { return nlohmann::json(text).dump(); }

template <class Unit>
std::string count_in(Milliseconds time) {
  return std::to_string(std::chrono::duration_cast<Unit>(time).count());
}

}  // namespace

std::vector<ExplainedSetting> explain(const Config& config) {
  std::vector<ExplainedSetting> settings;
  const auto add = [&](const char* name, std::string value, const char* about) {
    const auto origin = config.origins.find(name);
    settings.push_back({name, std::move(value),
                        origin == config.origins.end() ? "default" : origin->second, about});
  };
  add("name", quoted(config.host()),
      "under which people reach the server; also the domain of local names");
  add("listen", quoted(config.listen.text()), "where connections are accepted");
  add("public_port", std::to_string(config.public_port.value_or(config.listen.port)),
      "the port in invitations, if a proxy or router forwards another one");
  add("envelope_lifetime_days", count_in<std::chrono::days>(config.envelope_lifetime),
      "how long a message waits for a device; then its sender is told");
  add("scrub_interval_s", count_in<Seconds>(config.scrub_interval),
      "how soon deleted bytes leave the disk");
  add("registration", quoted(config.open_registration ? "open" : "invite"),
      "who may join: by invitation only, or anybody who takes a free name of this server");
  add("reactors", std::to_string(config.reactors), "threads that serve connections; 0: one a core");
  add("admin.metrics", quoted(config.metrics ? config.metrics->text() : ""),
      "loopback address where metrics are served over HTTP; empty: nowhere");
  const auto& rates = config.send_rates;
  add("limits.sends_a_minute", std::to_string(rates.sends),
      "Sends of one account, at once and in the long run; 0: no limit");
  add("limits.envelopes_a_minute", std::to_string(rates.envelopes),
      "envelopes in them, one a device; 0: no limit");
  add("limits.bytes_a_minute", std::to_string(rates.bytes), "bytes of them; 0: no limit");
  add("store.mailboxes", quoted(name_of(config.store.mailboxes)),
      "how waiting messages are kept: segments, or rocks; a change moves them at the next start");
  add("store.disk_max", quoted(bytes_text(config.store.disk_bytes_max)),
      "beyond it messages are refused for later; empty: as much as there is");
  add("store.accept_damage", config.store.accept_damage ? "true" : "false",
      "serve what is readable when a file of waiting messages is damaged");
  add("tls.certificate", quoted(config.tls_certificate.string()),
      "PEM file; empty: self-signed, made at the first start");
  add("tls.key", quoted(config.tls_key.string()), "PEM file of its key");
  add("tls.public", config.tls_public ? "true" : "false",
      "a public authority vouches for the certificate: invitations carry no fingerprint");
  const auto& mail = config.mail;
  add("mail.server", quoted(mail.server),
      "SMTP server for mails that prove addresses; empty: addresses can't be proven");
  add("mail.security", quoted(name_of(mail.security)),
      "starttls, tls, or none: only for a mail server on this machine");
  add("mail.from", quoted(mail.from), "address that mails come from");
  add("mail.user", quoted(mail.user), "who logs in at the mail server; empty: nobody");
  add("mail.password_file", quoted(mail.password_file.string()),
      "file whose first line is that user's password; nobody else may read it");
  add("mail.authorities", quoted(mail.authorities.string()),
      "PEM file of who vouches for the mail server; empty: the system's authorities");
  add("mail.folder", quoted(mail.folder.string()),
      "for development: mails become files here, and their links are printed");
  const auto& sms = config.sms;
  add("sms.gateway_url", quoted(sms.gateway_url),
      "asked by HTTP to send codes, as Kannel's sendsms is; empty: none are sent");
  add("sms.username", quoted(sms.username), "at the gateway");
  add("sms.password_file", quoted(sms.password_file.string()), "holds the password there");
  add("sms.sender", quoted(sms.sender), "what codes come from");
  add("sms.prefixes", nlohmann::json(sms.prefixes).dump(),
      "codes are sent to numbers that begin with one of these; none: to all");
  add("sms.inbound_number", quoted(sms.inbound_number),
      "where people send codes from their phones; empty: none are received");
  add("sms.callback_key_file", quoted(sms.callback_key_file.string()),
      "holds the key by which the gateway's calls of /sms/incoming are known");
  return settings;
}

std::string explained_text(const std::vector<ExplainedSetting>& settings) {
  std::string text;
  for (const auto& setting : settings) {
    text += fmt::format("{} = {}\n    {}\n    from: {}\n", setting.name, setting.value,
                        setting.about, setting.source);
  }
  return text;
}

std::string explained_json(const std::vector<ExplainedSetting>& settings) {
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& setting : settings) {
    rows.push_back({{"name", setting.name},
                    {"value", setting.value},
                    {"source", setting.source},
                    {"about", setting.about}});
  }
  return nlohmann::json{{"v", 1}, {"type", "config"}, {"settings", rows}}.dump() + "\n";
}

}  // namespace martlet::daemon
