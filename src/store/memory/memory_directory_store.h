#pragma once

#include <map>
#include <memory>
#include <set>

#include "store/directory_store.h"
#include "store/write_fault.h"

namespace martlet::store {

/// What survives a kill. Outlives every store opened on it.
struct MemoryDirectoryDisk {
  std::map<TokenHash, Invitation> invitations;
  std::map<AccountId, AccountRecord> accounts;
  std::map<std::string, AccountId> handles;
  std::map<DeviceId, AccountId> devices;
  std::map<DeviceId, AccountId> former;  ///< devices that left, with their last account
  std::set<AccountId> erased;
  bool unscrubbed = false;
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
  Result<void> enrol(const AccountRecord& account,
                     const std::optional<Invitation>& invitation) override;
  Result<void> update(const AccountRecord& account, const LinkId& known_head) override;
  Result<std::optional<AccountId>> move_handle(const std::string& handle,
                                               const AccountId& account) override;
  Result<std::optional<AccountRecord>> account(const AccountId& account) override;
  Result<std::optional<AccountId>> account_of_handle(const std::string& handle) override;
  Result<std::optional<DeviceRecord>> device(const DeviceId& device) override;
  Result<std::optional<AccountId>> former_account(const DeviceId& device) override;
  Result<DirectoryCounts> counts() override;
  Result<void> set_status(const AccountId& account, AccountStatus status) override;
  Result<void> erase(const AccountId& account) override;
  Result<bool> is_erased(const AccountId& account) override;
  Result<std::vector<AccountRecord>> accounts(const std::optional<AccountId>& after,
                                              std::size_t count_max) override;
  Result<void> scrub() override;
  bool needs_scrub() const override { return disk_.unscrubbed; }

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
