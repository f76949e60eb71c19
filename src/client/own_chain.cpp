#include "client/own_chain.h"

#include <algorithm>

#include "base/limits.h"
#include "client/alerts.h"
#include "client/errors.h"

namespace martlet::client {
namespace {

constexpr std::size_t kAppendsKept = 64;

Milliseconds pause_of(const wire::Refusal& refusal) {
  return std::clamp(refusal.retry_after, kAskAgainMin, kAskAgainMax);
}

}  // namespace

OwnChain::OwnChain(store::Vault& vault, Connection& connection, Self& self)
    : vault_{vault}, connection_{connection}, self_{self} {}

bool OwnChain::is_present() const { return self_.chain.find(self_.profile.device) != nullptr; }

void OwnChain::on_announced(const LinkId& head) {
  if (head.is_zero() || head == self_.chain.head()) return;
  announced_ = head;
  wanted_ = true;
}

Answer<AppendTicket> OwnChain::append(Bytes link) {
  const auto parsed = transparency::parse_link(link);
  if (!parsed.ok() || parsed.value().fields.account != self_.profile.account) {
    return errors::kBadLink;
  }
  while (appends_.size() >= kAppendsKept) {
    const auto done = std::ranges::find_if(appends_, [](const auto& entry) {
      return entry.second.progress.state != AppendState::waiting;
    });
    if (done == appends_.end()) return errors::kTooManyLinks;
    appends_.erase(done);
  }
  const auto ticket = ++last_ticket_;
  auto& append = appends_[ticket];
  append.link = std::move(link);
  append.progress.head = parsed.value().id();
  append.progress.seqno = parsed.value().fields.seqno;
  return ticket;
}

Answer<AppendProgress> OwnChain::progress(AppendTicket ticket) const {
  const auto found = appends_.find(ticket);
  if (found == appends_.end()) return errors::kUnknownTicket;
  return found->second.progress;
}

Result<void> OwnChain::pump(UnixMillis now) {
  if (!connection_.online()) return {};
  const bool is_appending =
      std::ranges::any_of(appends_, [](const auto& entry) { return entry.second.request != 0; });
  if (wanted_ && fetch_request_ == 0 && !is_appending && fetch_not_before_ <= now) {
    wanted_ = false;
    fetch_request_ =
        connection_.ask(wire::FetchChain{self_.profile.account, self_.chain.seqno()}, now);
  }
  for (auto& [ticket, append] : appends_) {
    if (append.progress.state != AppendState::waiting) continue;
    if (append.request == 0 && fetch_request_ == 0 && append.not_before <= now) {
      const auto parsed = transparency::parse_link(append.link);
      if (!parsed.ok()) return Error{Failure::corrupt, "a link that parsed does not any more"};
      append.request = connection_.ask(
          wire::AppendLink{self_.profile.account, parsed.value().fields.prev, append.link}, now);
    }
    break;  // one at a time, in the order given
  }
  return {};
}

Result<bool> OwnChain::on_answer(const wire::Frame& frame, UnixMillis now) {
  if (fetch_request_ != 0 && frame.request == fetch_request_) {
    fetch_request_ = 0;
    if (const auto* account = std::get_if<wire::Account>(&frame.body)) {
      TRY(on_links(*account, now));
    } else {
      const auto* refusal = std::get_if<wire::Refusal>(&frame.body);
      wanted_ = true;
      fetch_not_before_ = now + (refusal != nullptr ? pause_of(*refusal) : kAskAgainMax);
    }
    return true;
  }
  for (auto& [ticket, append] : appends_) {
    if (append.request == 0 || append.request != frame.request) continue;
    append.request = 0;
    TRY(on_append_answer(append, frame.body, now));
    return true;
  }
  return false;
}

Result<void> OwnChain::on_append_answer(Append& append, const wire::Body& body, UnixMillis now) {
  if (const auto* done = std::get_if<wire::Appended>(&body)) {
    if (done->account != self_.profile.account || done->head != append.progress.head) {
      return alarm("it confirms another link than the one that was sent", now);
    }
    if (self_.chain.seqno() + 1 == append.progress.seqno) {
      TRY(grow({&append.link, 1}, now));
    } else if (self_.chain.seqno() < append.progress.seqno) {
      wanted_ = true;
    }
    append.progress.state = AppendState::accepted;
    grown_ = true;
    return {};
  }
  const auto* refusal = std::get_if<wire::Refusal>(&body);
  if (refusal == nullptr || wire::action_for(refusal->code) == wire::Action::retry_later) {
    append.not_before = now + (refusal != nullptr ? pause_of(*refusal) : kAskAgainMax);
  } else if (refusal->code == wire::RefusalCode::chain_moved) {
    append.progress.state = AppendState::moved;
    wanted_ = true;
  } else {
    append.progress.state = AppendState::refused;
  }
  return {};
}

/// The first of the links is the one that we end with; the others continue it.
Result<void> OwnChain::on_links(const wire::Account& answer, UnixMillis now) {
  if (answer.account != self_.profile.account || answer.links.empty()) {
    return alarm("it is another account's", now);
  }
  // Links of our own that were appended while the answer was under way are in it too: the server
  // answers in order, and pump() fetches only between appends.
  const auto own = self_.chain.seqno();
  if (answer.first_seqno > own) return alarm("it has a gap", now);
  const auto skip = own - answer.first_seqno;
  if (skip >= answer.links.size()) return alarm("it is shorter than before", now);
  const auto pinned = transparency::parse_link(answer.links[skip]);
  if (!pinned.ok() || pinned.value().id() != self_.chain.head()) {
    return alarm("it is not the one that this device knows", now);
  }
  const auto links = std::span{answer.links}.subspan(skip + 1);
  if (links.empty()) return {};
  TRY(grow(links, now));
  // A long chain comes in parts.
  if (!announced_.is_zero() && announced_ != self_.chain.head() && !alarmed_) wanted_ = true;
  return {};
}

Result<void> OwnChain::grow(std::span<const Bytes> links, UnixMillis now) {
  auto next = self_.chain;
  for (const auto& link : links) {
    if (!next.append(link).ok()) return alarm("a link of it does not verify", now);
  }
  auto all = self_.profile.links;
  all.insert(all.end(), links.begin(), links.end());
  TRY(vault_.transact([&]() -> Result<void> {
    TRY(store_links(vault_, all));
    return add_device_events(vault_, self_.chain, links, ChatId{}, now);
  }));
  self_.profile.links = std::move(all);
  self_.chain = std::move(next);
  if (announced_ == self_.chain.head()) announced_ = {};
  if (!is_present()) connection_.stop(errors::kDeviceRevoked);
  return {};
}

/// Once a run: whatever the server says next, a human has to look.
Result<void> OwnChain::alarm(std::string_view what, UnixMillis now) {
  announced_ = {};
  if (alarmed_) return {};
  alarmed_ = true;
  return vault_.transact([&] { return add_alert(vault_, own_chain_alert(what), now); });
}

void OwnChain::on_disconnected() {
  if (fetch_request_ != 0) wanted_ = true;
  fetch_request_ = 0;
  for (auto& [ticket, append] : appends_) append.request = 0;
}

void OwnChain::on_clock_set_back() {
  fetch_not_before_ = {};
  for (auto& [ticket, append] : appends_) append.not_before = {};
}

UnixMillis OwnChain::wake_at() const {
  auto at = UnixMillis::max();
  if (wanted_ && fetch_request_ == 0) at = fetch_not_before_;
  for (const auto& [ticket, append] : appends_) {
    if (append.progress.state != AppendState::waiting) continue;
    if (append.request == 0) at = std::min(at, append.not_before);
    break;
  }
  return at;
}

bool OwnChain::idle() const {
  return !is_behind() && std::ranges::none_of(appends_, [](const auto& entry) {
    return entry.second.progress.state == AppendState::waiting;
  });
}

Result<void> add_device_events(store::Vault& vault, const transparency::AccountChain& before,
                               std::span<const Bytes> links, const ChatId& chat, UnixMillis now) {
  const auto recovery_id = [](const transparency::AccountChain& chain) {
    return chain.recovery() ? transparency::key_id_of(transparency::kAlgEd25519, *chain.recovery())
                            : Digest{};
  };
  auto chain = before;
  for (const auto& bytes : links) {
    const auto link = transparency::parse_link(bytes);
    if (!link.ok()) return Error{Failure::corrupt, "a verified link does not parse"};
    store::EventRecord event;
    event.kind = store::EventKind::device;
    event.at = now;
    event.chat = chat;
    const auto& fields = link.value().fields;
    if (fields.signer != recovery_id(chain)) event.author = DeviceId{fields.signer};
    if (const auto* add = std::get_if<transparency::AddBody>(&fields.body)) {
      event.text = "added";
      event.device = add->device.id();
    } else if (const auto* revoke = std::get_if<transparency::RevokeBody>(&fields.body)) {
      event.text = "revoked";
      event.device = revoke->target;
    } else if (const auto* rekey = std::get_if<transparency::RekeyBody>(&fields.body)) {
      event.text = "rekeyed";
      event.device = rekey->device.id();
    } else if (std::holds_alternative<transparency::SetRecoveryBody>(fields.body)) {
      event.text = "recovery_set";
    }
    if (!chain.append(bytes).ok()) return Error{Failure::corrupt, "a verified link does not fit"};
    if (!event.text.empty()) TRY(vault.add_event(event));
  }
  return {};
}

}  // namespace martlet::client
