// What HandleProofs keeps, here and on the disk, and how it tells of it.
#include <algorithm>

#include "server/handle_proofs.h"
#include "server/send_check.h"

namespace martlet::server {

using store::HandleProof;
using store::ProofState;
using wire::RefusalCode;

bool is_pending(ProofState state) {
  return state == ProofState::sending || state == ProofState::retrying ||
         state == ProofState::waiting || state == ProofState::proven;
}

bool HandleProofs::load() {
  if (loaded_) return true;
  auto all = proofs_.all();
  damaged_ = !all.ok() && all.error().failure == Failure::corrupt;
  if (!all.ok()) return false;
  for (auto& proof : all.value()) {
    index(proof, true);
    const Key key{proof.account, proof.handle};
    known_.emplace(key, std::move(proof));
  }
  return loaded_ = true;
}

Result<void, wire::Refusal> HandleProofs::keep(HandleProof proof) {
  if (!proofs_.put(proof).ok()) {
    return unavailable();
  }
  const Key key{proof.account, proof.handle};
  const auto found = known_.find(key);
  if (found != known_.end()) index(found->second, false);
  index(proof, true);
  changed_.insert(proof.account);
  known_.insert_or_assign(key, std::move(proof));
  return {};
}

Result<void, wire::Refusal> HandleProofs::drop(const Key& key) {
  const auto found = known_.find(key);
  if (found == known_.end()) return {};
  if (!proofs_.remove(key.first, key.second).ok()) {
    return unavailable();
  }
  index(found->second, false);
  changed_.insert(key.first);
  known_.erase(found);
  return {};
}

/// Codes by SMS are looked up by whom they were made for, all others by themselves.
void HandleProofs::index(const HandleProof& proof, bool add) {
  if (proof.kind == store::ProofKind::sms_code) return;
  for (const auto& secret : proof.secrets) {
    if (add) {
      by_secret_[secret.hash] = {proof.account, proof.handle};
    } else {
      by_secret_.erase(secret.hash);
    }
  }
}

/// Before an account gets another proof: the oldest of those that are over go.
void HandleProofs::make_room(const AccountId& account) {
  const auto mine = [&](const auto& entry) { return entry.first.first == account; };
  const auto first = known_.lower_bound({account, {}});
  const auto last = std::find_if_not(first, known_.end(), mine);
  const auto count = static_cast<std::size_t>(std::distance(first, last));
  if (count < handle_limits::kProofsAnAccountMax) return;
  auto oldest = last;
  for (auto it = first; it != last; ++it) {
    if (is_pending(it->second.state)) continue;
    if (oldest == last || it->second.changed < oldest->second.changed) oldest = it;
  }
  if (oldest == last) return;
  const auto key = oldest->first;
  static_cast<void>(drop(key).ok());  // if it fails, there is one more for a while
}

const HandleProof* HandleProofs::find(const AccountId& account, const std::string& handle) const {
  const auto found = known_.find({account, handle});
  return found == known_.end() ? nullptr : &found->second;
}

const HandleProof* HandleProofs::find(const Digest& secret) const {
  const auto found = by_secret_.find(secret);
  return found == by_secret_.end() ? nullptr : find(found->second.first, found->second.second);
}

std::size_t HandleProofs::pending(const AccountId& account) const {
  std::size_t count = 0;
  for (auto it = known_.lower_bound({account, {}}); it != known_.end(); ++it) {
    if (it->first.first != account) break;
    if (is_pending(it->second.state)) ++count;
  }
  return count;
}

Result<void> HandleProofs::forget(const AccountId& account) {
  std::vector<Key> mine;
  for (auto it = known_.lower_bound({account, {}}); it != known_.end(); ++it) {
    if (it->first.first != account) break;
    mine.push_back(it->first);
  }
  for (const auto& key : mine) {
    if (!drop(key).ok()) return Error{Failure::unavailable, "the disk did not answer"};
  }
  changed_.erase(account);
  return {};
}

namespace {

wire::HandleState state_of(ProofState state) {
  switch (state) {
    case ProofState::sending:
      return wire::HandleState::sending;
    case ProofState::retrying:
      return wire::HandleState::retrying;
    case ProofState::waiting:
    case ProofState::proven:
      return wire::HandleState::waiting;
    case ProofState::refused:
      return wire::HandleState::refused;
    case ProofState::given_up:
      return wire::HandleState::given_up;
    case ProofState::spent:
      return wire::HandleState::spent;
    case ProofState::confirmed:
      return wire::HandleState::confirmed;
    case ProofState::moved:
      return wire::HandleState::moved;
    case ProofState::expired:
      break;
  }
  return wire::HandleState::expired;
}

}  // namespace

wire::HandleRow row_of(const HandleProof& proof) {
  wire::HandleRow row;
  row.handle = proof.handle;
  row.state = state_of(proof.state);
  row.method = static_cast<wire::HandleMethod>(proof.kind);
  if (row.state == wire::HandleState::waiting) {
    for (const auto& secret : proof.secrets) row.expires = std::max(row.expires, secret.expires);
  }
  if (row.state == wire::HandleState::retrying) row.retry_at = proof.next_attempt;
  if (is_pending(proof.state)) row.tries_left = proof.tries_left;
  return row;
}

Result<wire::Handles, wire::Refusal> HandleProofs::list(const AccountId& account, UnixMillis) {
  const auto record = TRY(active(account));
  wire::Handles handles;
  const auto& own = record.handles;
  for (const auto& handle : own) {
    wire::HandleRow row;
    row.handle = handle;
    row.state = wire::HandleState::confirmed;
    handles.rows.push_back(std::move(row));
  }
  for (auto it = known_.lower_bound({account, {}}); it != known_.end(); ++it) {
    if (it->first.first != account || handles.rows.size() >= wire::kHandleRowsMax) break;
    if (it->second.state == ProofState::confirmed) continue;
    if (std::ranges::find(own, it->first.second) != own.end()) continue;
    handles.rows.push_back(row_of(it->second));
  }
  return handles;
}

}  // namespace martlet::server
