#include "calm_load.h"

#include <algorithm>
#include <cstring>

namespace martlet::bench {
namespace {

constexpr Milliseconds kPatience = std::chrono::seconds{60};
constexpr std::size_t kLoginsAtOnce = 32;
const auto kNever = [] { return false; };

}  // namespace

CalmLoad::CalmLoad(net::Reactor& reactor, const ServerUnderLoad& server,
                   std::span<const server::TestDevice> devices, const Options& options)
    : reactor_{reactor}, options_{options}, sealed_(options.bytes) {
  random_.fill(sealed_);
  const auto pairs = devices.size() / 2;
  std::size_t ready = 0;
  std::vector<DeviceLine*> all;
  const auto wait = [&](std::size_t at_once) {
    const auto caught_up = [&] {
      while (ready < all.size() && all[ready]->logged_in()) ++ready;
      return all.size() - ready <= at_once;
    };
    if (!reactor_.run_until(caught_up, kPatience)) give_up("logging in takes too long");
  };
  for (std::size_t i = 0; i < 2 * pairs; ++i) {
    const auto index = all.size();
    all.push_back(nullptr);
    auto& lines = i < pairs ? senders_ : receivers_;
    lines.emplace_back(reactor_, server, devices[i], [this, i, pairs](wire::Frame& frame) {
      const auto* deliver = std::get_if<wire::Deliver>(&frame.body);
      if (deliver != nullptr) return on_delivered(receivers_[i - pairs], *deliver);
      on_answer(frame);
    });
    all[index] = &lines.back();
    wait(kLoginsAtOnce);
  }
  wait(0);
}

Latency CalmLoad::measure(std::chrono::duration<double> time) {
  milliseconds_.clear();
  const auto interval = std::chrono::duration<double>{1 / options_.messages_a_second};
  const auto began = Steady::now();
  const auto end = began + std::chrono::duration_cast<Steady::duration>(time);
  next_.clear();
  for (std::size_t i = 0; i < senders_.size(); ++i) {  // not all at the same moment
    next_.push_back(began +
                    std::chrono::duration_cast<Steady::duration>(
                        interval * static_cast<double>(i) / static_cast<double>(senders_.size())));
  }
  while (Steady::now() < end) {
    send_due(end);
    reactor_.run_until(kNever, Milliseconds{1});
  }
  const auto quiet = [this] {
    return undelivered_ == 0 && unanswered_ == 0 && to_acknowledge_.empty();
  };
  if (!reactor_.run_until(quiet, kPatience)) give_up("messages of the well-behaved are missing");
  if (milliseconds_.empty()) give_up("nothing was measured");
  std::ranges::sort(milliseconds_);
  const auto at = [this](double part) {
    return milliseconds_[static_cast<std::size_t>(part *
                                                  static_cast<double>(milliseconds_.size() - 1))];
  };
  return {at(0.5), at(0.99), at(1), milliseconds_.size()};
}

void CalmLoad::send_due(Steady::time_point until) {
  const auto now = Steady::now();
  const auto interval = std::chrono::duration_cast<Steady::duration>(
      std::chrono::duration<double>{1 / options_.messages_a_second});
  for (std::size_t i = 0; i < next_.size(); ++i) {
    for (; next_[i] <= now && next_[i] < until; next_[i] += interval) send(i, next_[i]);
  }
}

/// The time it was due travels in the envelope: if we are late, that counts too.
void CalmLoad::send(std::size_t pair, Steady::time_point due) {
  const auto& peer = receivers_[pair].device();
  const auto since = due.time_since_epoch().count();
  std::memcpy(sealed_.data(), &since, sizeof since);
  ++undelivered_;
  ++unanswered_;
  senders_[pair].say(
      ++request_,
      wire::Send{random_.id<MessageId>(), {{peer.account, peer.head}}, {{peer.id, 1, sealed_}}});
}

void CalmLoad::on_answer(const wire::Frame& frame) {
  if (!std::holds_alternative<wire::Accepted>(frame.body)) {
    const auto* refusal = std::get_if<wire::Refusal>(&frame.body);
    give_up(std::string{"a well-behaved device is answered "} +
            (refusal != nullptr ? wire::name_of(refusal->code) : "something else"));
  }
  --unanswered_;
}

void CalmLoad::on_delivered(DeviceLine& line, const wire::Deliver& deliver) {
  Steady::rep due = 0;
  std::memcpy(&due, ByteView{deliver.sealed}.data(), sizeof due);
  const auto took = Steady::now() - Steady::time_point{Steady::duration{due}};
  milliseconds_.push_back(std::chrono::duration<double, std::milli>(took).count());
  --undelivered_;
  if (to_acknowledge_.empty()) reactor_.post([this] { acknowledge(); });
  to_acknowledge_[&line].sequences.push_back(deliver.sequence);
}

void CalmLoad::acknowledge() {
  for (auto& [line, body] : to_acknowledge_) line->say(0, std::move(body));
  to_acknowledge_.clear();
}

void CalmLoad::close() {
  for (auto* lines : {&senders_, &receivers_}) {
    for (auto& line : *lines) line.close();
  }
}

}  // namespace martlet::bench
