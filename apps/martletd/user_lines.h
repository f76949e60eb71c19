#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/users.h"

/// How accounts are told of over the admin socket, and how they are printed.
namespace martlet::daemon {

/// Lines of JSON, without their ends.
std::string users_json(const server::UserList& list);
std::string user_status_json(const server::UserStatus& status);
std::string user_erased_json(const server::UserErased& erased);

/// Where the next page begins, of a checked line of users_json; nothing: it was the last.
std::optional<AccountId> next_users(const std::string& users_line);
/// One line of all pages.
std::string joined_users(const std::vector<std::string>& users_lines);
/// For people: a row each.
std::string users_text(const std::string& users_line);
/// For people, of a checked line of one of the other two: what became of the account.
std::string user_text(const std::string& user_line);

}  // namespace martlet::daemon
