#include "apps/martletd/user_lines.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace martlet::daemon {
namespace {

using nlohmann::ordered_json;

std::string user_line_of(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string account_text(const AccountId& account) { return to_base64url(account.view()); }

ordered_json user_json(const server::UserLine& user) {
  const bool is_suspended = user.status == store::AccountStatus::suspended;
  return {{"account", account_text(user.account)},
          {"handles", user.handles},
          {"devices", user.devices},
          {"online", user.online},
          {"admin", user.admin},
          {"state", is_suspended ? "suspended" : "active"},
          {"created", rfc3339(user.enrolled)},
          {"waiting", {{"items", user.waiting.items}, {"bytes", user.waiting.bytes}}}};
}

/// What is no object, or not JSON, is null; no exception leaves.
ordered_json parse(const std::string& line) {
  auto json = ordered_json::parse(line, nullptr, false);
  return json.is_object() ? json : ordered_json{};
}

std::string text(const ordered_json& json, const char* name) {
  const auto found = json.is_object() ? json.find(name) : json.end();
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::uint64_t number(const ordered_json& json, const char* name) {
  const auto found = json.is_object() ? json.find(name) : json.end();
  return found != json.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

bool flag(const ordered_json& json, const char* name) {
  const auto found = json.is_object() ? json.find(name) : json.end();
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

ordered_json array(const ordered_json& json, const char* name) {
  const auto found = json.is_object() ? json.find(name) : json.end();
  return found != json.end() && found->is_array() ? *found : ordered_json::array();
}

/// Handles, or the account's id where there is none.
std::string who(const ordered_json& user) {
  std::string names;
  for (const auto& handle : array(user, "handles")) {
    if (!handle.is_string()) continue;
    if (!names.empty()) names += ", ";
    names += handle.get<std::string>();
  }
  return names.empty() ? text(user, "account") : names;
}

ordered_json object(const ordered_json& json, const char* name) {
  const auto found = json.is_object() ? json.find(name) : json.end();
  return found != json.end() && found->is_object() ? *found : ordered_json::object();
}

std::string row(const ordered_json& user) {
  const auto waiting = object(user, "waiting");
  return fmt::format("{:<9}  {}  {} devices, {} online  {} waiting{}  {}\n", text(user, "state"),
                     text(user, "created").substr(0, 10), number(user, "devices"),
                     number(user, "online"), number(waiting, "items"),
                     flag(user, "admin") ? "  admin" : "", who(user));
}

}  // namespace

std::string users_json(const server::UserList& list) {
  auto users = ordered_json::array();
  for (const auto& user : list.users) users.push_back(user_json(user));
  ordered_json json{{"v", 1}, {"type", "users"}, {"users", users}};
  if (list.more && !list.users.empty()) json["next"] = account_text(list.users.back().account);
  return user_line_of(json);
}

std::string user_status_json(const server::UserStatus& status) {
  return user_line_of({{"v", 1}, {"type", "user"}, {"user", user_json(status.user)}});
}

std::string user_erased_json(const server::UserErased& erased) {
  return user_line_of({{"v", 1},
                       {"type", "user_erased"},
                       {"account", account_text(erased.user.account)},
                       {"handles", erased.user.handles},
                       {"devices", erased.user.devices},
                       {"scrubbed", erased.scrubbed}});
}

std::optional<AccountId> next_users(const std::string& users_line) {
  const auto bytes = from_base64url(text(parse(users_line), "next"));
  if (!bytes.ok()) return std::nullopt;
  const auto account = AccountId::from(bytes.value());
  return account.ok() ? std::optional{account.value()} : std::nullopt;
}

std::string joined_users(const std::vector<std::string>& users_lines) {
  auto users = ordered_json::array();
  for (const auto& line : users_lines) {
    for (auto& user : array(parse(line), "users")) users.push_back(std::move(user));
  }
  return user_line_of({{"v", 1}, {"type", "users"}, {"users", users}});
}

std::string users_text(const std::string& users_line) {
  std::string out;
  for (const auto& user : array(parse(users_line), "users")) out += row(user);
  return out.empty() ? "nobody has joined yet\n" : out;
}

std::string user_text(const std::string& user_line) {
  const auto json = parse(user_line);
  if (text(json, "type") == "user_erased") {
    auto out = fmt::format("erased     {} ({} devices)\n", who(json), number(json, "devices"));
    if (!flag(json, "scrubbed")) {
      out +=
          "The disk did not take the clean-up: deleted bytes are still on it. The server goes on "
          "trying; martletd status says when it has.\n";
    }
    return out;
  }
  const auto user = object(json, "user");
  return fmt::format("{:<9}  {}\n", text(user, "state"), who(user));
}

}  // namespace martlet::daemon
