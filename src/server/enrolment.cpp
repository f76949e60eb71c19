#include "server/enrolment.h"

#include <algorithm>

#include "base/limits.h"
#include "crypto/hash.h"
#include "transparency/account_chain.h"

namespace martlet::server {
namespace {

using store::AccountRecord;
using store::DirectoryStore;
using store::Invitation;
using transparency::AccountChain;
using wire::RefusalCode;

/// The handle that the invitation covers, or the local name that the newcomer chose.
Result<Handle, RefusalCode> handle_for(const Invitation& invitation, const std::string& wished,
                                       const std::string& domain) {
  const auto& text = wished.empty() ? invitation.handle : wished;
  auto handle = Handle::parse(text);
  if (!handle.ok()) return RefusalCode::handle_refused;
  const bool covered = invitation.handle.empty()
                           ? !handle.value().is_number() && handle.value().domain() == domain
                           : handle.value().text() == invitation.handle;
  if (!covered) return RefusalCode::handle_refused;
  return std::move(handle).take();
}

/// Names that people take for the operator's (RFC 2142 and custom): by invitation only.
bool is_reserved(const Handle& handle) {
  static constexpr std::string_view kReserved[] = {
      "abuse",    "admin",      "administrator", "hostmaster", "info",    "no-reply", "noreply",
      "operator", "postmaster", "root",          "security",   "support", "system",   "webmaster"};
  const std::string_view text{handle.text()};
  return std::ranges::find(kReserved, text.substr(0, text.rfind('@'))) != std::end(kReserved);
}

AccountRecord record_of(const AccountChain& chain, const Handle& handle, bool admin,
                        const std::vector<Bytes>& links, UnixMillis now) {
  AccountRecord record;
  record.account = chain.account();
  record.admin = admin;
  record.enrolled = now;
  record.handles = {handle.text()};
  for (const auto& device : chain.devices()) record.devices.push_back(device.id);
  record.head = chain.head();
  record.links = links;
  return record;
}

/// The same newcomer asks again: the answer was lost, not the enrolment.
Result<wire::Enrolled, RefusalCode> enrolled_before(DirectoryStore& directory,
                                                    const AccountId& account) {
  const auto record = directory.account(account);
  if (!record.ok() || !record.value()) return RefusalCode::unavailable;
  const auto& handles = record.value()->handles;
  return wire::Enrolled{handles.empty() ? std::string{} : handles.front(), account,
                        record.value()->admin};
}

/// Why the directory refused: the account was erased, the handle went to somebody else, or the
/// account or one of its devices is here already.
Result<wire::Enrolled, RefusalCode> explain(DirectoryStore& directory, const AccountId& account,
                                            const Handle& handle) {
  const auto erased = directory.is_erased(account);
  if (!erased.ok()) return RefusalCode::unavailable;
  if (erased.value()) return RefusalCode::account_erased;
  const auto owner = directory.account_of_handle(handle.text());
  if (!owner.ok()) return RefusalCode::unavailable;
  return owner.value() ? RefusalCode::handle_taken : RefusalCode::chain_refused;
}

}  // namespace

Result<Invited, RefusalCode> invite(DirectoryStore& directory, Random& random,
                                    const Invite& request, UnixMillis now) {
  if (request.uses < 1 || request.uses > limits::kInvitationUsesMax ||
      request.lifetime.count() <= 0 || request.lifetime > limits::kInvitationLifetimeMax) {
    return RefusalCode::malformed;
  }
  Invitation invitation;
  if (!request.handle.empty()) {
    const auto handle = Handle::parse(request.handle);
    if (!handle.ok() || request.uses != 1) return RefusalCode::malformed;
    invitation.handle = handle.value().text();
    const auto owner = directory.account_of_handle(invitation.handle);
    if (!owner.ok()) return RefusalCode::unavailable;
    if (owner.value()) return RefusalCode::handle_taken;
  }
  std::array<std::uint8_t, limits::kInvitationTokenBytes> secret;
  random.fill(secret);
  const auto token = to_base64url(secret);
  invitation.token_hash = crypto::sha256(bytes_of(token));
  invitation.admin = request.admin;
  invitation.uses_left = request.uses;
  invitation.expires = now + request.lifetime;
  if (!directory.put_invitation(invitation).ok()) return RefusalCode::unavailable;
  return Invited{token, invitation.handle, invitation.expires};
}

namespace {

/// The account that these links make.
Result<AccountChain, RefusalCode> chain_of(const std::vector<Bytes>& links) {
  auto chain = AccountChain::verify(links, std::nullopt, std::nullopt);
  if (!chain.ok() || chain.value().retired()) return RefusalCode::chain_refused;
  return std::move(chain).take();
}

Result<wire::Enrolled, RefusalCode> store_account(DirectoryStore& directory,
                                                  const AccountRecord& record, const Handle& handle,
                                                  const std::optional<Invitation>& invitation) {
  const auto done = directory.enrol(record, invitation);
  if (done.ok()) return wire::Enrolled{handle.text(), record.account, record.admin};
  if (done.error().failure == Failure::refused) return explain(directory, record.account, handle);
  return RefusalCode::unavailable;
}

/// Without an invitation. Who administers came in by one, so the answer tells nobody who does.
Result<wire::Enrolled, RefusalCode> enrol_stranger(DirectoryStore& directory,
                                                   const EnrolmentRules& rules,
                                                   const wire::Enrol& request, UnixMillis now) {
  if (!rules.open) return RefusalCode::invitation_needed;
  const auto handle = TRY(handle_for({}, request.handle, rules.domain));
  if (is_reserved(handle)) return RefusalCode::handle_refused;
  const auto chain = TRY(chain_of(request.links));
  const auto known = directory.account(chain.account());
  if (!known.ok()) return RefusalCode::unavailable;
  if (known.value() && known.value()->admin) return RefusalCode::chain_refused;
  if (known.value()) return enrolled_before(directory, chain.account());
  return store_account(directory, record_of(chain, handle, false, request.links, now), handle,
                       std::nullopt);
}

}  // namespace

Result<wire::Enrolled, RefusalCode> enrol(DirectoryStore& directory, const EnrolmentRules& rules,
                                          const wire::Enrol& request, UnixMillis now) {
  if (request.token.empty()) return enrol_stranger(directory, rules, request, now);
  // The token first: nobody without one makes us verify signatures.
  auto found = directory.invitation(crypto::sha256(bytes_of(request.token)));
  if (!found.ok()) return RefusalCode::unavailable;
  if (!found.value()) return RefusalCode::invitation_unknown;
  auto& invitation = *found.value();

  const auto chain = TRY(chain_of(request.links));
  const auto account = chain.account();
  if (std::ranges::find(invitation.used_by, account) != invitation.used_by.end()) {
    return enrolled_before(directory, account);
  }
  if (invitation.uses_left == 0) return RefusalCode::invitation_used;
  if (invitation.expires <= now) return RefusalCode::invitation_expired;

  const auto handle = TRY(handle_for(invitation, request.handle, rules.domain));
  --invitation.uses_left;
  invitation.used_by.push_back(account);
  return store_account(directory, record_of(chain, handle, invitation.admin, request.links, now),
                       handle, invitation);
}

}  // namespace martlet::server
