#pragma once

#include <filesystem>
#include <string>

#include "apps/martletd/complaint.h"

/// `martletd user ls | suspend | resume | erase`, by the running server or the data folder itself.
namespace martlet::daemon {

struct OperatorFolder {
  std::filesystem::path data;
  std::filesystem::path config_file;  ///< empty: only the folder's own settings
};

/// Prints all accounts, page by page of the server, as one line of JSON or a row each.
Outcome<void> list_users(const OperatorFolder& folder, bool json);
Outcome<void> suspend_user(const OperatorFolder& folder, const std::string& who, bool suspended,
                           bool json);
/// Asks on the terminal unless `yes`; where there is none, it refuses with usage.
Outcome<void> erase_user(const OperatorFolder& folder, const std::string& who, bool yes, bool json);

}  // namespace martlet::daemon
