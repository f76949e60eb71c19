#include "client/stranger.h"

#include <algorithm>

#include "base/limits.h"
#include "client/errors.h"

namespace martlet::client {
namespace {}  // namespace

Stranger::Stranger(store::ServerAddress server, Random& random)
    : server_{std::move(server)}, random_{random} {}

bool Stranger::wants_connection(UnixMillis now) const {
  return link_ == Link::offline && !finished_ && !fatal_ && now >= next_attempt_;
}

void Stranger::on_connected(const std::array<std::uint8_t, 32>& /*exporter*/, UnixMillis now) {
  link_ = Link::greeting;
  greeting_deadline_ = now + limits::kHandshakeTimeout;
}

void Stranger::on_frame(ByteView bytes, UnixMillis now) {
  if (link_ == Link::offline || closing_) return;
  auto parsed = wire::parse_frame(bytes);
  if (!parsed.ok()) return drop();
  const auto& frame = parsed.value();
  if (link_ == Link::greeting) {
    if (!std::holds_alternative<wire::Challenge>(frame.body)) return;
    link_ = Link::online;
    ping_at_ = now + limits::kPingInterval;
    return on_ready(now);
  }
  const bool is_answer = deadlines_.erase(frame.request) == 1;
  if (frame.request != 0 && !is_answer) return;
  const auto* refusal = std::get_if<wire::Refusal>(&frame.body);
  if (refusal != nullptr && refusal->code == wire::RefusalCode::wrong_version) {
    return stop(errors::kOutdated);
  }
  if (refusal != nullptr &&
      (!is_answer || wire::action_for(refusal->code) == wire::Action::retry_later)) {
    return drop(refusal->retry_after);
  }
  if (is_answer) failures_ = 0;
  is_answer ? on_answer(frame, now) : on_push(frame.body, now);
}

void Stranger::on_disconnected(UnixMillis now) {
  const bool was_open = link_ == Link::online;
  link_ = Link::offline;
  closing_ = false;
  close_wish_ = false;
  out_.clear();
  deadlines_.clear();
  ++failures_;
  const auto ceiling = std::min(limits::kReconnectDelayMin * (1U << std::min(failures_, 6U)),
                                limits::kReconnectDelayMax);
  const auto spread = static_cast<std::uint64_t>((ceiling - limits::kReconnectDelayMin).count());
  const auto delay = limits::kReconnectDelayMin +
                     Milliseconds{static_cast<std::int64_t>(random_.below(spread + 1))};
  next_attempt_ = now + std::max(delay, std::exchange(pause_, {}));
  if (was_open && !fatal_ && !finished_) on_lost(now);
}

void Stranger::on_tick(UnixMillis now) {
  if (link_ == Link::greeting && now >= greeting_deadline_) return drop();
  if (link_ == Link::online && !closing_) {
    if (!deadlines_.empty() && now >= deadlines_.begin()->second) return drop();
    if (now >= ping_at_) {
      ping_at_ = now + limits::kPingInterval;
      ask(wire::Ping{}, now);
    }
  }
  if (!fatal_ && !finished_ && now >= due_at()) on_time(now);
}

UnixMillis Stranger::wake_at() const {
  if (fatal_ || finished_) return UnixMillis::max();
  auto at = due_at();
  if (closing_) return at;
  if (link_ == Link::offline) at = std::min(at, next_attempt_);
  if (link_ == Link::greeting) at = std::min(at, greeting_deadline_);
  if (link_ == Link::online) {
    at = std::min(at, ping_at_);
    if (!deadlines_.empty()) at = std::min(at, deadlines_.begin()->second);
  }
  return at;
}

std::vector<Bytes> Stranger::take_frames() { return std::exchange(out_, {}); }
bool Stranger::take_close_wish() { return std::exchange(close_wish_, false); }

std::uint64_t Stranger::ask(wire::Body body, UnixMillis now) {
  const auto request = next_request_++;
  queue(request, std::move(body));
  deadlines_.emplace(request, now + limits::kAnswerTimeout);
  return request;
}

void Stranger::pass(wire::Body body) { queue(next_request_++, std::move(body)); }

void Stranger::queue(std::uint64_t request, wire::Body body) {
  if (link_ != Link::online || closing_) return;
  out_.push_back(wire::encode(wire::Frame{request, std::move(body)}));
}

void Stranger::drop(Milliseconds pause) {
  pause_ = std::min(pause, kPauseMax);
  close();
}

void Stranger::stop(const ApiError& error) {
  if (!fatal_) fatal_ = error;
  drop();
}

void Stranger::close() {
  if (link_ == Link::offline || std::exchange(closing_, true)) return;
  close_wish_ = true;
}

void Stranger::finish() {
  finished_ = true;
  close();
}

}  // namespace martlet::client
