#pragma once

#include "store/directory_store.h"

/// The rows of the directory's database, spec/mailbox-rocks.md. Each begins with its layout's
/// version. Everything that loads fails with `corrupt`; what loads encodes back to the same bytes.
namespace martlet::store {

/// First byte of every key: which table it belongs to.
enum class DirectoryTable : std::uint8_t {
  counts = 1,       ///< (nothing) -> accounts, devices, handles
  invitations = 2,  ///< token hash -> invitation
  accounts = 3,     ///< account -> record with its links
  handles = 4,      ///< handle -> account
  devices = 5,      ///< device -> account, head, status
  former = 6,       ///< device that left -> account (a row like a handle's)
  erased = 7,       ///< account that was erased -> the same (a row like a handle's)
  unscrubbed = 8    ///< (nothing) -> nothing: there is something to scrub
};
Bytes directory_key(DirectoryTable table, ByteView name);

Bytes counts_row(const DirectoryCounts& counts);
Result<DirectoryCounts> load_counts(ByteView row);

Bytes invitation_row(const Invitation& invitation);
Result<Invitation> load_invitation(const TokenHash& token_hash, ByteView row);

Bytes account_row(const AccountRecord& account);
Result<AccountRecord> load_account(const AccountId& account, ByteView row);

Bytes handle_row(const AccountId& account);
Result<AccountId> load_handle(ByteView row);

/// Of `unscrubbed`: the layout's version alone.
Bytes mark_row();

Bytes device_row(const DeviceRecord& device);
Result<DeviceRecord> load_device(ByteView row);

}  // namespace martlet::store
