#include "server/handle_proofs.h"

#include <algorithm>

#include "crypto/hash.h"
#include "server/proof_codes.h"
#include "server/send_check.h"

namespace martlet::server {
namespace {

using namespace handle_limits;
using store::HandleProof;
using store::ProofKind;
using store::ProofState;
using wire::RefusalCode;

constexpr Milliseconds kFullRetry = std::chrono::minutes{1};

wire::Refusal refused(RefusalCode code, Milliseconds retry_after = {}) {
  return {code, retry_after, {}};
}
bool has(const std::vector<std::string>& handles, const std::string& handle) {
  return std::ranges::find(handles, handle) != handles.end();
}

}  // namespace

HandleProofs::HandleProofs(store::ProofStore& proofs, store::DirectoryStore& directory,
                           Random& random, std::string domain, HandleOptions options)
    : proofs_{proofs},
      directory_{directory},
      random_{random},
      domain_{std::move(domain)},
      options_{std::move(options)},
      account_hour_{kAddsAnAccountAnHour, 1h, kRateKeysMax},
      handle_hour_{kAddsAHandleAnHour, 1h, kRateKeysMax},
      handle_day_{kAddsAHandleADay, 24h, kRateKeysMax},
      network_hour_{kAddsANetworkAnHour, 1h, kRateKeysMax} {
  load();
}

Result<store::AccountRecord, wire::Refusal> HandleProofs::active(const AccountId& account) {
  if (!load()) return unavailable();
  auto record = directory_.account(account);
  if (!record.ok()) return unavailable();
  if (!record.value() || record.value()->status != store::AccountStatus::active) {
    return refused(RefusalCode::not_authenticated);
  }
  return std::move(*record.value());
}

/// Nothing: this server cannot prove this handle that way.
std::optional<ProofKind> HandleProofs::kind_for(const std::string& handle,
                                                wire::HandleMethod method) const {
  const bool is_number = handle.front() == '+';
  switch (method) {
    case wire::HandleMethod::automatic:
      if (!is_number) return kind_for(handle, wire::HandleMethod::mail_link);
      return kind_for(
          handle, options_.sms ? wire::HandleMethod::sms_code : wire::HandleMethod::inbound_sms);
    case wire::HandleMethod::mail_link:
      if (options_.mail && !is_number) return ProofKind::mail_link;
      break;
    case wire::HandleMethod::sms_code:
      if (options_.sms && is_number) return ProofKind::sms_code;
      break;
    case wire::HandleMethod::inbound_sms:
      if (!options_.inbound_number.empty() && is_number) return ProofKind::inbound_sms;
      break;
  }
  return std::nullopt;
}

/// Counts, if all agree.
Result<void, wire::Refusal> HandleProofs::check_rates(const AccountId& account,
                                                      const std::string& handle,
                                                      const std::string& network, UnixMillis now) {
  const auto who = account.hex();
  auto wait = std::max({account_hour_.wait(who, now), handle_hour_.wait(handle, now),
                        handle_day_.wait(handle, now)});
  if (!network.empty()) wait = std::max(wait, network_hour_.wait(network, now));
  if (wait.count() > 0) return refused(RefusalCode::limit_reached, wait);
  account_hour_.count(who, now);
  handle_hour_.count(handle, now);
  handle_day_.count(handle, now);
  if (!network.empty()) network_hour_.count(network, now);
  return {};
}

Result<wire::HandleAdded, wire::Refusal> HandleProofs::add(const AccountId& account,
                                                           const std::string& network,
                                                           const wire::HandleAdd& request,
                                                           UnixMillis now) {
  const auto parsed = Handle::parse(request.handle);
  if (!parsed.ok() || parsed.value().text() != request.handle) {
    return refused(RefusalCode::handle_refused);
  }
  const auto& handle = request.handle;
  const auto record = TRY(active(account));
  if (has(record.handles, handle)) {
    wire::HandleAdded added;
    added.row.handle = handle;
    added.row.state = wire::HandleState::confirmed;
    return added;
  }
  if (!parsed.value().is_number() && parsed.value().domain() == domain_) {
    return refused(RefusalCode::handle_local);
  }
  const auto kind = kind_for(handle, request.method);
  if (!kind) return refused(RefusalCode::handle_unsupported);

  const auto* const before = find(account, handle);
  const bool begun = before != nullptr && is_pending(before->state);
  if (begun && before->kind == *kind && *kind != ProofKind::inbound_sms && now >= before->started &&
      now - before->started < kAddRepeatedWithin) {
    return wire::HandleAdded{
        row_of(*before), {}, {}};  // its answer was lost, or it was pressed twice
  }
  if (record.handles.size() + pending(account) - (begun ? 1 : 0) >= wire::kHandlesAnAccountMax) {
    return refused(RefusalCode::handles_full);
  }
  if (before == nullptr && known_.size() >= kProofsMax) {
    return refused(RefusalCode::limit_reached, kFullRetry);
  }
  TRY(check_rates(account, handle, network, now));
  if (before == nullptr) make_room(account);

  HandleProof proof;
  proof.account = account;
  proof.handle = handle;
  proof.kind = *kind;
  proof.state = ProofState::sending;
  proof.tries_left = kCodeTries;
  proof.started = now;
  proof.changed = now;
  return begin(std::move(proof), now);
}

Result<wire::HandleAdded, wire::Refusal> HandleProofs::begin(HandleProof proof, UnixMillis now) {
  const auto account = proof.account;
  const auto handle = proof.handle;
  if (proof.kind != ProofKind::inbound_sms) {
    if (!send(std::move(proof), now)) return unavailable();
    return wire::HandleAdded{row_of(*find(account, handle)), {}, {}};
  }
  auto text = make_proof_secret(proof.kind, random_);
  proof.state = ProofState::waiting;
  proof.secrets = {{hash_of_secret(proof, text), now + lifetime_of(proof.kind)}};
  TRY(keep(std::move(proof)));
  return wire::HandleAdded{row_of(*find(account, handle)), std::move(text),
                           options_.inbound_number};
}

Result<wire::Handles, wire::Refusal> HandleProofs::confirm(const AccountId& account,
                                                           const wire::HandleConfirm& request,
                                                           UnixMillis now) {
  const auto record = TRY(active(account));
  const auto* const found = find(account, request.handle);
  if (found == nullptr || !is_pending(found->state)) {
    // Said before, and the answer was lost; or there is nothing to confirm.
    if (has(record.handles, request.handle)) return list(account, now);
    return refused(RefusalCode::proof_over);
  }
  auto proof = *found;
  const auto given = hash_of_secret(proof, request.code);
  bool is_alive = false;
  bool is_right = false;
  for (const auto& secret : proof.secrets) {
    if (secret.expires <= now) continue;
    is_alive = true;
    if (crypto::equal_secretly(secret.hash, given)) is_right = true;
  }
  if (!is_alive) return refused(RefusalCode::proof_over);
  // What the number has to send itself is worth nothing when it is typed in.
  if (is_right && proof.kind != ProofKind::inbound_sms) {
    TRY(prove(std::move(proof), now));
    return list(account, now);
  }
  if (--proof.tries_left == 0) {
    proof.state = ProofState::spent;
    proof.changed = now;
  }
  TRY(keep(std::move(proof)));
  return refused(RefusalCode::code_wrong);
}

Result<wire::Handles, wire::Refusal> HandleProofs::remove(const AccountId& account,
                                                          const std::string& handle,
                                                          UnixMillis now) {
  auto record = TRY(active(account));
  const bool is_own = has(record.handles, handle);
  if (!is_own && find(account, handle) == nullptr) return refused(RefusalCode::unknown_handle);
  if (is_own) {
    if (record.handles.size() == 1) return refused(RefusalCode::handle_last);
    std::erase(record.handles, handle);
    if (!directory_.update(record, record.head).ok()) return unavailable();
    changed_.insert(account);
  }
  TRY(drop({account, handle}));
  return list(account, now);
}

Result<wire::Handles, wire::Refusal> HandleProofs::set_default(const AccountId& account,
                                                               const std::string& handle,
                                                               UnixMillis now) {
  auto record = TRY(active(account));
  const auto found = std::ranges::find(record.handles, handle);
  if (found == record.handles.end()) return refused(RefusalCode::unknown_handle);
  if (found != record.handles.begin()) {
    std::rotate(record.handles.begin(), found, found + 1);
    if (!directory_.update(record, record.head).ok()) return unavailable();
    changed_.insert(account);
  }
  return list(account, now);
}

}  // namespace martlet::server
