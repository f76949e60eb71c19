// What reaches HandleProofs from outside: results of sending, opened links, received SMS, time.
#include <algorithm>

#include "server/handle_proofs.h"
#include "server/proof_codes.h"
#include "server/send_check.h"

namespace martlet::server {

using namespace handle_limits;
using store::HandleProof;
using store::ProofKind;
using store::ProofState;
using wire::RefusalCode;

namespace {

Milliseconds back_off(std::uint32_t attempts) {
  auto wait = kRetryFirst;
  for (std::uint32_t i = 1; i < attempts && wait < kRetryMost; ++i) wait *= 2;
  return std::min(wait, kRetryMost);
}

Milliseconds tried_for(ProofKind kind) {
  return kind == ProofKind::mail_link ? kMailTriedFor : kSmsTriedFor;
}

}  // namespace

/// Each sending has a secret of its own: what was sent before is not kept, its hash alone. A mail
/// that did arrive although nobody said so keeps working; of codes only the newest does, so that
/// more of them are no easier to guess.
bool HandleProofs::send(HandleProof proof, UnixMillis now) {
  if (proof.kind == ProofKind::sms_code) proof.secrets.clear();
  std::erase_if(proof.secrets, [&](const auto& secret) { return secret.expires <= now; });
  const auto expires = now + lifetime_of(proof.kind);
  auto secret = make_proof_secret(proof.kind, random_);
  proof.secrets.push_back({hash_of_secret(proof, secret), expires});
  ++proof.attempts;
  proof.next_attempt = now + kResultPatience;
  ProofSending sending{proof.account, proof.handle,      proof.started, proof.attempts,
                       proof.kind,    std::move(secret), expires,       {}};
  const auto record = directory_.account(proof.account);
  if (record.ok() && record.value() && !record.value()->handles.empty()) {
    sending.asked_by = record.value()->handles.front();
  }
  if (!keep(std::move(proof)).ok()) return false;
  sendings_.push_back(std::move(sending));
  return true;
}

void HandleProofs::sent(const ProofSent& result, UnixMillis now) {
  const auto* const found = find(result.account, result.handle);
  if (found == nullptr || found->started != result.started) return;  // begun anew meanwhile
  auto proof = *found;
  if (proof.state != ProofState::sending && proof.state != ProofState::retrying) return;
  const bool is_latest = result.attempt == proof.attempts;
  switch (result.outcome) {
    case ProofSent::Outcome::sent:
      proof.state = ProofState::waiting;
      break;
    case ProofSent::Outcome::refused:
      if (!is_latest) return;
      proof.state = ProofState::refused;
      break;
    case ProofSent::Outcome::failed:
      if (!is_latest) return;
      proof.state = ProofState::retrying;
      proof.next_attempt = now + back_off(proof.attempts);
      break;
  }
  proof.changed = now;
  static_cast<void>(keep(std::move(proof)).ok());  // if it fails, it is sent once more
}

Result<Confirmation, wire::Refusal> HandleProofs::open(const OpenConfirmation& request,
                                                       UnixMillis now) {
  if (!load()) return unavailable();
  const auto hash = hash_of_token(request.token);
  const auto* const proof = find(hash);
  using State = Confirmation::State;
  if (proof == nullptr || proof->kind != ProofKind::mail_link)
    return Confirmation{State::unknown, {}, {}};
  if (proof->state == ProofState::confirmed) return Confirmation{State::used, {}, {}};
  const auto secret = std::ranges::find(proof->secrets, hash, &store::ProofSecret::hash);
  // One that is proven already waits for the disk only, however late it is.
  const bool is_late = secret->expires <= now && proof->state != ProofState::proven;
  if (!is_pending(proof->state) || is_late) return Confirmation{State::expired, {}, {}};
  if (request.press) {
    auto handle = proof->handle;
    const auto proven = prove(*proof, now);
    if (proven.ok()) return Confirmation{State::done, std::move(handle), {}};
    if (proven.error().code == RefusalCode::unavailable) return proven.error();
    return Confirmation{State::unknown, {}, {}};
  }
  const auto record = directory_.account(proof->account);
  if (!record.ok()) return unavailable();
  if (!record.value()) return Confirmation{State::unknown, {}, {}};
  const auto& handles = record.value()->handles;
  return Confirmation{State::asks, proof->handle,
                      handles.empty() ? std::string{} : handles.front()};
}

bool HandleProofs::receive(const InboundSms& sms, UnixMillis now) {
  if (!load() || !inbound_code_in(sms.text)) return false;
  const auto hash = hash_of_inbound(sms.text);
  const auto* const proof = find(hash);
  if (proof == nullptr || proof->kind != ProofKind::inbound_sms || proof->handle != sms.from ||
      proof->state != ProofState::waiting) {
    return false;
  }
  const auto secret = std::ranges::find(proof->secrets, hash, &store::ProofSecret::hash);
  return secret->expires > now && prove(*proof, now).ok();
}

/// First that it is proven, durably: from here on no secret of it works again, and whatever
/// happens, the handle gets to the account.
Result<void, wire::Refusal> HandleProofs::prove(HandleProof proof, UnixMillis now) {
  if (proof.state != ProofState::proven) {
    proof.state = ProofState::proven;
    proof.changed = now;
    TRY(keep(proof));
  }
  return settle(proof, now);
}

Result<void, wire::Refusal> HandleProofs::settle(const HandleProof& proof, UnixMillis now) {
  const auto record = active(proof.account);
  if (!record.ok()) {
    if (record.error().code != RefusalCode::unavailable) TRY(drop({proof.account, proof.handle}));
    return record.error();
  }
  TRY(settle_rivals(proof, now));
  const auto owner = directory_.move_handle(proof.handle, proof.account);
  if (!owner.ok()) return unavailable();
  changed_.insert(proof.account);
  if (owner.value()) {
    changed_.insert(*owner.value());
    make_room(*owner.value());
    HandleProof moved;
    moved.account = *owner.value();
    moved.handle = proof.handle;
    moved.kind = proof.kind;
    moved.state = ProofState::moved;
    moved.started = now;
    moved.changed = now;
    static_cast<void>(keep(std::move(moved)).ok());  // without it the handle is just gone there
  }
  auto done = proof;
  done.state = ProofState::confirmed;
  done.changed = now;
  // If it fails, it is settled again; the directory gives it to who has it already.
  static_cast<void>(keep(std::move(done)).ok());
  return {};
}

/// Another account has proven the same handle and waits for the disk, or was not heard to be done:
/// it must not take the handle back later.
Result<void, wire::Refusal> HandleProofs::settle_rivals(const HandleProof& proof, UnixMillis now) {
  std::vector<HandleProof> rivals;
  for (const auto& [key, other] : known_) {
    if (key.second == proof.handle && key.first != proof.account &&
        other.state == ProofState::proven) {
      rivals.push_back(other);
    }
  }
  for (auto& rival : rivals) {
    rival.state = ProofState::moved;
    rival.changed = now;
    TRY(keep(std::move(rival)));
  }
  return {};
}

HandleProofs::Due HandleProofs::due(const HandleProof& proof, UnixMillis now) {
  const bool is_from_the_future = proof.started > now + kClockSlack;
  const auto is_over = [&](const auto& secret) { return secret.expires <= now; };
  switch (proof.state) {
    case ProofState::proven:
      return Due::settle;
    case ProofState::sending:
    case ProofState::retrying:
      if (is_from_the_future || now - proof.started >= tried_for(proof.kind)) return Due::give_up;
      return proof.next_attempt <= now ? Due::send : Due::nothing;
    case ProofState::waiting:
      return is_from_the_future || std::ranges::all_of(proof.secrets, is_over) ? Due::expire
                                                                               : Due::nothing;
    default:
      break;
  }
  const auto kept = proof.state == ProofState::moved ? kMovedKept : kFinishedKept;
  const bool is_kept = now - proof.changed < kept && proof.changed <= now + kClockSlack;
  return is_kept ? Due::nothing : Due::forget;
}

/// What fails here is tried again at the next tick.
void HandleProofs::on_tick(UnixMillis now) {
  if (!load()) return;
  if (now >= looked_ && now - looked_ < std::chrono::seconds{1}) return;
  looked_ = now;
  for (auto* book : {&account_hour_, &handle_hour_, &handle_day_, &network_hour_}) {
    book->expire(now);
  }
  std::vector<std::pair<HandleProof, Due>> work;
  for (const auto& [key, proof] : known_) {
    if (work.size() == kWorkATick) break;
    if (const auto what = due(proof, now); what != Due::nothing) work.emplace_back(proof, what);
  }
  for (auto& [proof, what] : work) do_due(std::move(proof), what, now);
}

void HandleProofs::do_due(HandleProof proof, Due what, UnixMillis now) {
  switch (what) {
    case Due::nothing:
      return;
    case Due::settle:
      return static_cast<void>(settle(proof, now).ok());
    case Due::send:
      return static_cast<void>(send(std::move(proof), now));
    case Due::forget:
      return static_cast<void>(drop({proof.account, proof.handle}).ok());
    case Due::give_up:
      proof.state = ProofState::given_up;
      break;
    case Due::expire:
      proof.state = ProofState::expired;
      break;
  }
  proof.changed = now;
  static_cast<void>(keep(std::move(proof)).ok());
}

}  // namespace martlet::server
