#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "store/directory_store.h"

namespace rocksdb {
class Env;
class WriteBatch;
}  // namespace rocksdb

namespace martlet::store {

class RocksDatabase;

struct RocksDirectoryOptions {
  std::size_t cached_devices_max = 64 * 1024;  ///< some 10 MB when full
  rocksdb::Env* env = nullptr;  ///< outlives the store; none: the machine's. For tests.
};

/// The directory in a RocksDB (spec/mailbox-rocks.md).
class RocksDirectoryStore final : public DirectoryStore {
 public:
  /// Opens the folder `path`, or creates it in a folder that is there. Recovers from a crash by
  /// itself. Fails with `in_use`, `unavailable`, or `corrupt`: then `damaged_file`, if given, gets
  /// the name of the file that is damaged or missing (empty: it is not known).
  static Result<std::unique_ptr<RocksDirectoryStore>> open(
      const std::string& path, const RocksDirectoryOptions& options = {},
      std::string* damaged_file = nullptr);
  ~RocksDirectoryStore() override;

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
  Result<DirectoryCounts> counts() override { return counts_; }
  Result<void> set_status(const AccountId& account, AccountStatus status) override;
  Result<void> erase(const AccountId& account) override;
  Result<bool> is_erased(const AccountId& account) override;
  Result<std::vector<AccountRecord>> accounts(const std::optional<AccountId>& after,
                                              std::size_t count_max) override;
  Result<void> scrub() override;
  bool needs_scrub() const override { return needs_scrub_; }

 private:
  using Devices = std::unordered_map<DeviceId, DeviceRecord>;
  /// Rows to write. Each is put once, over what is stored.
  class Change;

  RocksDirectoryStore(std::unique_ptr<RocksDatabase> database,
                      const RocksDirectoryOptions& options);
  Result<void> check_free(const AccountRecord& account);
  Result<void> replace(const AccountRecord* before, const AccountRecord& after, Change& change);
  Result<void> forget_in_invitations(const AccountRecord& account, Change& change);
  void unsee(const AccountRecord& account);

  const std::unique_ptr<RocksDatabase> database_;
  const std::size_t cached_devices_max_;
  DirectoryCounts counts_;
  bool needs_scrub_ = false;
  /// Devices seen lately. When the first is full it becomes the second, whose devices are
  /// forgotten.
  Devices seen_;
  Devices seen_before_;
};

}  // namespace martlet::store
