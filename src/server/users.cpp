#include "server/users.h"

#include "base/handle.h"

namespace martlet::server {
namespace {

using wire::RefusalCode;

/// The account itself if `who` is its id; nothing if it is no id.
std::optional<AccountId> account_of_id(const std::string& who) {
  const auto bytes = from_base64url(who);
  if (!bytes.ok()) return std::nullopt;
  const auto account = AccountId::from(bytes.value());
  return account.ok() ? std::optional{account.value()} : std::nullopt;
}

Result<AccountId, RefusalCode> account_of(store::DirectoryStore& directory,
                                          const std::string& who) {
  if (const auto account = account_of_id(who)) return *account;
  const auto handle = Handle::parse(who);
  if (!handle.ok()) return RefusalCode::malformed;
  const auto owner = directory.account_of_handle(handle.value().text());
  if (!owner.ok()) return RefusalCode::unavailable;
  if (!owner.value()) return RefusalCode::unknown_handle;
  return *owner.value();
}

}  // namespace

Result<store::AccountRecord, RefusalCode> find_user(store::DirectoryStore& directory,
                                                    const std::string& who) {
  const auto account = TRY(account_of(directory, who));
  auto record = directory.account(account);
  if (!record.ok()) return RefusalCode::unavailable;
  if (record.value()) return std::move(*record.value());
  const auto erased = directory.is_erased(account);
  if (!erased.ok()) return RefusalCode::unavailable;
  return erased.value() ? RefusalCode::account_erased : RefusalCode::unknown_account;
}

UserLine user_line(const store::AccountRecord& record, const store::MailboxStore& mailboxes) {
  UserLine line{record.account, record.handles, record.devices.size(), 0,
                record.admin,   record.status,  record.enrolled,       {}};
  for (const auto& device : record.devices) {
    const auto waiting = mailboxes.summary(device);
    line.waiting.items += waiting.items;
    line.waiting.bytes += waiting.bytes;
  }
  return line;
}

}  // namespace martlet::server
