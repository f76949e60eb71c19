#include "store/rocks/rocks_directory_store.h"

#include <rocksdb/write_batch.h>

#include <map>
#include <set>

#include "store/invitation_fate.h"
#include "store/rocks/directory_rows.h"
#include "store/rocks/rocks_database.h"

namespace martlet::store {
namespace {

constexpr std::size_t kDirectoryWriteBufferBytes = 1024 * 1024;
constexpr std::size_t kDirectoryCacheBytes = 2 * 1024 * 1024;

Bytes counts_key() { return directory_key(DirectoryTable::counts, {}); }
Bytes invitation_key(const TokenHash& token_hash) {
  return directory_key(DirectoryTable::invitations, token_hash);
}
Bytes account_key(const AccountId& account) {
  return directory_key(DirectoryTable::accounts, account.view());
}
Bytes handle_key(const std::string& handle) {
  return directory_key(DirectoryTable::handles, bytes_of(handle));
}
Bytes device_key(const DeviceId& device) {
  return directory_key(DirectoryTable::devices, device.view());
}

Bytes former_key(const DeviceId& device) {
  return directory_key(DirectoryTable::former, device.view());
}
Bytes erased_key(const AccountId& account) {
  return directory_key(DirectoryTable::erased, account.view());
}
Bytes unscrubbed_key() { return directory_key(DirectoryTable::unscrubbed, {}); }

/// The row behind all rows of `table`.
Bytes end_of(DirectoryTable table) {
  return directory_key(static_cast<DirectoryTable>(static_cast<std::uint8_t>(table) + 1), {});
}

}  // namespace

class RocksDirectoryStore::Change {
 public:
  explicit Change(RocksDatabase& database) : database_{database} {}

  void put(Bytes key, Bytes row) { rows_[std::move(key)] = std::move(row); }
  /// A put of the same row, before or after, wins.
  void erase(Bytes key) { rows_.try_emplace(std::move(key)); }

  Result<void> write() {
    rocksdb::WriteBatch batch;
    for (const auto& [key, row] : rows_) {
      if (TRY(database_.get(key))) RocksDatabase::erase(batch, key);
      if (row) RocksDatabase::put(batch, key, {*row});
    }
    return database_.write(std::move(batch));
  }

 private:
  RocksDatabase& database_;
  std::map<Bytes, std::optional<Bytes>> rows_;
};

Result<std::unique_ptr<RocksDirectoryStore>> RocksDirectoryStore::open(
    const std::string& path, const RocksDirectoryOptions& options, std::string* damaged_file) {
  auto database = TRY(RocksDatabase::open(
      path, {kDirectoryWriteBufferBytes, kDirectoryCacheBytes, options.env}, damaged_file));
  const auto counts = TRY(database->get(counts_key()));
  std::unique_ptr<RocksDirectoryStore> store{new RocksDirectoryStore{std::move(database), options}};
  if (counts) store->counts_ = TRY(load_counts(*counts));
  store->needs_scrub_ = TRY(store->database_->get(unscrubbed_key())).has_value();
  return store;
}

RocksDirectoryStore::RocksDirectoryStore(std::unique_ptr<RocksDatabase> database,
                                         const RocksDirectoryOptions& options)
    : database_{std::move(database)}, cached_devices_max_{options.cached_devices_max} {}

RocksDirectoryStore::~RocksDirectoryStore() = default;

Result<void> RocksDirectoryStore::put_invitation(const Invitation& invitation) {
  TRY(database_->mend());
  Change change{*database_};
  change.put(invitation_key(invitation.token_hash), invitation_row(invitation));
  return change.write();
}

Result<std::optional<Invitation>> RocksDirectoryStore::invitation(const TokenHash& token_hash) {
  const auto row = TRY(database_->get(invitation_key(token_hash)));
  if (!row) return std::optional<Invitation>{};
  return std::optional{TRY(load_invitation(token_hash, *row))};
}

Result<void> RocksDirectoryStore::enrol(const AccountRecord& account,
                                        const std::optional<Invitation>& invitation) {
  TRY(database_->mend());
  if (TRY(database_->get(account_key(account.account)))) {
    return Error{Failure::refused, "the account is there already"};
  }
  if (TRY(is_erased(account.account))) return Error{Failure::refused, "the account was erased"};
  TRY(check_free(account));
  Change change{*database_};
  if (invitation) {
    change.put(invitation_key(invitation->token_hash), invitation_row(*invitation));
  }
  return replace(nullptr, account, change);
}

Result<void> RocksDirectoryStore::update(const AccountRecord& account, const LinkId& known_head) {
  TRY(database_->mend());
  const auto before = TRY(this->account(account.account));
  if (!before || before->head != known_head) {
    return Error{Failure::refused, "the account has another head"};
  }
  TRY(check_free(account));
  auto after = account;
  after.status = before->status;
  after.admin = before->admin;
  after.enrolled = before->enrolled;
  Change change{*database_};
  return replace(&*before, after, change);
}

Result<std::optional<AccountId>> RocksDirectoryStore::move_handle(const std::string& handle,
                                                                  const AccountId& account) {
  TRY(database_->mend());
  auto heir = TRY(this->account(account));
  if (!heir) return Error{Failure::refused, "there is no such account"};
  const auto owner = TRY(account_of_handle(handle));
  if (owner == account) return std::optional<AccountId>{};
  auto counts = counts_;
  Change change{*database_};
  if (owner) {
    auto loser = TRY(this->account(*owner));
    if (!loser) return Error{Failure::corrupt, "a handle of an account that is not there"};
    std::erase(loser->handles, handle);
    change.put(account_key(*owner), account_row(*loser));
  } else {
    counts.handles += 1;
    change.put(counts_key(), counts_row(counts));
  }
  heir->handles.push_back(handle);
  change.put(account_key(account), account_row(*heir));
  change.put(handle_key(handle), handle_row(account));
  TRY(change.write());
  counts_ = counts;
  return owner;
}

Result<std::optional<AccountRecord>> RocksDirectoryStore::account(const AccountId& account) {
  const auto row = TRY(database_->get(account_key(account)));
  if (!row) return std::optional<AccountRecord>{};
  return std::optional{TRY(load_account(account, *row))};
}

Result<std::optional<AccountId>> RocksDirectoryStore::account_of_handle(const std::string& handle) {
  const auto row = TRY(database_->get(handle_key(handle)));
  if (!row) return std::optional<AccountId>{};
  return std::optional{TRY(load_handle(*row))};
}

Result<std::optional<DeviceRecord>> RocksDirectoryStore::device(const DeviceId& device) {
  if (const auto seen = seen_.find(device); seen != seen_.end()) return std::optional{seen->second};
  std::optional<DeviceRecord> record;
  if (const auto seen = seen_before_.find(device); seen != seen_before_.end()) {
    record = seen->second;
  } else {
    const auto row = TRY(database_->get(device_key(device)));
    if (!row) return record;
    record = TRY(load_device(*row));
  }
  if (seen_.size() >= cached_devices_max_ / 2) {
    seen_before_ = std::move(seen_);
    seen_.clear();
  }
  seen_.emplace(device, *record);
  return record;
}

Result<std::optional<AccountId>> RocksDirectoryStore::former_account(const DeviceId& device) {
  const auto row = TRY(database_->get(former_key(device)));
  if (!row) return std::optional<AccountId>{};
  return std::optional{TRY(load_handle(*row))};
}

Result<bool> RocksDirectoryStore::is_erased(const AccountId& account) {
  const auto row = TRY(database_->get(erased_key(account)));
  if (!row) return false;
  TRY(load_handle(*row));
  return true;
}

Result<std::vector<AccountRecord>> RocksDirectoryStore::accounts(
    const std::optional<AccountId>& after, std::size_t count_max) {
  std::vector<AccountRecord> found;
  if (count_max == 0) return found;
  const auto first =
      after ? account_key(*after) : directory_key(DirectoryTable::accounts, ByteView{});
  TRY(database_->scan(first, end_of(DirectoryTable::accounts),
                      [&](ByteView key, ByteView row) -> Result<bool> {
                        const auto account = AccountId::from(key.subspan(1));
                        if (!account.ok()) return Error{Failure::corrupt, "an account's key"};
                        if (after && account.value() == *after) return true;
                        found.push_back(TRY(load_account(account.value(), row)));
                        return found.size() < count_max;
                      }));
  return found;
}

Result<void> RocksDirectoryStore::set_status(const AccountId& account, AccountStatus status) {
  TRY(database_->mend());
  auto record = TRY(this->account(account));
  if (!record) return Error{Failure::not_found, "no such account"};
  record->status = status;
  Change change{*database_};
  change.put(account_key(account), account_row(*record));
  for (const auto& device : record->devices) {
    change.put(device_key(device), device_row({account, record->head, status}));
  }
  TRY(change.write());
  unsee(*record);
  return {};
}

Result<void> RocksDirectoryStore::erase(const AccountId& account) {
  TRY(database_->mend());
  const auto record = TRY(this->account(account));
  if (!record) return Error{Failure::not_found, "no such account"};
  const std::set<std::string> handles{record->handles.begin(), record->handles.end()};
  const std::set<DeviceId> devices{record->devices.begin(), record->devices.end()};
  auto counts = counts_;
  counts.accounts -= 1;
  counts.handles -= handles.size();
  counts.devices -= devices.size();
  Change change{*database_};
  TRY(forget_in_invitations(*record, change));
  change.erase(account_key(account));
  for (const auto& handle : handles) change.erase(handle_key(handle));
  for (const auto& device : devices) {
    change.erase(device_key(device));
    change.put(former_key(device), handle_row(account));
  }
  change.put(erased_key(account), handle_row(account));
  change.put(unscrubbed_key(), mark_row());
  change.put(counts_key(), counts_row(counts));
  TRY(change.write());
  counts_ = counts;
  needs_scrub_ = true;
  unsee(*record);
  return {};
}

Result<void> RocksDirectoryStore::forget_in_invitations(const AccountRecord& account,
                                                        Change& change) {
  return database_->scan(directory_key(DirectoryTable::invitations, {}),
                         end_of(DirectoryTable::invitations),
                         [&](ByteView key, ByteView row) -> Result<bool> {
                           TokenHash token_hash{};
                           if (key.size() != 1 + token_hash.size())
                             return Error{Failure::corrupt, "a token's key"};
                           std::copy(key.begin() + 1, key.end(), token_hash.begin());
                           auto invitation = TRY(load_invitation(token_hash, row));
                           const auto fate = forget_in_invitation(account, invitation);
                           if (fate == InvitationFate::erased) change.erase(copy_of(key));
                           if (fate == InvitationFate::changed)
                             change.put(copy_of(key), invitation_row(invitation));
                           return true;
                         });
}

/// The mark goes last: whatever fails before, the next scrub does all of it again.
Result<void> RocksDirectoryStore::scrub() {
  if (!needs_scrub_) return {};
  TRY(database_->scrub_names());
  Change change{*database_};
  change.erase(unscrubbed_key());
  TRY(change.write());
  needs_scrub_ = false;
  return {};
}

/// Fails with `refused` if a handle or device of `account` belongs to another.
Result<void> RocksDirectoryStore::check_free(const AccountRecord& account) {
  for (const auto& handle : account.handles) {
    const auto owner = TRY(account_of_handle(handle));
    if (owner && *owner != account.account) {
      return Error{Failure::refused, "the handle belongs to another account"};
    }
  }
  for (const auto& name : account.devices) {
    const auto record = TRY(device(name));
    if (record && record->account != account.account) {
      return Error{Failure::refused, "the device belongs to another account"};
    }
  }
  return {};
}

/// Writes `change`, and with it the account as it is from now on.
Result<void> RocksDirectoryStore::replace(const AccountRecord* before, const AccountRecord& after,
                                          Change& change) {
  const std::set<std::string> handles{after.handles.begin(), after.handles.end()};
  const std::set<DeviceId> devices{after.devices.begin(), after.devices.end()};
  bool leaves_name = false;
  auto counts = counts_;
  counts.handles += handles.size();
  counts.devices += devices.size();
  if (before == nullptr) {
    counts.accounts += 1;
  } else {
    const std::set<std::string> old_handles{before->handles.begin(), before->handles.end()};
    const std::set<DeviceId> old_devices{before->devices.begin(), before->devices.end()};
    counts.handles -= old_handles.size();
    counts.devices -= old_devices.size();
    for (const auto& handle : old_handles) {
      change.erase(handle_key(handle));
      if (!handles.contains(handle)) leaves_name = true;
    }
    for (const auto& device : old_devices) {
      change.erase(device_key(device));
      if (!devices.contains(device)) change.put(former_key(device), handle_row(after.account));
    }
  }
  change.put(account_key(after.account), account_row(after));
  for (const auto& handle : handles) change.put(handle_key(handle), handle_row(after.account));
  for (const auto& device : devices) {
    change.put(device_key(device), device_row({after.account, after.head, after.status}));
    change.erase(former_key(device));
  }
  change.put(counts_key(), counts_row(counts));
  if (leaves_name) change.put(unscrubbed_key(), mark_row());
  TRY(change.write());
  counts_ = counts;
  if (leaves_name) needs_scrub_ = true;
  if (before != nullptr) unsee(*before);
  unsee(after);
  return {};
}

void RocksDirectoryStore::unsee(const AccountRecord& account) {
  for (const auto& device : account.devices) {
    seen_.erase(device);
    seen_before_.erase(device);
  }
}

}  // namespace martlet::store
