#pragma once

#include <string>
#include <string_view>

#include "store/vault.h"

/// What the engine has to tell on its own account: rows of the event stream, one sentence each.
namespace martlet::client {

/// Adds an alert to the event stream. Inside a transaction.
Result<void> add_alert(store::Vault& vault, std::string text, UnixMillis now);

/// `who` is a handle or a code name, `what` a fixed text such as "its device list does not verify".
std::string identity_alert(std::string_view who, std::string_view what);
/// A sender calls himself `handle`, which means somebody else.
std::string borrowed_handle_alert(std::string_view shown_as, std::string_view handle);
std::string unlisted_device_alert();
std::string forged_content_alert();
/// The server's chain of the own account contradicts the one that is stored.
std::string own_chain_alert(std::string_view what);
/// Two copies of this profile log in, or an old one was restored.
std::string running_twice_alert();
std::string no_device_alert(std::string_view who);

}  // namespace martlet::client
