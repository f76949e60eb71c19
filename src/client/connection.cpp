#include "client/connection.h"

#include <algorithm>
#include <utility>

#include "base/handle.h"
#include "base/limits.h"
#include "client/errors.h"

namespace martlet::client {
namespace {

constexpr auto kNever = UnixMillis::max();
/// A connection that held so long counts as a success: the next back-off starts small.
constexpr Milliseconds kGoodConnection = std::chrono::seconds{10};
/// However long a server asks us to stay away, we look again after this.
constexpr Milliseconds kPingIntervalMin = std::chrono::seconds{1};
/// A line that takes less is too slow for us: 8 bytes a millisecond.
constexpr std::size_t kSlowLineBytesAMs = 8;

ApiError error_of(wire::RefusalCode code) {
  switch (code) {
    case wire::RefusalCode::wrong_version:
      return errors::kOutdated;
    case wire::RefusalCode::not_authenticated:
      return errors::kUnknownDevice;
    case wire::RefusalCode::device_revoked:
      return errors::kDeviceRevoked;
    case wire::RefusalCode::account_suspended:
      return errors::kAccountSuspended;
    case wire::RefusalCode::account_erased:
      return errors::kAccountErased;
    case wire::RefusalCode::invitation_needed:
      return errors::kInvitationNeeded;
    case wire::RefusalCode::invitation_unknown:
      return errors::kInvitationUnknown;
    case wire::RefusalCode::invitation_used:
      return errors::kInvitationUsed;
    case wire::RefusalCode::invitation_expired:
      return errors::kInvitationExpired;
    case wire::RefusalCode::handle_taken:
      return errors::kHandleTaken;
    case wire::RefusalCode::handle_refused:
      return errors::kHandleRefused;
    default:
      return errors::kRefused;
  }
}

/// It ends this device's time at the server, whatever it answers.
bool ends_membership(wire::RefusalCode code) {
  return code == wire::RefusalCode::device_revoked ||
         code == wire::RefusalCode::account_suspended || code == wire::RefusalCode::account_erased;
}

}  // namespace

Connection::Connection(store::Vault& vault, Self& self, Random& random)
    : vault_{vault}, self_{self}, random_{random}, marks_{vault, random} {}

bool Connection::is_wanted(UnixMillis now) const {
  return link_ == Link::offline && !fatal_ && now >= next_attempt_;
}

void Connection::on_connected(const std::array<std::uint8_t, 32>& exporter, UnixMillis now) {
  if (fatal_) {
    close_wish_ = true;
    return;
  }
  link_ = Link::greeting;
  step_ = Step::challenge;
  dropped_ = false;
  exporter_ = exporter;
  greeting_deadline_ = now + limits::kHandshakeTimeout;
}

void Connection::on_disconnected(UnixMillis now) {
  const bool was_good = link_ == Link::online && now - online_since_ >= kGoodConnection;
  failures_ = was_good ? 1 : std::min(failures_ + 1, 16U);
  // Full jitter, after a good connection too, so that a server that comes back isn't met by all its
  // devices at once. It may have told each of them a time of its own.
  const auto ceiling =
      std::min(limits::kReconnectDelayMin * (1U << failures_), limits::kReconnectDelayMax);
  const auto spread = static_cast<std::uint64_t>((ceiling - limits::kReconnectDelayMin).count());
  const auto delay = limits::kReconnectDelayMin +
                     Milliseconds{static_cast<std::int64_t>(random_.below(spread + 1))};
  next_attempt_ = now + std::max(delay, pause_);

  link_ = Link::offline;
  dropped_ = false;
  close_wish_ = false;
  pause_ = {};
  waiting_ = 0;
  deadlines_.clear();
  login_request_ = 0;
  ping_request_ = 0;
  out_.clear();
}

void Connection::on_tick(UnixMillis now) {
  if (!is_open()) return;
  if (link_ == Link::greeting) {
    if (now >= greeting_deadline_) drop();
    return;
  }
  if (!deadlines_.empty() && now >= deadlines_.begin()->second) {
    drop();
  } else if (now >= ping_at_ && ping_request_ == 0) {
    ping_request_ = ask(wire::Ping{}, now);
  }
}

UnixMillis Connection::wake_at() const {
  if (fatal_ || dropped_) return kNever;
  if (link_ == Link::offline) return next_attempt_;
  if (link_ == Link::greeting) return greeting_deadline_;
  auto at = ping_request_ == 0 ? ping_at_ : kNever;
  if (!deadlines_.empty()) at = std::min(at, deadlines_.begin()->second);
  return at;
}

std::vector<Bytes> Connection::take_frames() { return std::exchange(out_, {}); }
bool Connection::take_close_wish() { return std::exchange(close_wish_, false); }

bool Connection::on_frame(const wire::Frame& frame, UnixMillis now) {
  if (!is_open()) return true;
  if (std::holds_alternative<wire::Ping>(frame.body)) {
    queue(frame.request, wire::Pong{});
    return true;
  }
  if (link_ == Link::greeting) return on_greeting(frame, now);
  if (const auto* refusal = std::get_if<wire::Refusal>(&frame.body);
      refusal != nullptr && ends_membership(refusal->code)) {
    stop(error_of(refusal->code));
    return true;
  }
  if (frame.request == 0) {
    // A refusal that answers nothing is about the connection as a whole.
    if (const auto* refusal = std::get_if<wire::Refusal>(&frame.body)) {
      if (wire::action_for(refusal->code) == wire::Action::enrol_again) {
        stop(errors::kUnknownDevice);
      } else {
        drop(refusal->retry_after);
      }
      return true;
    }
    return false;
  }
  if (frame.request == ping_request_) {
    finish(ping_request_);
    ping_request_ = 0;
    return true;
  }
  return !finish(frame.request);
}

bool Connection::on_greeting(const wire::Frame& frame, UnixMillis now) {
  if (const auto* challenge = std::get_if<wire::Challenge>(&frame.body)) {
    if (step_ == Step::challenge) on_challenge(*challenge, now);
  } else if (const auto* refusal = std::get_if<wire::Refusal>(&frame.body)) {
    const bool is_answer = login_request_ != 0 && frame.request == login_request_;
    is_answer ? on_login_refused(*refusal, now) : drop(refusal->retry_after);
  } else if (frame.request != login_request_) {
    return true;
  } else if (const auto* enrolled = std::get_if<wire::Enrolled>(&frame.body)) {
    if (step_ == Step::enrolled) on_enrolled(*enrolled, now);
  } else if (const auto* welcome = std::get_if<wire::Welcome>(&frame.body)) {
    if (step_ == Step::welcome) on_welcome(*welcome, now);
  }
  return true;
}

void Connection::on_challenge(const wire::Challenge& challenge, UnixMillis now) {
  nonce_ = challenge.nonce;
  clock_skew_ = now - challenge.server_time;
  ping_interval_ =
      std::clamp(challenge.ping_interval, kPingIntervalMin, Milliseconds{limits::kPingInterval});
  if (self_.profile.enrolled) return authenticate(now);
  step_ = Step::enrolled;
  login_request_ = next_request_++;
  queue(login_request_,
        wire::Enrol{self_.profile.token, self_.profile.handle, self_.profile.links});
}

void Connection::on_enrolled(const wire::Enrolled& enrolled, UnixMillis now) {
  const auto handle = Handle::parse(enrolled.handle);
  if (!handle.ok() || enrolled.account != self_.profile.account) return stop(errors::kOtherAccount);
  const auto done = note_enrolled(vault_, self_, handle.value().text(), enrolled.admin);
  if (noted(done)) authenticate(now);
}

bool Connection::noted(const Result<void>& done) {
  if (done.ok()) return true;
  done.error().failure == Failure::corrupt ? stop(errors::kDamaged) : drop();
  return false;
}

void Connection::authenticate(UnixMillis now) {
  step_ = Step::welcome;
  greeting_deadline_ = now + limits::kHandshakeTimeout;
  wire::Authenticate login;
  login.device = self_.profile.device;
  if (!noted(marks_.mark(login))) return;
  login.signature = self_.keys.signing.sign(wire::kLoginContext, concat({nonce_, exporter_}));
  login_request_ = next_request_++;
  queue(login_request_, login);
}

void Connection::on_welcome(const wire::Welcome& welcome, UnixMillis now) {
  if (welcome.account != self_.profile.account) return stop(errors::kOtherAccount);
  if (!noted(marks_.on_welcome())) return;
  step_ = Step::done;
  link_ = Link::online;
  login_request_ = 0;
  waiting_ = welcome.waiting;
  head_ = welcome.head;
  online_since_ = now;
  uploaded_at_ = now;
  ping_at_ = now + ping_interval_;
}

void Connection::on_login_refused(const wire::Refusal& refusal, UnixMillis now) {
  if (step_ == Step::enrolled && self_.profile.token.empty()) {
    if (refusal.code == wire::RefusalCode::handle_refused) return stop(errors::kNoSuchLocalName);
    // It may take an hour, and somebody waits at the command line.
    if (refusal.code == wire::RefusalCode::limit_reached) return stop(errors::kTooManyEnrolments);
  }
  const bool is_elsewhere =
      refusal.code == wire::RefusalCode::device_elsewhere && refusal.last_login.number != 0;
  if (is_elsewhere && !noted(marks_.on_elsewhere(refusal.last_login, now))) return;
  if (wire::action_for(refusal.code) == wire::Action::retry_later) {
    drop(refusal.retry_after);
  } else {
    stop(error_of(refusal.code));
  }
}

std::uint64_t Connection::ask(wire::Body body, UnixMillis now) {
  const auto request = next_request_++;
  const auto bytes = queue(request, std::move(body));
  // The clock for the answer runs from when even a slow line has taken the request.
  uploaded_at_ = std::max(uploaded_at_, now) +
                 Milliseconds{static_cast<std::int64_t>(bytes / kSlowLineBytesAMs)};
  deadlines_.emplace(request, uploaded_at_ + limits::kAnswerTimeout);
  ping_at_ = now + ping_interval_;
  return request;
}

void Connection::tell(wire::Body body) { queue(0, std::move(body)); }

std::size_t Connection::queue(std::uint64_t request, wire::Body body) {
  if (dropped_) return 0;
  out_.push_back(wire::encode(wire::Frame{request, std::move(body)}));
  return out_.back().size();
}

bool Connection::finish(std::uint64_t request) { return deadlines_.erase(request) == 1; }

bool Connection::has_requests() const {
  return deadlines_.size() > (deadlines_.count(ping_request_) != 0 ? 1U : 0U);
}

void Connection::drop(Milliseconds pause) {
  if (link_ == Link::offline) return;
  dropped_ = true;
  close_wish_ = true;
  pause_ = std::max(pause_, std::min(pause, kPauseMax));
}

void Connection::stop(const ApiError& error) {
  fatal_ = error;
  drop();
}

void Connection::on_clock_set_back(UnixMillis now) {
  next_attempt_ = std::min(next_attempt_, now + limits::kReconnectDelayMax);
  drop();
}

}  // namespace martlet::client
