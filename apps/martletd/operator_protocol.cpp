#include "apps/martletd/operator_protocol.h"

#include <nlohmann/json.hpp>

#include "server/overloaded.h"

namespace martlet::daemon {
namespace {

using nlohmann::ordered_json;
using server::Overloaded;

/// One line. Bytes that are not UTF-8, which the operator may have typed, are replaced.
std::string line_of(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json summary_json(const store::MailboxSummary& summary) {
  return {{"items", summary.items}, {"bytes", summary.bytes}};
}

const char* name_of(store::ItemKind kind) {
  return kind == store::ItemKind::envelope ? "envelope" : "undelivered";
}

ordered_json mailbox_json(const server::MailboxLine& mailbox) {
  auto items = ordered_json::array();
  for (const auto& item : mailbox.items) {
    items.push_back({{"sequence", item.sequence},
                     {"kind", name_of(item.kind)},
                     {"bytes", item.bytes},
                     {"accepted", rfc3339(item.accepted)},
                     {"expires", rfc3339(item.expires)},
                     {"sealed_starts_hex", item.sealed_starts}});
  }
  return {{"device", to_base64url(mailbox.device.view())},
          {"items", mailbox.summary.items},
          {"bytes", mailbox.summary.bytes},
          {"waiting", items}};
}

std::string id_text(const AccountId& account) { return to_base64url(account.view()); }

std::string health_name(const server::OfficeHealth& health) {
  if (health.is_damaged()) return "damaged";
  return health.disk_refuses ? "disk_refuses" : "ok";
}

/// No exception leaves: what is no object, or not JSON, is null.
ordered_json parse(std::string_view line) {
  auto json = ordered_json::parse(line, nullptr, false);
  return json.is_object() ? json : ordered_json{};
}

template <class T>
Result<T> member(const ordered_json& json, const char* name) {
  const auto found = json.find(name);
  if constexpr (std::is_same_v<T, std::string>) {
    if (found != json.end() && found->is_string()) return found->get<T>();
  } else if constexpr (std::is_same_v<T, bool>) {
    if (found != json.end() && found->is_boolean()) return found->get<T>();
  } else {
    if (found != json.end() && found->is_number_integer()) return found->get<T>();
  }
  return Error{Failure::malformed, "a field is missing or of another type"};
}

}  // namespace

std::string encode(const OperatorRequest& request) {
  return std::visit(
      Overloaded{
          [](const server::Invite& invite) {
            return line_of({{"verb", "invite"},
                            {"handle", invite.handle},
                            {"admin", invite.admin},
                            {"uses", invite.uses},
                            {"lifetime_ms", invite.lifetime.count()}});
          },
          [](const server::StatusQuery& query) {
            return line_of({{"verb", "status"}, {"mailboxes", query.mailboxes}});
          },
          [](const server::ListUsers& query) {
            return line_of(
                {{"verb", "user_ls"}, {"after", query.after ? id_text(*query.after) : ""}});
          },
          [](const server::Suspend& suspend) {
            return line_of(
                {{"verb", "user_suspend"}, {"who", suspend.who}, {"suspended", suspend.suspended}});
          },
          [](const server::Erase& erase) {
            return line_of({{"verb", "user_erase"}, {"who", erase.who}});
          },
      },
      request);
}

Result<OperatorRequest> parse_operator_request(std::string_view line) {
  const auto json = parse(line);
  const auto verb = TRY(member<std::string>(json, "verb"));
  if (verb == "status") {
    return OperatorRequest{server::StatusQuery{TRY(member<bool>(json, "mailboxes"))}};
  }
  if (verb == "user_ls") {
    const auto after = TRY(member<std::string>(json, "after"));
    if (after.empty()) return OperatorRequest{server::ListUsers{}};
    const auto bytes = TRY(from_base64url(after));
    return OperatorRequest{server::ListUsers{TRY(AccountId::from(bytes))}};
  }
  if (verb == "user_suspend") {
    server::Suspend suspend;
    suspend.who = TRY(member<std::string>(json, "who"));
    suspend.suspended = TRY(member<bool>(json, "suspended"));
    return OperatorRequest{std::move(suspend)};
  }
  if (verb == "user_erase") {
    server::Erase erase;
    erase.who = TRY(member<std::string>(json, "who"));
    return OperatorRequest{std::move(erase)};
  }
  if (verb != "invite") return Error{Failure::malformed, "no such verb"};
  server::Invite invite;
  invite.handle = TRY(member<std::string>(json, "handle"));
  invite.admin = TRY(member<bool>(json, "admin"));
  const auto uses = TRY(member<std::int64_t>(json, "uses"));
  if (uses < 0 || uses > 0xffff'ffff) return Error{Failure::malformed, "uses out of range"};
  invite.uses = static_cast<std::uint32_t>(uses);
  invite.lifetime = Milliseconds{TRY(member<std::int64_t>(json, "lifetime_ms"))};
  return OperatorRequest{invite};
}

std::string invited_json(const std::string& url, const server::Invited& invited) {
  return line_of({{"v", 1},
                  {"type", "invited"},
                  {"url", url},
                  {"handle", invited.handle},
                  {"expires", rfc3339(invited.expires)}});
}

std::string status_json(const server::StatusReport& status, bool list_mailboxes) {
  auto damaged = ordered_json::array();
  for (const auto& device : status.health.damaged) damaged.push_back(to_base64url(device.view()));
  ordered_json json{{"v", 1},
                    {"type", "status"},
                    {"version", MARTLET_VERSION},
                    {"health", health_name(status.health)},
                    {"accounts", status.directory.accounts},
                    {"devices", status.directory.devices},
                    {"handles", status.directory.handles},
                    {"online", status.online},
                    {"waiting", summary_json(status.waiting)},
                    {"mailboxes_in_use", status.mailboxes_in_use},
                    {"mailboxes_damaged", damaged},
                    {"stores_damaged", status.health.stores_damaged},
                    {"scrub_fails", status.health.scrub_fails},
                    {"notices_dropped", status.health.notices_dropped}};
  if (list_mailboxes) {
    auto mailboxes = ordered_json::array();
    for (const auto& mailbox : status.mailboxes) mailboxes.push_back(mailbox_json(mailbox));
    json["mailboxes"] = mailboxes;
  }
  return line_of(json);
}

std::string with_metrics(const std::string& status_line, const std::string& metrics_line) {
  auto json = parse(status_line);
  auto metrics = parse(metrics_line);
  metrics.erase("v");
  metrics.erase("type");
  json["metrics"] = std::move(metrics);
  return line_of(json);
}

std::string complaint_json(const Complaint& complaint) {
  return line_of({{"error",
                   {{"exit", static_cast<int>(complaint.exit)},
                    {"message", complaint.message},
                    {"hint", complaint.hint}}}});
}

Outcome<std::string> accept_answer(std::string_view line) {
  const auto json = parse(line);
  if (json.is_null()) return Complaint{Exit::bug, "the server's answer makes no sense"};
  const auto error = json.find("error");
  if (error == json.end()) return std::string{line};
  const auto exit = member<std::int64_t>(*error, "exit");
  const auto message = member<std::string>(*error, "message");
  const auto hint = member<std::string>(*error, "hint");
  if (!exit.ok() || !message.ok() || !hint.ok()) {
    return Complaint{Exit::bug, "the server's answer makes no sense"};
  }
  return Complaint{static_cast<Exit>(exit.value()), message.value(), hint.value()};
}

std::string url_of(const std::string& invited_line) {
  const auto url = member<std::string>(parse(invited_line), "url");
  return url.ok() ? url.value() : std::string{};
}

std::string status_text(const std::string& status_line) {
  const auto json = parse(status_line);
  const auto number = [](const ordered_json& from, const char* name) {
    const auto value = member<std::uint64_t>(from, name);
    return std::to_string(value.ok() ? value.value() : 0);
  };
  const auto text = [](const ordered_json& from, const char* name) {
    const auto value = member<std::string>(from, name);
    return value.ok() ? value.value() : std::string{};
  };
  std::string out = "health     " + text(json, "health") + "\naccounts   " +
                    number(json, "accounts") + "\ndevices    " + number(json, "devices") + ", " +
                    number(json, "online") + " online\nhandles    " + number(json, "handles") +
                    "\nwaiting    " + number(json.value("waiting", ordered_json{}), "items") +
                    " sealed items, " + number(json.value("waiting", ordered_json{}), "bytes") +
                    " bytes, for " + number(json, "mailboxes_in_use") + " devices\n";
  for (const auto& device : json.value("mailboxes_damaged", ordered_json::array())) {
    out += "damaged    the mailbox of device " + device.get<std::string>() + "\n";
  }
  if (json.value("stores_damaged", false)) out += "damaged    the directory or the expiry list\n";
  if (json.value("scrub_fails", false))
    out += "scrubbing  fails: deleted bytes are still on disk\n";
  for (const auto& mailbox : json.value("mailboxes", ordered_json::array())) {
    out += "\nfor device " + text(mailbox, "device") + "\n";
    for (const auto& item : mailbox.value("waiting", ordered_json::array())) {
      out += "  " + text(item, "kind") + ", " + number(item, "bytes") + " bytes, accepted " +
             text(item, "accepted") + ", expires " + text(item, "expires");
      const auto starts = text(item, "sealed_starts_hex");
      out += starts.empty() ? "\n" : ", sealed: " + starts + "...\n";
    }
  }
  return out;
}

Complaint complaint_of(const wire::Refusal& refusal) {
  switch (refusal.code) {
    case wire::RefusalCode::unknown_handle:
    case wire::RefusalCode::unknown_account:
      return {Exit::not_found, "no account here has this handle or id",
              "martletd user ls shows those that there are"};
    case wire::RefusalCode::account_erased:
      return {Exit::not_found, "this account was erased already", ""};
    case wire::RefusalCode::handle_taken:
      return {Exit::refused, "somebody here has this handle already", "choose another"};
    case wire::RefusalCode::malformed:
      return {Exit::usage, "no such invitation can be made",
              "a handle is name@domain or +number and good for one use; uses are 1 to 10000, "
              "lifetimes up to 366 days"};
    case wire::RefusalCode::unavailable:
      return {Exit::data_folder, "the disk does not answer", "is it full?"};
    default:
      return {Exit::bug, "the office refused for no reason that it should have"};
  }
}

}  // namespace martlet::daemon
