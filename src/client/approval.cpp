#include "client/approval.h"

#include <algorithm>

#include "client/errors.h"

namespace martlet::client {
namespace {

/// Eight digits, with whatever people put between them.
std::optional<std::string> number_of(std::string_view code) {
  std::string digits;
  for (const char c : code) {
    if (c >= '0' && c <= '9') {
      digits += c;
    } else if (c != ' ' && c != '-') {
      return std::nullopt;
    }
  }
  if (digits.size() != wire::kRendezvousDigits) return std::nullopt;
  return digits;
}

ApiError error_of(const LinkFault fault) {
  return fault == LinkFault::not_admin ? errors::kMayNotApprove : errors::kBadLinkCode;
}

}  // namespace

Approval::Approval(store::Vault& vault, Connection& connection, OwnChain& own, const Self& self,
                   Random& random)
    : vault_{vault}, connection_{connection}, own_{own}, self_{self}, random_{random} {}

Answer<void> Approval::begin(std::string_view code, std::vector<std::string> handles,
                             UnixMillis now) {
  if (active_) return errors::kApprovalUnderWay;
  ApproverAccount account{
      self_.keys.signing, self_.profile.links, self_.profile.name, std::move(handles), {}};
  if (auto number = number_of(code)) {
    auto approver = LinkApprover::by_number(std::move(account), random_, now);
    if (!approver.ok()) return error_of(approver.error());
    approver_.emplace(std::move(approver).take());
    meeting_ = std::move(*number);
  } else {
    const auto payload = protocol::parse_link_payload(code);
    if (!payload.ok()) return errors::kBadLinkCode;
    auto approver = LinkApprover::by_payload(std::move(account), payload.value(), random_, now);
    if (!approver.ok()) return error_of(approver.error());
    approver_.emplace(std::move(approver).take());
    meeting_ = protocol::rendezvous_name(payload.value().secret);
  }
  active_ = true;
  joined_ = false;
  join_request_ = 0;
  ticket_ = 0;
  known_ = self_.chain.seqno();
  deadline_ = now + kLinkingLifetime;
  events_.clear();
  return {};
}

void Approval::decide(std::optional<transparency::Role> role, UnixMillis now) {
  if (!active_) return;
  take(role ? approver_->approve(*role, now) : approver_->stop(LinkFault::refused), now);
}

void Approval::cancel(UnixMillis now) {
  if (!active_ || ticket_ != 0) return;
  take(approver_->stop(LinkFault::cancelled), now);
}

std::optional<ApprovalEvent> Approval::take_event() {
  if (events_.empty()) return std::nullopt;
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

bool Approval::on_frame(const wire::Frame& frame, UnixMillis now) {
  if (join_request_ != 0 && frame.request == join_request_) {
    join_request_ = 0;
    if (!active_) return true;
    if (std::holds_alternative<wire::RendezvousJoined>(frame.body)) {
      joined_ = true;
      take(approver_->start(), now);
    } else {
      const auto* refusal = std::get_if<wire::Refusal>(&frame.body);
      const bool is_unknown =
          refusal != nullptr && refusal->code == wire::RefusalCode::rendezvous_unknown;
      const bool is_limit = refusal != nullptr && refusal->code == wire::RefusalCode::limit_reached;
      end(ApprovalFailed{is_unknown ? errors::kNobodyThere
                         : is_limit ? errors::kTooManyNumbers
                                    : errors::kRefused});
    }
    return true;
  }
  if (const auto* relay = std::get_if<wire::Relay>(&frame.body)) {
    if (active_ && joined_) take(approver_->on_message(relay->content, now), now);
    return true;
  }
  if (std::holds_alternative<wire::RendezvousEnded>(frame.body)) {
    if (active_ && joined_) on_ended(now);
    return true;
  }
  return false;
}

void Approval::on_disconnected(UnixMillis now) {
  join_request_ = 0;
  if (active_ && joined_) on_ended(now);
}

/// Nobody hears us any more. A link that is on its way may take effect all the same.
void Approval::on_ended(UnixMillis /*now*/) {
  joined_ = false;
  if (ticket_ == 0) end(LinkStopped{LinkFault::cancelled, true, false});
}

Result<void> Approval::pump(UnixMillis now) {
  follow_submission(now);
  if (std::exchange(is_named_, false)) {
    TRY(vault_.transact([&] { return vault_.put_device_name(newcomer_); }));
  }
  if (!active_ || ticket_ != 0) return {};
  if (now > deadline_) {
    take(approver_->on_time(now), now);
  } else if (!joined_ && join_request_ == 0 && connection_.online()) {
    join_request_ = connection_.ask(wire::JoinRendezvous{meeting_}, now);
  }
  return {};
}

void Approval::follow_submission(UnixMillis now) {
  if (!active_ || ticket_ == 0) return;
  const auto progress = own_.progress(ticket_);
  if (!progress.ok()) return;
  switch (progress.value().state) {
    case AppendState::waiting:
      return;
    case AppendState::accepted:
      ticket_ = 0;
      return take(approver_->submitted(), now);
    case AppendState::refused:
      ticket_ = 0;
      return take(approver_->server_refused(), now);
    case AppendState::moved:
      break;
  }
  if (now > deadline_) return end(LinkStopped{LinkFault::gave_up, false, false});
  // The new links come by themselves; until then there is nothing to build on.
  if (own_.is_behind() || self_.chain.seqno() <= known_) return;
  ticket_ = 0;
  const auto links = std::span{self_.profile.links}.subspan(known_ + 1);
  known_ = self_.chain.seqno();
  auto step = approver_->moved(links, now);
  if (!joined_ && !step.event) {
    return end(LinkStopped{LinkFault::cancelled, true, false});  // who was to accept it is gone
  }
  take(std::move(step), now);
}

UnixMillis Approval::wake_at() const {
  return active_ && ticket_ == 0 ? deadline_ : UnixMillis::max();
}

void Approval::take(LinkApprover::Step step, UnixMillis now) {
  if (joined_) {
    for (auto& message : step.send) connection_.pass(wire::Relay{std::move(message)});
  }
  if (!step.event) return;
  if (auto* code = std::get_if<CompareCode>(&*step.event)) {
    events_.emplace_back(std::move(*code));
  } else if (auto* device = std::get_if<ConfirmDevice>(&*step.event)) {
    newcomer_ = {device->device, device->name, device->platform, now};
    events_.emplace_back(std::move(*device));
  } else if (auto* link = std::get_if<SubmitLink>(&*step.event)) {
    const auto ticket = own_.append(std::move(link->link));
    if (!ticket.ok()) return take(approver_->server_refused(), now);
    ticket_ = ticket.value();
  } else if (auto* approved = std::get_if<LinkApproved>(&*step.event)) {
    is_named_ = true;
    end(*approved);
  } else {
    end(std::get<LinkStopped>(*step.event));
  }
}

void Approval::end(ApprovalEvent event) {
  if (!std::exchange(active_, false)) return;
  events_.push_back(std::move(event));
}

}  // namespace martlet::client
