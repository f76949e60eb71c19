#pragma once

#include <algorithm>

#include "store/directory_store.h"

namespace martlet::store {

enum class InvitationFate : std::uint8_t { untouched, changed, erased };

/// What becomes of an invitation when `account` is erased. It goes if it names one of the account's
/// handles or nobody else came, or can come, in by it; else it only forgets the account.
inline InvitationFate forget_in_invitation(const AccountRecord& account, Invitation& invitation) {
  const auto& handles = account.handles;
  if (std::ranges::find(handles, invitation.handle) != handles.end()) {
    return InvitationFate::erased;
  }
  if (std::erase(invitation.used_by, account.account) == 0) return InvitationFate::untouched;
  // Of one that is for a handle, the account may have given the handle up since.
  const bool is_spent = invitation.uses_left == 0 && invitation.used_by.empty();
  return is_spent || !invitation.handle.empty() ? InvitationFate::erased : InvitationFate::changed;
}

}  // namespace martlet::store
