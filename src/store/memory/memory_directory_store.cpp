#include "store/memory/memory_directory_store.h"

#include <algorithm>

#include "store/invitation_fate.h"

namespace martlet::store {
namespace {

template <class Map, class Key>
std::optional<typename Map::mapped_type> find(const Map& map, const Key& key) {
  const auto found = map.find(key);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

}  // namespace

template <class Change>
Result<void> MemoryDirectoryStore::write(const Change& change) {
  const auto what = fault_ ? fault_() : WriteFault::none;
  if (what != WriteFault::lost) change();
  if (what != WriteFault::none) return Error{Failure::unavailable, "the disk did not answer"};
  return {};
}

Result<void> MemoryDirectoryStore::put_invitation(const Invitation& invitation) {
  return write([&] { disk_.invitations[invitation.token_hash] = invitation; });
}

Result<std::optional<Invitation>> MemoryDirectoryStore::invitation(const TokenHash& token_hash) {
  return find(disk_.invitations, token_hash);
}

Result<void> MemoryDirectoryStore::enrol(const AccountRecord& account,
                                         const std::optional<Invitation>& invitation) {
  if (disk_.accounts.contains(account.account) || disk_.erased.contains(account.account)) {
    return Error{Failure::refused, "the account is there already, or was erased"};
  }
  TRY(check_free(account));
  return write([&] {
    put(account);
    if (invitation) disk_.invitations[invitation->token_hash] = *invitation;
  });
}

Result<void> MemoryDirectoryStore::update(const AccountRecord& account, const LinkId& known_head) {
  const auto found = disk_.accounts.find(account.account);
  if (found == disk_.accounts.end() || found->second.head != known_head) {
    return Error{Failure::refused, "the account has another head"};
  }
  TRY(check_free(account));
  return write([&] {
    auto& stored = found->second;
    for (const auto& handle : stored.handles) {
      disk_.handles.erase(handle);
      if (std::ranges::find(account.handles, handle) == account.handles.end()) {
        disk_.unscrubbed = true;
      }
    }
    for (const auto& device : stored.devices) {
      disk_.devices.erase(device);
      disk_.former[device] = account.account;
    }
    auto next = account;
    next.status = stored.status;
    next.admin = stored.admin;
    next.enrolled = stored.enrolled;
    put(next);
  });
}

Result<std::optional<AccountId>> MemoryDirectoryStore::move_handle(const std::string& handle,
                                                                   const AccountId& account) {
  const auto heir = disk_.accounts.find(account);
  if (heir == disk_.accounts.end()) return Error{Failure::refused, "there is no such account"};
  const auto owner = find(disk_.handles, handle);
  if (owner == account) return std::optional<AccountId>{};
  TRY(write([&] {
    if (owner) std::erase(disk_.accounts.at(*owner).handles, handle);
    heir->second.handles.push_back(handle);
    disk_.handles[handle] = account;
  }));
  return owner;
}

Result<std::optional<AccountRecord>> MemoryDirectoryStore::account(const AccountId& account) {
  return find(disk_.accounts, account);
}

Result<std::optional<AccountId>> MemoryDirectoryStore::account_of_handle(
    const std::string& handle) {
  return find(disk_.handles, handle);
}

Result<std::optional<DeviceRecord>> MemoryDirectoryStore::device(const DeviceId& device) {
  const auto owner = find(disk_.devices, device);
  if (!owner) return std::optional<DeviceRecord>{};
  const auto& account = disk_.accounts.at(*owner);
  return std::optional{DeviceRecord{account.account, account.head, account.status}};
}

Result<std::optional<AccountId>> MemoryDirectoryStore::former_account(const DeviceId& device) {
  return find(disk_.former, device);
}

Result<DirectoryCounts> MemoryDirectoryStore::counts() {
  return DirectoryCounts{disk_.accounts.size(), disk_.devices.size(), disk_.handles.size()};
}

Result<void> MemoryDirectoryStore::set_status(const AccountId& account, AccountStatus status) {
  const auto found = disk_.accounts.find(account);
  if (found == disk_.accounts.end()) return Error{Failure::not_found, "no such account"};
  return write([&] { found->second.status = status; });
}

Result<void> MemoryDirectoryStore::erase(const AccountId& account) {
  const auto found = disk_.accounts.find(account);
  if (found == disk_.accounts.end()) return Error{Failure::not_found, "no such account"};
  return write([&] {
    for (auto at = disk_.invitations.begin(); at != disk_.invitations.end();) {
      const bool goes = forget_in_invitation(found->second, at->second) == InvitationFate::erased;
      at = goes ? disk_.invitations.erase(at) : std::next(at);
    }
    for (const auto& handle : found->second.handles) disk_.handles.erase(handle);
    for (const auto& device : found->second.devices) {
      disk_.devices.erase(device);
      disk_.former[device] = account;
    }
    disk_.accounts.erase(found);
    disk_.erased.insert(account);
    disk_.unscrubbed = true;
  });
}

Result<bool> MemoryDirectoryStore::is_erased(const AccountId& account) {
  return disk_.erased.contains(account);
}

Result<std::vector<AccountRecord>> MemoryDirectoryStore::accounts(
    const std::optional<AccountId>& after, std::size_t count_max) {
  std::vector<AccountRecord> found;
  auto at = after ? disk_.accounts.upper_bound(*after) : disk_.accounts.begin();
  for (; at != disk_.accounts.end() && found.size() < count_max; ++at) found.push_back(at->second);
  return found;
}

Result<void> MemoryDirectoryStore::scrub() {
  if (!disk_.unscrubbed) return {};
  return write([&] { disk_.unscrubbed = false; });
}

/// Fails with `refused` if a handle or device of `account` belongs to another.
Result<void> MemoryDirectoryStore::check_free(const AccountRecord& account) const {
  for (const auto& handle : account.handles) {
    if (find(disk_.handles, handle).value_or(account.account) != account.account) {
      return Error{Failure::refused, "the handle belongs to another account"};
    }
  }
  for (const auto& device : account.devices) {
    if (find(disk_.devices, device).value_or(account.account) != account.account) {
      return Error{Failure::refused, "the device belongs to another account"};
    }
  }
  return {};
}

void MemoryDirectoryStore::put(const AccountRecord& account) {
  disk_.accounts[account.account] = account;
  for (const auto& handle : account.handles) disk_.handles[handle] = account.account;
  for (const auto& device : account.devices) {
    disk_.devices[device] = account.account;
    disk_.former.erase(device);
  }
}

}  // namespace martlet::store
