#include "base/check.h"
#include "base/handle.h"
#include "base/limits.h"
#include "client/engine.h"
#include "client/errors.h"
#include "client/names.h"
#include "client/self.h"
#include "transparency/recovery_words.h"

namespace martlet::client {
namespace {

Answer<store::ProfileRecord> wanted_profile(const EnrollRequest& request) {
  const auto invitation = TRY(parse_invitation_url(request.url));
  store::ProfileRecord profile;
  profile.server = invitation.server;
  profile.token = invitation.token;
  if (!request.handle.empty()) {
    const auto handle = Handle::parse(request.handle);
    if (!handle.ok()) return errors::kBadHandle;
    profile.handle = handle.value().text();
  }
  if (profile.token.empty() && profile.handle.empty()) return errors::kHandleNeeded;
  if (!is_name(request.name) || !is_name(request.device_name)) return errors::kBadProfileName;
  profile.name = request.name;
  profile.device_name = request.device_name;
  return profile;
}

bool same_invitation(const store::ProfileRecord& a, const store::ProfileRecord& b) {
  return a.server.host == b.server.host && a.server.port == b.server.port &&
         a.server.fingerprint == b.server.fingerprint && a.token == b.token;
}

/// The account's first link: this device as its admin, and the recovery key.
Bytes genesis_of(const protocol::DevicePrivateKeys& keys,
                 const transparency::RecoverySeed& recovery, Random& random, UnixMillis now) {
  transparency::GenesisBody body{
      transparency::device_key_of(keys.signing,
                                  {transparency::Role::admin, suite_keys_of(keys), {}}),
      transparency::recovery_key_of(recovery),
      AccountId{},
      {}};
  random.fill(body.nonce);
  const transparency::LinkSigner device{keys.signing};
  const transparency::LinkSigner accepting{recovery};
  return transparency::create_link({}, std::move(body), now, device, &accepting);
}

void give_identity(store::ProfileRecord& profile, const protocol::DevicePrivateKeys& keys,
                   Random& random, UnixMillis now) {
  const auto entropy = transparency::create_recovery_entropy(random);
  auto genesis = genesis_of(keys, transparency::recovery_seed_of(entropy), random, now);
  const auto chain = transparency::AccountChain::from_genesis(genesis);
  CHECK(chain.ok());
  profile.account = chain.value().account();
  profile.device = transparency::device_id_of(keys.signing.verifying_key());
  profile.signing_key = copy_of(keys.signing.encode().reveal());
  profile.classic_key = copy_of(keys.classic.encode().reveal());
  profile.recovery = copy_of(entropy.reveal());
  profile.links = {std::move(genesis)};
  profile.created = now;
}

}  // namespace

Answer<void> Engine::prepare_enrollment(store::Vault& vault, const EnrollRequest& request,
                                        protocol::DevicePrivateKeys keys, Random& random,
                                        UnixMillis now) {
  auto profile = TRY(wanted_profile(request));
  auto present = TRY(from_vault(vault.profile()));
  if (present && present->enrolled) return errors::kAlreadyEnrolled;
  if (present && same_invitation(*present, profile)) {
    // The keys stay: the server may have let them in already, and only its answer got lost. What
    // the user asks for may change: another handle than the one that was taken, or, with none
    // named, the invitation's.
    present->handle = profile.handle;
    present->name = profile.name;
    present->device_name = profile.device_name;
    profile = *present;
    wipe_secrets(*present);
  } else {
    give_identity(profile, keys, random, now);
  }
  auto written = vault.transact([&] { return vault.put_profile(profile); });
  wipe_secrets(profile);
  return from_vault(std::move(written));
}

Answer<void> Engine::adopt(store::Vault& vault, const AdoptRequest& request,
                           protocol::DevicePrivateKeys keys, UnixMillis now) {
  const auto handle = Handle::parse(request.handle);
  if (!handle.ok()) return errors::kBadHandle;
  if (!is_name(request.name) || !is_name(request.device_name)) return errors::kBadProfileName;
  const auto chain = transparency::AccountChain::verify(request.links, std::nullopt, std::nullopt);
  const auto device = transparency::device_id_of(keys.signing.verifying_key());
  if (!chain.ok() || chain.value().find(device) == nullptr) return errors::kNotInChain;
  auto present = TRY(from_vault(vault.profile()));
  if (present) wipe_secrets(*present);
  if (present && present->device == device && present->enrolled) return {};
  if (present && present->enrolled) return errors::kAlreadyEnrolled;
  store::ProfileRecord profile;
  profile.server = request.server;
  profile.handle = handle.value().text();
  profile.name = request.name;
  profile.device_name = request.device_name;
  profile.account = chain.value().account();
  profile.device = device;
  profile.enrolled = true;
  profile.signing_key = copy_of(keys.signing.encode().reveal());
  profile.classic_key = copy_of(keys.classic.encode().reveal());
  profile.links = request.links;
  profile.created = now;
  auto written = vault.transact([&] { return vault.put_profile(profile); });
  wipe_secrets(profile);
  return from_vault(std::move(written));
}

}  // namespace martlet::client
