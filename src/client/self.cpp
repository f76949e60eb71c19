#include "client/self.h"

#include <algorithm>

#include "client/errors.h"

namespace martlet::client {

void wipe_secrets(store::ProfileRecord& profile) {
  for (auto* secret : {&profile.signing_key, &profile.classic_key, &profile.recovery}) {
    crypto::wipe(*secret);
    secret->clear();
  }
}

Answer<Self> load_self(store::Vault& vault) {
  auto stored = TRY(from_vault(vault.profile()));
  if (!stored) return errors::kNotEnrolled;
  auto signing = crypto::SigningKey::from_scalar(stored->signing_key);
  auto classic = crypto::ClassicDecryptionKey::from_der(stored->classic_key);
  wipe_secrets(*stored);
  auto chain = transparency::AccountChain::verify(stored->links, stored->account, std::nullopt);
  if (!signing.ok() || !classic.ok() || !chain.ok()) return errors::kDamaged;
  if (transparency::device_id_of(signing.value().verifying_key()) != stored->device) {
    return errors::kDamaged;
  }
  for (auto& named : TRY(from_vault(vault.device_names()))) {
    if (named.device == stored->device) stored->device_name = std::move(named.name);
  }
  return Self{std::move(*stored),
              protocol::DevicePrivateKeys{std::move(signing).take(), std::move(classic).take()},
              std::move(chain).take()};
}

Result<void> note_enrolled(store::Vault& vault, Self& self, const std::string& handle, bool admin) {
  TRY(vault.transact([&]() -> Result<void> {
    auto profile = TRY(vault.profile());
    if (!profile) return Error{Failure::corrupt, "the profile is gone"};
    profile->handle = handle;
    profile->admin = admin;
    profile->enrolled = true;
    profile->token.clear();
    auto written = vault.put_profile(*profile);
    wipe_secrets(*profile);
    return written;
  }));
  self.profile.handle = handle;
  self.profile.admin = admin;
  self.profile.enrolled = true;
  self.profile.token.clear();
  return {};
}

Result<void> store_links(store::Vault& vault, const std::vector<Bytes>& links) {
  auto profile = TRY(vault.profile());
  if (!profile) return Error{Failure::corrupt, "the profile is gone"};
  profile->links = links;
  auto written = vault.put_profile(*profile);
  wipe_secrets(*profile);
  return written;
}

bool was_own_device(const Self& self, const DeviceId& device) {
  if (self.chain.find(device) != nullptr) return true;
  const auto& links = self.profile.links;
  if (links.size() == self.chain.devices().size()) return false;  // nobody has left
  return std::ranges::any_of(links, [&](const Bytes& bytes) {
    const auto link = transparency::parse_link(bytes);
    if (!link.ok()) return false;
    const auto& body = link.value().fields.body;
    if (const auto* genesis = std::get_if<transparency::GenesisBody>(&body)) {
      return genesis->device.id() == device;
    }
    if (const auto* add = std::get_if<transparency::AddBody>(&body)) {
      return add->device.id() == device;
    }
    const auto* rekey = std::get_if<transparency::RekeyBody>(&body);
    return rekey != nullptr && rekey->device.id() == device;
  });
}

Result<std::optional<transparency::RecoveryEntropy>> load_recovery_entropy(store::Vault& vault) {
  using Entropy = transparency::RecoveryEntropy;
  auto profile = TRY(vault.profile());
  if (!profile) return Error{Failure::corrupt, "the profile is gone"};
  std::optional<Entropy> entropy;
  if (profile->recovery.size() == 32) {
    entropy.emplace([&](std::span<std::uint8_t, 32> out) {
      std::ranges::copy(profile->recovery, out.begin());
    });
  }
  const bool is_damaged = !entropy && !profile->recovery.empty();
  wipe_secrets(*profile);
  if (is_damaged) return Error{Failure::corrupt, "the recovery words are damaged"};
  return entropy;
}

Result<void> erase_recovery_entropy(store::Vault& vault) {
  auto profile = TRY(vault.profile());
  if (!profile) return Error{Failure::corrupt, "the profile is gone"};
  crypto::wipe(profile->recovery);
  profile->recovery.clear();
  auto written = vault.put_profile(*profile);
  wipe_secrets(*profile);
  return written;
}

std::vector<transparency::SuiteKey> suite_keys_of(const protocol::DevicePrivateKeys& keys) {
  const auto classic = static_cast<std::uint8_t>(protocol::Suite::classic);
  return {{classic, copy_of(keys.classic.encryption_key().der())}};
}

Result<void> store_handle(store::Vault& vault, const std::string& handle) {
  auto profile = TRY(vault.profile());
  if (!profile) return Error{Failure::corrupt, "the profile is gone"};
  profile->handle = handle;
  auto written = vault.put_profile(*profile);
  wipe_secrets(*profile);
  return written;
}

ChatId chat_of(const AccountId& account) {
  return ChatId::from(account.view().first(ChatId::kBytes)).take();
}

std::string code_name_of(const transparency::AccountChain& chain) {
  constexpr std::size_t kTwoGroups = 9;
  return "account " + chain.public_code().substr(0, kTwoGroups);
}

}  // namespace martlet::client
