#include "client/peers.h"

#include <algorithm>

#include "base/limits.h"
#include "client/alerts.h"
#include "client/errors.h"
#include "client/own_chain.h"

namespace martlet::client {
namespace {

constexpr std::size_t kQuestionsInFlightMax = 16;
constexpr std::size_t kPeersInMemoryMax = 4'096;  ///< then all are dropped, and loaded again
constexpr std::size_t kVerdictsMax = 4'096;       ///< likewise: asked again

Peer peer_of(transparency::AccountChain chain, UnixMillis checked) {
  Peer peer{std::move(chain), {}, checked};
  for (const auto& device : peer.chain.devices()) {
    const auto suite =
        std::ranges::find(device.suites, std::uint8_t{1}, &transparency::SuiteKey::suite);
    if (suite == device.suites.end()) continue;
    auto signing = crypto::VerifyingKey::from_point(device.sign_pk);
    auto classic = crypto::ClassicEncryptionKey::from_der(suite->key);
    if (!signing.ok() || !classic.ok()) continue;
    peer.devices.emplace(device.id, protocol::DevicePublicKeys{std::move(signing).take(),
                                                               std::move(classic).take()});
  }
  return peer;
}

}  // namespace

Peers::Peers(store::Vault& vault, Connection& connection, const Self& self)
    : vault_{vault}, connection_{connection}, self_{self} {}

Result<Finding> Peers::by_handle(const std::string& handle, bool any_age, UnixMillis now) {
  const Subject subject{handle, {}};
  const auto record = TRY(vault_.handle(handle));
  const Peer* peer = nullptr;
  if (record) peer = TRY(load(record->account));
  auto finding = standing_of(subject, peer, now);
  if (record && finding.state == Finding::State::known) {
    finding = standing_of(Subject{{}, record->account}, peer, now);
  }
  if (finding.state != Finding::State::known) return finding;
  if (peer != nullptr && (any_age || is_fresh(record->checked, now))) return finding;
  ask(subject);
  return Finding{Finding::State::waiting, peer};
}

Result<Finding> Peers::by_account(const AccountId& account, bool any_age, UnixMillis now) {
  const Subject subject{{}, account};
  const auto* peer = TRY(load(account));
  const auto finding = standing_of(subject, peer, now);
  if (finding.state != Finding::State::known) return finding;
  if (peer != nullptr && (any_age || is_fresh(peer->checked, now))) return finding;
  ask(subject);
  return Finding{Finding::State::waiting, peer};
}

Finding Peers::standing_of(const Subject& subject, const Peer* peer, UnixMillis now) {
  if (questions_.contains(subject)) return {Finding::State::waiting, peer};
  const auto verdict = verdicts_.find(subject);
  if (verdict == verdicts_.end()) return {Finding::State::known, peer};
  if (is_fresh(verdict->second.at, now)) return {verdict->second.state, peer};
  verdicts_.erase(verdict);
  return {Finding::State::known, peer};
}

bool Peers::is_fresh(UnixMillis checked, UnixMillis now) const {
  return checked <= now && now - checked < limits::kContactCheckAge;
}

void Peers::refresh(const AccountId& account) { ask(Subject{{}, account}); }

void Peers::forget_verdicts(const std::string& handle, const AccountId& account) {
  verdicts_.erase(Subject{handle, {}});
  verdicts_.erase(Subject{{}, account});
}

void Peers::ask(const Subject& subject) {
  verdicts_.erase(subject);
  questions_.try_emplace(subject);
}

void Peers::judge(const Subject& subject, Finding::State state, UnixMillis now) {
  questions_.erase(subject);
  if (verdicts_.size() >= kVerdictsMax) verdicts_.clear();
  verdicts_.insert_or_assign(subject, Verdict{state, now});
}

Result<const Peer*> Peers::load(const AccountId& account) {
  const bool is_own = account == self_.profile.account;
  if (const auto it = peers_.find(account); it != peers_.end()) {
    // OwnChain lets the own chain grow.
    if (!is_own || it->second.chain.head() == self_.chain.head()) return &it->second;
    peers_.erase(it);
  }
  if (is_own) {
    const auto added = peers_.emplace(account, peer_of(self_.chain, UnixMillis{}));
    return static_cast<const Peer*>(&added.first->second);
  }
  const auto stored = TRY(vault_.chain(account));
  if (!stored) return static_cast<const Peer*>(nullptr);
  auto chain = transparency::AccountChain::verify(stored->links, account, std::nullopt);
  if (!chain.ok()) return Error{Failure::corrupt, "a stored chain does not verify"};
  if (peers_.size() >= kPeersInMemoryMax) peers_.clear();
  const auto added = peers_.emplace(account, peer_of(std::move(chain).take(), stored->checked));
  return static_cast<const Peer*>(&added.first->second);
}

Result<bool> Peers::on_answer(const wire::Frame& frame, UnixMillis now) {
  const auto asked = asked_.find(frame.request);
  if (asked == asked_.end()) return false;
  const auto subject = asked->second;
  asked_.erase(asked);
  if (const auto* account = std::get_if<wire::Account>(&frame.body)) {
    TRY(on_account(subject, *account, now));
  } else if (const auto* refusal = std::get_if<wire::Refusal>(&frame.body)) {
    TRY(on_refusal(subject, *refusal, now));
  } else {
    questions_[subject] = Question{0, now + kAskAgainMax};
  }
  return true;
}

Result<void> Peers::on_account(const Subject& subject, const wire::Account& answer,
                               UnixMillis now) {
  const bool by_handle = !subject.handle.empty();
  const auto expected = by_handle ? answer.account : subject.account;
  const auto* known = TRY(load(expected));
  std::optional<transparency::ChainPin> pin;
  if (known != nullptr) pin = known->chain.pin();
  auto chain = transparency::AccountChain::verify(answer.links, expected, pin);
  if (answer.account != expected || answer.first_seqno != 0 || !chain.ok()) {
    return suspect(subject, "its device list does not verify", now);
  }
  if (by_handle) {
    const auto before = TRY(vault_.handle(subject.handle));
    if (before && before->account != expected) {
      return suspect(subject, "it now means another account", now);
    }
  }
  TRY(vault_.transact([&]() -> Result<void> {
    TRY(vault_.put_chain({expected, answer.links, now}));
    if (known != nullptr && expected != self_.profile.account) {
      const auto fresh = std::span{answer.links}.subspan(known->chain.seqno() + 1);
      TRY(add_device_events(vault_, known->chain, fresh, chat_of(expected), now));
    }
    if (by_handle) TRY(vault_.put_handle({subject.handle, expected, now}));
    return {};
  }));
  questions_.erase(subject);
  // What was suspect about the account is settled by a chain that continues the pinned one.
  verdicts_.erase(Subject{{}, expected});
  if (peers_.size() >= kPeersInMemoryMax) peers_.clear();
  peers_.insert_or_assign(expected, peer_of(std::move(chain).take(), now));
  return {};
}

Result<void> Peers::on_refusal(const Subject& subject, const wire::Refusal& refusal,
                               UnixMillis now) {
  switch (wire::action_for(refusal.code)) {
    case wire::Action::retry_later:
      questions_[subject] =
          Question{0, now + std::clamp(refusal.retry_after, kAskAgainMin, kAskAgainMax)};
      break;
    case wire::Action::enrol_again:
      connection_.stop(errors::kUnknownDevice);
      break;
    default:
      judge(subject, Finding::State::absent, now);
  }
  return {};
}

Result<void> Peers::suspect(const Subject& subject, std::string_view what, UnixMillis now) {
  const auto who = subject.handle.empty() ? "an account" : subject.handle;
  TRY(vault_.transact([&] { return add_alert(vault_, identity_alert(who, what), now); }));
  judge(subject, Finding::State::suspect, now);
  return {};
}

void Peers::pump(UnixMillis now) {
  if (!connection_.online()) return;
  for (auto& [subject, question] : questions_) {
    if (asked_.size() >= kQuestionsInFlightMax) return;
    if (question.request != 0 || question.not_before > now) continue;
    question.request = subject.handle.empty()
                           ? connection_.ask(wire::FetchChain{subject.account, 0}, now)
                           : connection_.ask(wire::Lookup{subject.handle}, now);
    asked_.emplace(question.request, subject);
  }
}

void Peers::on_disconnected() {
  asked_.clear();
  for (auto& [subject, question] : questions_) question.request = 0;
}

void Peers::on_clock_set_back() {
  for (auto& [subject, question] : questions_) question.not_before = {};
}

UnixMillis Peers::wake_at() const {
  auto at = UnixMillis::max();
  if (asked_.size() >= kQuestionsInFlightMax) return at;  // an answer comes first
  for (const auto& [subject, question] : questions_) {
    if (question.request == 0) at = std::min(at, question.not_before);
  }
  return at;
}

}  // namespace martlet::client
