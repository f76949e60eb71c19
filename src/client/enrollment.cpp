#include "base/check.h"
#include "base/handle.h"
#include "base/limits.h"
#include "client/engine.h"
#include "client/errors.h"
#include "client/names.h"
#include "transparency/account_chain.h"

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
  if (!is_name(request.name) || !is_name(request.device_name)) return errors::kBadProfileName;
  profile.name = request.name;
  profile.device_name = request.device_name;
  return profile;
}

bool same_invitation(const store::ProfileRecord& a, const store::ProfileRecord& b) {
  return a.server.host == b.server.host && a.server.port == b.server.port &&
         a.server.fingerprint == b.server.fingerprint && a.token == b.token;
}

/// The account's first link: this device as its admin, with a key for the classic suite.
Bytes genesis_of(const protocol::DevicePrivateKeys& keys, Random& random, UnixMillis now) {
  std::array<std::uint8_t, 16> nonce;
  random.fill(nonce);
  const auto classic = static_cast<std::uint8_t>(protocol::Suite::classic);
  transparency::DeviceEntry entry{
      transparency::Role::admin, {{classic, copy_of(keys.classic.encryption_key().der())}}, {}};
  return transparency::create_genesis(keys.signing, entry, AccountId{}, nonce, now);
}

void give_identity(store::ProfileRecord& profile, const protocol::DevicePrivateKeys& keys,
                   Random& random, UnixMillis now) {
  auto genesis = genesis_of(keys, random, now);
  const auto chain = transparency::AccountChain::from_genesis(genesis);
  CHECK(chain.ok());
  profile.account = chain.value().account();
  profile.device = transparency::device_id_of(keys.signing.verifying_key());
  profile.signing_key = copy_of(keys.signing.encode().reveal());
  profile.classic_key = copy_of(keys.classic.encode().reveal());
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
    crypto::wipe(present->signing_key);
    crypto::wipe(present->classic_key);
  } else {
    give_identity(profile, keys, random, now);
  }
  auto written = vault.transact([&] { return vault.put_profile(profile); });
  crypto::wipe(profile.signing_key);
  crypto::wipe(profile.classic_key);
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
  if (present) {
    crypto::wipe(present->signing_key);
    crypto::wipe(present->classic_key);
  }
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
  crypto::wipe(profile.signing_key);
  crypto::wipe(profile.classic_key);
  return from_vault(std::move(written));
}

}  // namespace martlet::client
