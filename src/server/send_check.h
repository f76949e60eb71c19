#pragma once

#include <variant>

#include "store/directory_store.h"
#include "wire/frames.h"

namespace martlet::server {

/// Nothing stands in the way, somebody's chain has moved on, or why not.
using SendVerdict = std::variant<std::monostate, wire::StaleDevices, wire::Refusal>;

/// May `sender` of `account` send this? Its device must still be in the chain of an account that is
/// not suspended; every head named must be the current one; every recipient must be a device of an
/// account named that is not suspended, or of the sender's own. Changes nothing.
SendVerdict check_send(store::DirectoryStore& directory, const DeviceId& sender,
                       const AccountId& account, const wire::Send& send);

/// Why a device that the directory does not list is not served: account_erased if its account was,
/// device_revoked if it was in another account once, else not_authenticated; unavailable if the
/// disk does not say.
wire::RefusalCode stranger_code(store::DirectoryStore& directory, const DeviceId& device);

/// "Come back then", for what a failing disk or a full mailbox refuses.
inline constexpr Milliseconds kRetryUnavailable{2'000};
inline wire::Refusal unavailable() {
  return {wire::RefusalCode::unavailable, kRetryUnavailable, {}};
}
inline constexpr Milliseconds kRetryMailboxFull{60'000};

/// Heads that no recipient belongs to cost a look into the store each; more are refused.
inline constexpr std::size_t kHeadsWithoutRecipientMax = 64;

}  // namespace martlet::server
