#pragma once

#include "client/api.h"
#include "protocol/sealing.h"
#include "store/vault.h"
#include "transparency/recovery_words.h"

namespace martlet::client {

/// This device and its account, as all parts of the engine see them.
struct Self {
  store::ProfileRecord profile;  ///< without its secret fields: they are in `keys`
  protocol::DevicePrivateKeys keys;
  transparency::AccountChain chain;
  std::string region = {};  ///< that the user named for phone numbers; see home_region
};

/// What kind of machine this program was built for, as people see it.
inline constexpr const char* kPlatform = "linux";

/// Overwrites the keys of a profile that was loaded or written, and leaves them empty.
void wipe_secrets(store::ProfileRecord& profile);

/// Loads profile and keys. Fails with not_enrolled (an empty vault), disk or profile_damaged.
Answer<Self> load_self(store::Vault& vault);

/// Notes in vault and `self` what the server confirmed. The token is gone afterwards.
Result<void> note_enrolled(store::Vault& vault, Self& self, const std::string& handle, bool admin);

/// Writes the links of the own account into the stored profile. Inside a transaction.
Result<void> store_links(store::Vault& vault, const std::vector<Bytes>& links);

/// Whether the own account's chain has, or ever had, this device.
bool was_own_device(const Self& self, const DeviceId& device);

/// The public keys of a device for the suites that it opens.
std::vector<transparency::SuiteKey> suite_keys_of(const protocol::DevicePrivateKeys& keys);

/// What the recovery words stand for, if they were made on this device and not forgotten.
Result<std::optional<transparency::RecoveryEntropy>> load_recovery_entropy(store::Vault& vault);
/// Inside a transaction.
Result<void> erase_recovery_entropy(store::Vault& vault);

/// Writes the account's default handle into the stored profile. Inside a transaction.
Result<void> store_handle(store::Vault& vault, const std::string& handle);

/// The chat with an account: the first bytes of its id.
ChatId chat_of(const AccountId& account);

/// What stands for a handle where none is proven: "account 3fh2-k7qd", from the public code.
std::string code_name_of(const transparency::AccountChain& chain);

}  // namespace martlet::client
