#include "server/office.h"

#include <algorithm>

#include "server/chain_append.h"
#include "server/enrolment.h"
#include "server/overloaded.h"
#include "server/send_check.h"
#include "transparency/account_chain.h"

namespace martlet::server {
namespace {

using wire::RefusalCode;

/// Of what waits for a sync that does not come: beyond it acknowledged items are simply delivered
/// again at the next login.
constexpr std::size_t kRemovalsMax = 65'536;
/// Links of one answer, so that it fits a frame; who asked goes on from the last.
constexpr std::size_t kLinksAnswerBytesMax = limits::kFrameBytesMax - 4'096;

template <class Body>
void answer(const OfficeRequest& request, Body body, std::vector<OfficeAnswer>& answers) {
  answers.push_back({request.session, request.request, request.cost, std::move(body)});
}

wire::Refusal refusal(RefusalCode code) {
  return {code, code == RefusalCode::unavailable ? kRetryUnavailable : Milliseconds{}, {}};
}

void refuse(const OfficeRequest& request, RefusalCode code, std::vector<OfficeAnswer>& answers) {
  answer(request, refusal(code), answers);
}

wire::Refusal refusal_of(const RendezvousBook::Refused& refused) {
  using Fault = RendezvousBook::Fault;
  const bool is_gone = refused.fault == Fault::unknown;
  return {is_gone ? RefusalCode::rendezvous_unknown : RefusalCode::limit_reached,
          refused.retry_after,
          {}};
}

/// Answers with the value, or with its refusal.
template <class Value>
void answer_result(const OfficeRequest& request, Result<Value, RefusalCode> result,
                   std::vector<OfficeAnswer>& answers) {
  if (!result.ok()) return refuse(request, result.error(), answers);
  answer(request, std::move(result).take(), answers);
}

/// The same, for refusals with all that belongs to them.
template <class Value>
void answer_handles(const OfficeRequest& request, Result<Value, wire::Refusal> result,
                    std::vector<OfficeAnswer>& answers) {
  if (!result.ok()) return answer(request, result.error(), answers);
  answer(request, std::move(result).take(), answers);
}

}  // namespace

Office::Office(store::MailboxStore& mailboxes, store::DirectoryStore& directory,
               store::ProofStore& proofs, Random& random, OfficeOptions options)
    : mailboxes_{mailboxes},
      directory_{directory, health_},
      random_{random},
      options_{std::move(options)},
      rates_{options_.rates, UnixMillis{}},
      deliveries_{mailboxes, health_, meters_},
      rendezvous_{random},
      handles_{proofs, directory_, random, options_.domain, options_.handles} {
  // A kill may have come between a revocation and the end of its mailbox.
  for (const auto& [device, summary] : mailboxes.mailboxes()) suspects_.push_back(device);
}

void Office::take_in(std::span<OfficeRequest> requests, UnixMillis now, Answers& answers) {
  restage_removals(now);
  for (auto& request : requests) serve(request, now, answers);
  tell_of_handles(now, answers);
  deliveries_.pump(now, answers);
  meter_levels();
}

void Office::serve(OfficeRequest& request, UnixMillis now, Answers& answers) {
  std::visit(Overloaded{
                 [&](LogIn& body) { log_in(request, body.device, answers); },
                 [&](Subscribe& body) { subscribe(request, body, now, answers); },
                 [&](Unsubscribe& body) { deliveries_.unsubscribe(body.device, request.session); },
                 [&](Post& body) { post(request, body, now, answers); },
                 [&](Acknowledgement& body) { acknowledge(request, body, now, answers); },
                 [&](wire::Enrol& body) {
                   answer_result(
                       request,
                       enrol(directory_, {options_.domain, options_.open_registration}, body, now),
                       answers);
                 },
                 [&](wire::Lookup& body) { look_up(request, body, answers); },
                 [&](wire::FetchChain& body) {
                   fetch(request, body.account, body.from_seqno, RefusalCode::unknown_account,
                         answers);
                 },
                 [&](wire::AppendLink& body) { append_link(request, body, answers); },
                 [&](wire::OpenRendezvous& body) { open_rendezvous(request, body, now, answers); },
                 [&](Join& body) { join_rendezvous(request, body, now, answers); },
                 [&](wire::Relay& body) { relay(request, body, now, answers); },
                 [&](LeaveRendezvous&) {
                   if (const auto other = rendezvous_.leave(request.session)) {
                     answers.push_back({*other, 0, 0, wire::RendezvousEnded{}});
                   }
                 },
                 [&](HandleRequest& body) { handles(request, body, now, answers); },
                 [&](OpenConfirmation& body) {
                   answer_handles(request, handles_.open(body, now), answers);
                 },
                 [&](InboundSms& body) {
                   handles_.receive(body, now);
                   answer(request, Done{}, answers);
                 },
                 [&](ProofSent& body) { handles_.sent(body, now); },
                 [&](Invite& body) {
                   answer_result(request, invite(directory_, random_, body, now), answers);
                 },
                 [&](Probe&) { answer(request, Done{}, answers); },
                 [&](StatusQuery& body) { report(request, body, answers); },
                 [&](ListUsers& body) { list_users(request, body, answers); },
                 [&](Suspend& body) { suspend(request, body, answers); },
                 [&](Erase& body) { erase(request, body, answers); },
             },
             request.body);
}

void Office::log_in(const OfficeRequest& request, const DeviceId& device, Answers& answers) {
  const auto known = directory_.device(device);
  if (!known.ok()) return refuse(request, RefusalCode::unavailable, answers);
  if (!known.value()) return refuse(request, stranger_code(directory_, device), answers);
  if (known.value()->status == store::AccountStatus::suspended) {
    return refuse(request, RefusalCode::account_suspended, answers);
  }
  const auto account = known.value()->account;
  const auto record = directory_.account(account);
  if (!record.ok() || !record.value()) return refuse(request, RefusalCode::unavailable, answers);
  const auto chain =
      transparency::AccountChain::verify(record.value()->links, account, std::nullopt);
  const auto* entry = chain.ok() ? chain.value().find(device) : nullptr;
  if (entry == nullptr) return refuse(request, RefusalCode::not_authenticated, answers);
  answer(request, LoginKey{device, account, entry->sign_pk}, answers);
}

/// Looks again: between the login's two steps the device may have been revoked or suspended.
void Office::subscribe(const OfficeRequest& request, const Subscribe& body, UnixMillis now,
                       Answers& answers) {
  const auto known = directory_.device(body.device);
  if (!known.ok()) return refuse(request, RefusalCode::unavailable, answers);
  if (!known.value()) return refuse(request, stranger_code(directory_, body.device), answers);
  if (known.value()->account != body.account) {
    return refuse(request, RefusalCode::not_authenticated, answers);
  }
  if (known.value()->status == store::AccountStatus::suspended) {
    return refuse(request, RefusalCode::account_suspended, answers);
  }
  if (const auto last = logins_.note(body.device, body.login, body.previous_mark)) {
    auto elsewhere = refusal(RefusalCode::device_elsewhere);
    elsewhere.last_login = *last;
    return answer(request, elsewhere, answers);
  }
  answer(
      request,
      wire::Welcome{body.account, mailboxes_.summary(body.device).items, now, known.value()->head},
      answers);
  deliveries_.subscribe(body.device, request.session, answers);
  meters_.logins.add();
}

void Office::post(const OfficeRequest& request, Post& body, UnixMillis now, Answers& answers) {
  const auto wait = rates_.charge(body.sender_account, body.send.envelopes.size(), request.cost,
                                  now, meters_.limited);
  if (wait.count() > 0) {
    meters_.refused_sends.add();
    return answer(request, wire::Refusal{RefusalCode::limit_reached, wait, body.send.message},
                  answers);
  }
  auto verdict = check_send(directory_, body.sender, body.sender_account, body.send);
  if (auto* stale = std::get_if<wire::StaleDevices>(&verdict)) {
    return answer(request, std::move(*stale), answers);
  }
  if (const auto* refused = std::get_if<wire::Refusal>(&verdict)) {
    meters_.refused_sends.add();
    return answer(request, *refused, answers);
  }
  const auto staged = stage(body, now);
  if (!staged.ok()) {
    meters_.refused_sends.add();
    return answer(request, staged.error(), answers);
  }
  meter_staged();
  const auto before = answers.size();
  acceptances_.add(request, body.send.message, places_, answers);
  meters_.accepted_sends.add(answers.size() - before);
  for (auto& item : fresh_) {
    if (deliveries_.offer(std::move(item), answers)) ++in_flight_;
  }
}

Result<void, wire::Refusal> Office::stage(Post& body, UnixMillis now) {
  fresh_.clear();
  places_.clear();
  for (auto& envelope : body.send.envelopes) {
    const auto appended =
        append({store::ItemKind::envelope, envelope.recipient, body.sender, body.sender_account,
                body.send.message, now, now + options_.envelope_lifetime, envelope.suite,
                std::move(envelope.sealed)},
               fresh_);
    if (appended.ok()) {
      if (appended.value() > committed_) places_.push_back(appended.value());
      continue;
    }
    for (; !fresh_.empty(); fresh_.pop_back()) {
      const auto& staged = fresh_.back();
      // Staged a moment ago, so nothing is read; if it fails all the same, the sync will too.
      static_cast<void>(mailboxes_.remove(staged.item.recipient, staged.sequence).ok());
    }
    if (appended.error().failure == Failure::limit_reached) {
      return wire::Refusal{RefusalCode::mailbox_full, kRetryMailboxFull, body.send.message};
    }
    return wire::Refusal{RefusalCode::unavailable, kRetryUnavailable, body.send.message};
  }
  std::ranges::sort(places_);  // a repeat may wait further in front
  return {};
}

void Office::acknowledge(const OfficeRequest& request, const Acknowledgement& body, UnixMillis now,
                         Answers& answers) {
  const auto taken = deliveries_.acknowledge(body.device, request.session, body.sequences);
  for (const auto sequence : taken) {
    if (!remove({body.device, sequence}, now) || sequence <= committed_) continue;
    if (sequence > departed_ && in_flight_ > 0) --in_flight_;
    const auto before = answers.size();
    acceptances_.acknowledged(sequence, answers);
    meters_.accepted_sends.add(answers.size() - before);
  }
  answer(request, Done{}, answers);
}

/// Nothing is deleted from a damaged mailbox: somebody may still save what is in it.
bool Office::remove(const Removal& removal, UnixMillis now) {
  if (is_damaged(health_, removal.device)) return false;
  const auto removed = mailboxes_.remove(removal.device, removal.sequence);
  if (!removed.ok() && removed.error().failure == Failure::corrupt) {
    note_damage(health_, removal.device);
  } else if (removal.sequence <= departed_ && removals_.size() < kRemovalsMax) {
    if (removals_.empty()) removals_since_ = now;
    removals_.push_back(removal);
  }
  return removed.ok();
}

void Office::look_up(const OfficeRequest& request, const wire::Lookup& body, Answers& answers) {
  const auto handle = Handle::parse(body.handle);
  if (!handle.ok()) return refuse(request, RefusalCode::unknown_handle, answers);
  const auto owner = directory_.account_of_handle(handle.value().text());
  if (!owner.ok()) return refuse(request, RefusalCode::unavailable, answers);
  if (!owner.value()) return refuse(request, RefusalCode::unknown_handle, answers);
  fetch(request, *owner.value(), 0, RefusalCode::unknown_handle, answers);
}

void Office::fetch(const OfficeRequest& request, const AccountId& account, std::uint32_t from_seqno,
                   RefusalCode if_unknown, Answers& answers) {
  auto record = directory_.account(account);
  if (!record.ok()) return refuse(request, RefusalCode::unavailable, answers);
  if (!record.value()) return refuse(request, if_unknown, answers);
  auto& links = record.value()->links;
  // At least the last one: who is up to date sees that by it.
  const auto first = std::min<std::size_t>(from_seqno, links.empty() ? 0 : links.size() - 1);
  wire::Account found{account, static_cast<std::uint32_t>(first), {}};
  std::size_t bytes = 0;
  for (auto i = first; i < links.size(); ++i) {
    bytes += links[i].size() + 8;
    if (bytes > kLinksAnswerBytesMax) break;
    found.links.push_back(std::move(links[i]));
  }
  answer(request, std::move(found), answers);
}

/// The answer first, so that who revokes itself still reads it.
void Office::append_link(const OfficeRequest& request, const wire::AppendLink& body,
                         Answers& answers) {
  const auto outcome = server::append_link(directory_, body);
  if (!outcome.ok()) return refuse(request, outcome.error(), answers);
  const auto& [appended, present, left] = outcome.value();
  answer(request, appended, answers);
  for (const auto& device : present) {
    if (const auto session = deliveries_.session_of(device)) {
      answers.push_back(
          {*session, 0, 0, wire::ChainChanged{appended.account, appended.seqno, appended.head}});
    }
  }
  for (const auto& device : left) {
    suspects_.push_back(device);
    dismiss(device, RefusalCode::device_revoked, answers);
  }
}

void Office::open_rendezvous(const OfficeRequest& request, const wire::OpenRendezvous& body,
                             UnixMillis now, Answers& answers) {
  auto number = rendezvous_.open(request.session, body.name, now);
  if (!number.ok()) return answer(request, refusal_of(number.error()), answers);
  answer(request, wire::RendezvousOpened{std::move(number).take()}, answers);
}

void Office::join_rendezvous(const OfficeRequest& request, const Join& body, UnixMillis now,
                             Answers& answers) {
  const auto name = rendezvous_.join(request.session, body.account, body.rendezvous.meeting, now);
  if (!name.ok()) return answer(request, refusal_of(name.error()), answers);
  answer(request, wire::RendezvousJoined{name.value()}, answers);
}

void Office::relay(const OfficeRequest& request, wire::Relay& body, UnixMillis now,
                   Answers& answers) {
  const auto other = rendezvous_.relay(request.session, body.content.size(), now);
  if (!other.ok()) return answer(request, refusal_of(other.error()), answers);
  answers.push_back({other.value(), 0, 0, std::move(body)});
  answer(request, Done{}, answers);
}

void Office::handles(const OfficeRequest& request, HandleRequest& body, UnixMillis now,
                     Answers& answers) {
  const auto& account = body.account;
  std::visit(Overloaded{
                 [&](const wire::HandleAdd& ask) {
                   answer_handles(request, handles_.add(account, body.network, ask, now), answers);
                 },
                 [&](const wire::HandleConfirm& ask) {
                   answer_handles(request, handles_.confirm(account, ask, now), answers);
                 },
                 [&](const wire::HandleRemove& ask) {
                   answer_handles(request, handles_.remove(account, ask.handle, now), answers);
                 },
                 [&](const wire::HandleDefault& ask) {
                   answer_handles(request, handles_.set_default(account, ask.handle, now), answers);
                 },
                 [&](const wire::HandleList&) {
                   answer_handles(request, handles_.list(account, now), answers);
                 },
             },
             body.ask);
}

void Office::tell_of_handles(UnixMillis now, Answers& answers) {
  if (handles_.is_damaged()) health_.stores_damaged = true;
  for (auto& sending : handles_.take_sendings()) {
    answers.push_back({{kOutside, 0}, 0, 0, std::move(sending)});
  }
  for (const auto& account : handles_.take_changed()) {
    const auto record = directory_.account(account);
    const auto list = handles_.list(account, now);
    if (!record.ok() || !record.value() || !list.ok()) continue;  // they ask at their next login
    for (const auto& device : record.value()->devices) {
      if (const auto session = deliveries_.session_of(device)) {
        answers.push_back({*session, 0, 0, list.value()});
      }
    }
  }
}

void Office::report(const OfficeRequest& request, const StatusQuery& query, Answers& answers) {
  auto status = make_status(mailboxes_, directory_, query.mailboxes);
  if (!status.ok()) return refuse(request, RefusalCode::unavailable, answers);
  status.value().online = deliveries_.online();
  status.value().health = health_;
  answer(request, std::move(status).take(), answers);
}

}  // namespace martlet::server
