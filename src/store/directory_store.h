#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace martlet::store {

using TokenHash = Digest;  ///< SHA-256 of an invitation's token: the token itself is never stored

/// An operator's promise to let somebody in.
struct Invitation {
  TokenHash token_hash{};
  std::string handle;  ///< canonical; empty: the newcomer chooses a local name
  bool admin = false;
  std::uint32_t uses_left = 1;
  UnixMillis expires{};
  /// Accounts that came in by it, so that a repeated Enrol gets the same answer.
  std::vector<AccountId> used_by;
};

enum class AccountStatus : std::uint8_t { active = 1, suspended = 2 };

/// An account as the server knows it: its links, as they arrived.
struct AccountRecord {
  AccountId account;
  AccountStatus status = AccountStatus::active;
  bool admin = false;
  UnixMillis enrolled{};
  std::vector<std::string> handles;  ///< canonical; the first is the default
  std::vector<DeviceId> devices;  ///< of the verified chain, sorted: what the server may route to
  LinkId head;
  std::vector<Bytes> links;
};

/// What the courier must know of a device on its hot path.
struct DeviceRecord {
  AccountId account;
  LinkId head;  ///< of its account's chain
  AccountStatus status = AccountStatus::active;
};

struct DirectoryCounts {
  std::uint64_t accounts = 0;
  std::uint64_t devices = 0;
  std::uint64_t handles = 0;
};

/// The server's map: handle -> account, device -> account, account -> chain. Small and read often.
/// Each engine passes directory_store_contract.h. Blocks on the disk: owned by the office's worker.
/// Every write is one atomic, durable change: it is on disk when the call returns ok. After
/// `unavailable` it either happened or not; the caller reads again.
class DirectoryStore {
 public:
  virtual ~DirectoryStore() = default;

  virtual Result<void> put_invitation(const Invitation& invitation) = 0;
  virtual Result<std::optional<Invitation>> invitation(const TokenHash& token_hash) = 0;

  /// Adds an account with its handles and devices, and stores the invitation as given, if it came
  /// by one, together.
  /// Fails with `refused` when a handle or a device belongs to another account already, or the
  /// account is there or was erased; then nothing changes.
  virtual Result<void> enrol(const AccountRecord& account,
                             const std::optional<Invitation>& invitation) = 0;

  /// Replaces handles, devices, head and links of an account, if its head is still `known_head`;
  /// else `refused`, and nothing changes. Devices that leave by it are former ones from then on.
  virtual Result<void> update(const AccountRecord& account, const LinkId& known_head) = 0;

  /// Gives `handle` to an account, behind the handles it has, and takes it from whoever has it: the
  /// account that is given back. What it has already stays where it is. `refused`: no such account.
  virtual Result<std::optional<AccountId>> move_handle(const std::string& handle,
                                                       const AccountId& account) = 0;

  virtual Result<std::optional<AccountRecord>> account(const AccountId& account) = 0;
  virtual Result<std::optional<AccountId>> account_of_handle(const std::string& handle) = 0;
  /// Fast: answered from memory for devices seen lately.
  virtual Result<std::optional<DeviceRecord>> device(const DeviceId& device) = 0;
  /// The last account that had this device, if none has it now. device() does not tell of those.
  virtual Result<std::optional<AccountId>> former_account(const DeviceId& device) = 0;
  Result<bool> is_former(const DeviceId& device) { return TRY(former_account(device)).has_value(); }
  virtual Result<DirectoryCounts> counts() = 0;

  // --- for the operator ---
  /// Fails with `not_found`.
  virtual Result<void> set_status(const AccountId& account, AccountStatus status) = 0;
  /// Forgets an account: record, links, handles, and invitations that it used or that name one of
  /// its handles (of one that others may still use, only that this account did). Its devices become
  /// former ones, and its id is remembered: enrol refuses it for ever. Fails with `not_found`.
  virtual Result<void> erase(const AccountId& account) = 0;
  virtual Result<bool> is_erased(const AccountId& account) = 0;
  /// At most `count_max` accounts by id, those behind `after`.
  virtual Result<std::vector<AccountRecord>> accounts(const std::optional<AccountId>& after,
                                                      std::size_t count_max) = 0;
  /// Frees the disk of what was erased and of handles that were given up. May take long. After it
  /// none of their bytes are in any file of the store.
  virtual Result<void> scrub() = 0;
  /// There is something to scrub, perhaps from before a restart.
  virtual bool needs_scrub() const = 0;
};

}  // namespace martlet::store
