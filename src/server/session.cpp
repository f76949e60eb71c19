#include "server/session.h"

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"
#include "crypto/signing_key.h"
#include "server/overloaded.h"
#include "server/rendezvous.h"

namespace martlet::server {
namespace {

using wire::RefusalCode;

wire::Challenge challenge_of(const ServerInfo& info, UnixMillis now) {
  wire::Challenge challenge;
  challenge.server_time = now;
  challenge.domain = info.domain;
  challenge.frame_bytes_max = limits::kFrameBytesMax;
  challenge.sealed_bytes_max = limits::kSealedBytesMax;
  challenge.ping_interval = limits::kPingInterval;
  challenge.envelope_lifetime = info.envelope_lifetime;
  return challenge;
}

}  // namespace

Session::Session(SessionId id, const ServerInfo& info, const Exporter& exporter, Random& random,
                 UnixMillis now, SessionOutput& out, const Origin& origin)
    : id_{id}, info_{info}, handshake_{std::make_unique<Handshake>()}, members_{origin.members} {
  auto challenge = challenge_of(info_, now);
  random.fill(challenge.nonce);
  auto& signed_part = handshake_->signed_part;
  std::ranges::copy(challenge.nonce, signed_part.begin());
  std::ranges::copy(exporter, signed_part.begin() + wire::kNonceBytes);
  handshake_->deadline = now + limits::kHandshakeTimeout;
  handshake_->limits = origin.limits;
  network_ = origin.network;
  say(0, challenge, out);
}

void Session::on_frame(ByteView bytes, UnixMillis now, SessionOutput& out) {
  if (state_ == State::closing) return;
  auto parsed = wire::parse_frame(bytes);
  if (!parsed.ok()) {
    const bool too_much = parsed.error().failure == Failure::limit_reached;
    refuse(0, too_much ? RefusalCode::too_large : RefusalCode::malformed, out);
    return close(out);
  }
  auto& frame = parsed.value();
  const auto cost = static_cast<std::uint32_t>(std::max<std::size_t>(bytes.size(), 1));
  if (std::holds_alternative<wire::Ping>(frame.body)) say(frame.request, wire::Pong{}, out);
  if (state_ == State::member) return on_member(frame, cost, now, out);
  // What a meeting's two sides say to each other has limits of its own, and who waits in one has to
  // show that he is still there.
  const bool is_counted = !(meets_ && (std::holds_alternative<wire::Relay>(frame.body) ||
                                       std::holds_alternative<wire::Ping>(frame.body)));
  if (is_counted && ++handshake_->frames > limits::kStrangerRequestsMax) {
    refuse(frame.request, RefusalCode::limit_reached, out);
    return close(out);
  }
  on_stranger(frame, cost, now, out);
}

void Session::on_stranger(wire::Frame& frame, std::uint32_t cost, UnixMillis now,
                          SessionOutput& out) {
  const auto request = frame.request;
  std::visit(
      Overloaded{
          [](wire::Unknown&) {},
          [](wire::Ping&) {},
          [](wire::Pong&) {},
          [&](wire::Authenticate& body) { on_authenticate(frame, body, cost, out); },
          [&](wire::Enrol& body) {
            if (may_enrol(request, body, now, out)) ask(request, cost, std::move(body), out);
          },
          // Links authenticate themselves, and chains are public to who writes to their accounts.
          [&](wire::AppendLink& body) {
            if (may_ask(request, now, out)) ask(request, cost, std::move(body), out);
          },
          [&](wire::Lookup& body) {
            if (may_ask(request, now, out)) ask(request, cost, std::move(body), out);
          },
          [&](wire::FetchChain& body) {
            if (may_ask(request, now, out)) ask(request, cost, body, out);
          },
          [&](wire::OpenRendezvous& body) {
            if (!may_ask(request, now, out)) return;
            meets_ = true;
            ask(request, cost, body, out);
          },
          [&](wire::Relay& body) { ask(request, cost, std::move(body), out); },
          [&](wire::Send& body) {
            say(request, wire::Refusal{RefusalCode::not_authenticated, {}, body.message}, out);
          },
          [&](auto&) { refuse(request, RefusalCode::not_authenticated, out); },
      },
      frame.body);
}

bool Session::may_ask(std::uint64_t request, UnixMillis now, SessionOutput& out) {
  auto* const limits = handshake_->limits;
  const auto wait = limits != nullptr ? limits->take_lookup(network_, now) : Milliseconds{};
  if (wait.count() == 0) return true;
  refuse(request, RefusalCode::limit_reached, out, wait);
  return false;
}

/// An invitation is its own limit.
bool Session::may_enrol(std::uint64_t request, const wire::Enrol& body, UnixMillis now,
                        SessionOutput& out) {
  if (!body.token.empty()) return true;
  if (!info_.open_registration) {
    refuse(request, RefusalCode::invitation_needed, out);
    return false;
  }
  auto* const limits = handshake_->limits;
  const auto wait = limits != nullptr ? limits->take_enrolment(network_, now) : Milliseconds{};
  if (wait.count() == 0) return true;
  refuse(request, RefusalCode::limit_reached, out, wait);
  return false;
}

void Session::on_authenticate(const wire::Frame& frame, const wire::Authenticate& body,
                              std::uint32_t cost, SessionOutput& out) {
  if (body.version != wire::kProtocolVersion) {
    refuse(frame.request, RefusalCode::wrong_version, out);
    return close(out);
  }
  if (state_ != State::stranger) {  // a second one before the first was answered
    refuse(frame.request, RefusalCode::malformed, out);
    return close(out);
  }
  state_ = State::logging_in;
  device_ = body.device;
  handshake_->signature = body.signature;
  handshake_->login = body.login;
  handshake_->previous_mark = body.previous_mark;
  ask(frame.request, cost, LogIn{body.device}, out);
}

void Session::on_member(wire::Frame& frame, std::uint32_t cost, UnixMillis now,
                        SessionOutput& out) {
  const auto request = frame.request;
  std::visit(Overloaded{
                 [](wire::Unknown&) {},
                 [](wire::Ping&) {},
                 [](wire::Pong&) {},
                 [&](wire::Send& body) {
                   ask(request, cost, Post{device_, account_, std::move(body)}, out);
                 },
                 [&](wire::Acknowledge& body) {
                   ask(request, cost, Acknowledgement{device_, std::move(body.sequences)}, out);
                 },
                 [&](wire::Lookup& body) {
                   if (may(RateKind::lookups, request, now, out))
                     ask(request, cost, std::move(body), out);
                 },
                 [&](wire::FetchChain& body) {
                   if (may(RateKind::lookups, request, now, out)) ask(request, cost, body, out);
                 },
                 [&](wire::AppendLink& body) {
                   if (may(RateKind::links, request, now, out))
                     ask(request, cost, std::move(body), out);
                 },
                 [&](wire::JoinRendezvous& body) {
                   if (!may(RateKind::lookups, request, now, out)) return;
                   meets_ = true;
                   ask(request, cost, Join{account_, std::move(body)}, out);
                 },
                 [&](wire::Relay& body) { ask(request, cost, std::move(body), out); },
                 [&](wire::HandleAdd& body) { ask_of_handles(request, cost, body, now, out); },
                 [&](wire::HandleConfirm& body) { ask_of_handles(request, cost, body, now, out); },
                 [&](wire::HandleRemove& body) { ask_of_handles(request, cost, body, now, out); },
                 [&](wire::HandleDefault& body) { ask_of_handles(request, cost, body, now, out); },
                 [&](wire::HandleList& body) { ask_of_handles(request, cost, body, now, out); },
                 [&](auto&) {  // what only servers say, or what only strangers ask
                   refuse(request, RefusalCode::malformed, out);
                   close(out);
                 },
             },
             frame.body);
}

template <class Ask>
void Session::ask_of_handles(std::uint64_t request, std::uint32_t cost, Ask body, UnixMillis now,
                             SessionOutput& out) {
  if (!may(RateKind::handles, request, now, out)) return;
  ask(request, cost, HandleRequest{account_, network_, std::move(body)}, out);
}

bool Session::may(RateKind kind, std::uint64_t request, UnixMillis now, SessionOutput& out) {
  const auto wait = members_ != nullptr ? members_->take(kind, account_, now) : Milliseconds{};
  if (wait.count() == 0) return true;
  refuse(request, RefusalCode::limit_reached, out, wait);
  return false;
}

void Session::on_answer(OfficeAnswer&& answer, UnixMillis now, SessionOutput& out) {
  if (state_ == State::closing) return;
  settle(answer.cost, out);
  std::visit(Overloaded{
                 [](Done&) {},
                 [](Invited&) { CHECK(false && "the operator's answers never reach a session"); },
                 [](StatusReport&) { CHECK(false && "nor do these"); },
                 [](Confirmation&) { CHECK(false && "pages ask for themselves"); },
                 [](ProofSending&) { CHECK(false && "it goes out"); },
                 [](UserList&) { CHECK(false && "nor do these"); },
                 [](UserStatus&) { CHECK(false && "nor do these"); },
                 [](UserErased&) { CHECK(false && "nor do these"); },
                 [&](LoginKey& key) { on_login_key(answer, key, out); },
                 [&](wire::Welcome& welcome) { on_welcome(answer, welcome, now, out); },
                 [&](wire::Refusal& refusal) { on_refusal(answer, refusal, out); },
                 [&](Superseded&) {
                   refuse(0, RefusalCode::device_elsewhere, out);
                   close(out);
                 },
                 [&](Dismissed& dismissed) {
                   refuse(0, dismissed.why, out);
                   close(out);
                 },
                 [&](wire::RendezvousOpened& opened) {
                   // Whoever waits for a person with another device needs more than the time of a
                   // login; the meeting itself ends after kLifetime.
                   if (handshake_) handshake_->deadline = now + RendezvousBook::kLifetime;
                   say(answer.request, std::move(opened), out);
                 },
                 [&](wire::Accepted& body) { out.frames.add_hot(answer.request, body); },
                 [&](wire::Deliver& body) { out.frames.add_hot(answer.request, body); },
                 [&](auto& body) { say(answer.request, std::move(body), out); },
             },
             answer.body);
}

void Session::on_login_key(const OfficeAnswer& answer, const LoginKey& key, SessionOutput& out) {
  CHECK(state_ == State::logging_in);
  const auto verifying = crypto::VerifyingKey::from_point(key.point);
  if (!verifying.ok() ||
      !verifying.value()
           .verify(wire::kLoginContext, handshake_->signed_part, handshake_->signature)
           .ok()) {
    refuse(answer.request, RefusalCode::not_authenticated, out);
    return close(out);
  }
  state_ = State::subscribing;
  account_ = key.account;
  subscribed_ = true;
  ask(answer.request, 1, Subscribe{device_, account_, handshake_->login, handshake_->previous_mark},
      out);
}

void Session::on_welcome(const OfficeAnswer& answer, const wire::Welcome& welcome, UnixMillis now,
                         SessionOutput& out) {
  CHECK(state_ == State::subscribing);
  state_ = State::member;
  handshake_.reset();
  out.frame_bytes_max = limits::kFrameBytesMax;
  say(answer.request, wire::Welcome{welcome.account, welcome.waiting, now, welcome.head}, out);
}

void Session::on_refusal(const OfficeAnswer& answer, const wire::Refusal& refusal,
                         SessionOutput& out) {
  say(answer.request, refusal, out);
  // A login that failed is tried again on a new connection: each nonce serves one attempt.
  const bool login = state_ == State::logging_in || state_ == State::subscribing;
  if (login || refusal.code == RefusalCode::not_authenticated ||
      refusal.code == RefusalCode::device_revoked ||
      refusal.code == RefusalCode::account_suspended ||
      refusal.code == RefusalCode::account_erased) {
    close(out);
  }
}

void Session::on_tick(UnixMillis now, SessionOutput& out) {
  if (!handshake_ || state_ == State::closing || now < handshake_->deadline) return;
  close(out);
}

void Session::on_closed(SessionOutput& out) {
  state_ = State::closing;
  if (std::exchange(meets_, false)) out.requests.push_back({id_, 0, 0, LeaveRendezvous{}});
  if (!subscribed_) return;
  subscribed_ = false;
  out.requests.push_back({id_, 0, 0, Unsubscribe{device_}});
}

void Session::shut_down(SessionOutput& out, Milliseconds retry_after) {
  if (state_ == State::closing) return;
  refuse(0, RefusalCode::shutting_down, out, retry_after);
  close(out);
}

template <class RequestBody>
void Session::ask(std::uint64_t request, std::uint32_t cost, RequestBody body, SessionOutput& out) {
  out.requests.push_back({id_, request, cost, std::move(body)});
  ++unanswered_;
  unanswered_bytes_ += cost;
  if (paused_ ||
      (unanswered_ < limits::kSendsInFlightMax && unanswered_bytes_ < limits::kReadPauseBytes)) {
    return;
  }
  paused_ = true;
  out.reading = SessionOutput::Reading::pause;
}

/// Reading goes on at half the bounds, so that a busy sender does not pause at every frame.
void Session::settle(std::uint32_t cost, SessionOutput& out) {
  if (cost == 0) return;
  CHECK(unanswered_ > 0 && unanswered_bytes_ >= cost);
  --unanswered_;
  unanswered_bytes_ -= cost;
  if (!paused_ || unanswered_ > limits::kSendsInFlightMax / 2 ||
      unanswered_bytes_ > limits::kReadPauseBytes / 2) {
    return;
  }
  paused_ = false;
  out.reading = SessionOutput::Reading::resume;
}

void Session::say(std::uint64_t request, wire::Body body, SessionOutput& out) {
  out.frames.add(wire::Frame{request, std::move(body)});
}

void Session::refuse(std::uint64_t request, RefusalCode code, SessionOutput& out,
                     Milliseconds retry_after) {
  say(request, wire::Refusal{code, retry_after, {}}, out);
}

void Session::close(SessionOutput& out) {
  state_ = State::closing;
  out.close = true;
}

}  // namespace martlet::server
