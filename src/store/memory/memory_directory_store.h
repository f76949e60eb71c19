#pragma once

#include <map>
#include <memory>

#include "store/directory_store.h"
#include "store/memory/write_fault.h"

namespace martlet::store {

/// What survives a kill. Outlives every store opened on it.
struct MemoryDirectoryDisk {
  std::map<TokenHash, Invitation> invitations;
  std::map<AccountId, AccountRecord> accounts;
  std::map<std::string, AccountId> handles;
  std::map<DeviceId, AccountId> devices;
  std::map<DeviceId, AccountId> former;  ///< devices that left, with their last account
};

/// The directory in memory, for simulations. Every write is durable at once, or fails as `fault`
/// says, so nothing is staged and the disk is all its state. Owned by one thread.
class MemoryDirectoryStore final : public DirectoryStore {
 public:
  /// `disk` outlives the store.
  explicit MemoryDirectoryStore(MemoryDirectoryDisk& disk, FaultHook fault = {})
      : disk_{disk}, fault_{std::move(fault)} {}

  Result<void> put_invitation(const Invitation& invitation) override;
  Result<std::optional<Invitation>> invitation(const TokenHash& token_hash) override;
  Result<void> enrol(const AccountRecord& account, const Invitation& invitation) override;
  Result<void> update(const AccountRecord& account, const LinkId& known_head) override;
  Result<std::optional<AccountId>> move_handle(const std::string& handle,
                                               const AccountId& account) override;
  Result<std::optional<AccountRecord>> account(const AccountId& account) override;
  Result<std::optional<AccountId>> account_of_handle(const std::string& handle) override;
  Result<std::optional<DeviceRecord>> device(const DeviceId& device) override;
  Result<bool> is_former(const DeviceId& device) override;
  Result<DirectoryCounts> counts() override;

 private:
  Result<void> check_free(const AccountRecord& account) const;
  void put(const AccountRecord& account);
  /// Runs `change` if the write reaches the disk.
  template <class Change>
  Result<void> write(const Change& change);

  MemoryDirectoryDisk& disk_;
  FaultHook fault_;
};

}  // namespace martlet::store
