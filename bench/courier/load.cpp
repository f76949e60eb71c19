#include "load.h"

#include <cstring>

namespace martlet::bench {
namespace {

constexpr std::size_t kLateMax = 1'000;  ///< of one sender
constexpr Milliseconds kTick{1};

double milliseconds_since(Load::Steady::time_point start) {
  return std::chrono::duration<double, std::milli>(Load::Steady::now() - start).count();
}

}  // namespace

void Load::take(std::deque<Member>& members, std::size_t pairs) {
  random_.fill(sealed_);
  for (std::size_t i = 0; i < pairs; ++i) {
    place_of_[&members[i]] = i;
    senders_.push_back({&members[i], &members[pairs + i], 0, {}});
  }
}

void Load::on_frame(Member& member, wire::Frame& frame) {
  if (auto* accepted = std::get_if<wire::Accepted>(&frame.body)) {
    on_accepted(member, accepted->message);
  } else if (auto* deliver = std::get_if<wire::Deliver>(&frame.body)) {
    on_delivered(member, *deliver);
  } else if (!std::holds_alternative<wire::Pong>(frame.body)) {
    give_up("an answer that nobody asked for");
  }
}

void Load::begin_closed_loop() {
  mode_ = Mode::closed_loop;
  for (auto& sender : senders_) {
    while (sender.unanswered < window_) send(sender, Steady::now());
  }
}

void Load::begin_open_loop(double messages_a_second) {
  mode_ = Mode::open_loop;
  interval_ = std::chrono::duration<double>{1 / messages_a_second};
  next_at_ = Steady::now();
  send_what_is_due();
}

void Load::start_measuring() {
  accept_ms.clear();
  deliver_ms.clear();
  acknowledged = 0;
  dropped = 0;
}

void Load::wind_down() {
  mode_ = Mode::quiet;
  timer_.reset();
  for (auto& sender : senders_) sender.late.clear();
}

bool Load::quiet() const {
  return sent_at_.empty() && undelivered_ == 0 && to_acknowledge_.empty();
}

void Load::send(Sender& sender, Steady::time_point intended) {
  const auto& peer = sender.peer->device();
  const auto message = random_.id<MessageId>();
  sent_at_[message] = intended;
  ++undelivered_;
  ++sender.unanswered;
  // The time travels in the envelope, as the receiver has no other way to know it.
  const auto time = intended.time_since_epoch().count();
  std::memcpy(sealed_.data(), &time, sizeof time);
  sender.member->say(++request_,
                     wire::Send{message, {{peer.account, peer.head}}, {{peer.id, 1, sealed_}}});
}

void Load::send_what_is_due() {
  const auto now = Steady::now();
  while (next_at_ <= now) {
    auto& sender = senders_[next_sender_];
    next_sender_ = (next_sender_ + 1) % senders_.size();
    if (sender.unanswered < window_) {
      send(sender, next_at_);
    } else if (sender.late.size() < kLateMax) {
      sender.late.push_back(next_at_);
    } else {
      ++dropped;
    }
    next_at_ += std::chrono::duration_cast<Steady::duration>(interval_);
  }
  timer_ = reactor_.after(kTick, [this] { send_what_is_due(); });
}

void Load::on_accepted(Member& member, const MessageId& message) {
  const auto sent = sent_at_.find(message);
  if (sent == sent_at_.end()) give_up("accepted what was not sent");
  accept_ms.push_back(milliseconds_since(sent->second));
  sent_at_.erase(sent);
  auto& sender = senders_[place_of_.at(&member)];
  --sender.unanswered;
  if (mode_ == Mode::closed_loop) return send(sender, Steady::now());
  if (sender.late.empty()) return;
  const auto intended = sender.late.front();
  sender.late.pop_front();
  send(sender, intended);
}

void Load::on_delivered(Member& member, const wire::Deliver& deliver) {
  Steady::rep sent = 0;
  std::memcpy(&sent, deliver.sealed.data(), sizeof sent);
  deliver_ms.push_back(milliseconds_since(Steady::time_point{Steady::duration{sent}}));
  --undelivered_;
  if (to_acknowledge_.empty()) reactor_.post([this] { acknowledge(); });
  to_acknowledge_[&member].sequences.push_back(deliver.sequence);
}

/// What one turn brought, as a device does that commits before it acknowledges.
void Load::acknowledge() {
  for (auto& [member, body] : to_acknowledge_) {
    acknowledged += body.sequences.size();
    member->say(0, std::move(body));
  }
  to_acknowledge_.clear();
}

}  // namespace martlet::bench
