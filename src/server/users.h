#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/directory_store.h"
#include "store/mailbox_store.h"
#include "wire/frames.h"

/// What the operator may know of accounts, and do to them: values of the admin socket.
namespace martlet::server {

/// Accounts by id, at most kUsersAPage of them, those behind `after`.
struct ListUsers {
  std::optional<AccountId> after;
};
/// Nothing is accepted from the account or for it, until it is resumed (`suspended` false).
struct Suspend {
  std::string who;  ///< a handle as typed, or an account id as base64url
  bool suspended = true;
};
/// Everything of the account goes, for good.
struct Erase {
  std::string who;  ///< as in Suspend
};

/// An account as the operator may see it: never content, names or contacts.
struct UserLine {
  AccountId account;
  std::vector<std::string> handles;
  std::size_t devices = 0;
  std::size_t online = 0;  ///< of its devices
  bool admin = false;
  store::AccountStatus status = store::AccountStatus::active;
  UnixMillis enrolled{};
  store::MailboxSummary waiting;  ///< for all its devices
};
struct UserList {
  std::vector<UserLine> users;
  bool more = false;  ///< ask again, behind the last
};
/// The account is as asked for, durably; also if it was before.
struct UserStatus {
  UserLine user;
};
/// No file of the stores holds anything of the account but hashes.
struct UserErased {
  UserLine user;         ///< as it was
  bool scrubbed = true;  ///< false: the disk refused; the bytes leave it later
};

/// The account that `who` names. Refuses with malformed (neither handle nor id), unknown_handle,
/// unknown_account, account_erased or unavailable.
Result<store::AccountRecord, wire::RefusalCode> find_user(store::DirectoryStore& directory,
                                                          const std::string& who);

/// All but `online`.
UserLine user_line(const store::AccountRecord& record, const store::MailboxStore& mailboxes);

}  // namespace martlet::server
