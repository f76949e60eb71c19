#include "server/acceptances.h"

#include <algorithm>

#include "server/send_check.h"

namespace martlet::server {

void Acceptances::add(const OfficeRequest& request, const MessageId& message,
                      std::span<const store::Sequence> places, Answers& answers) {
  if (places.empty()) {
    answers.push_back({request.session, request.request, request.cost, wire::Accepted{message}});
    return;
  }
  const auto index = static_cast<std::uint32_t>(sends_.size());
  sends_.push_back({request.session, request.request, request.cost,
                    static_cast<std::uint32_t>(places.size()), message});
  ++unsettled_;
  for (const auto place : places) {
    // Nearly always behind all others; a repeat of what is staged shares its place.
    const auto at = std::ranges::upper_bound(places_, place, {}, &Place::sequence);
    places_.insert(at, {place, index});
  }
}

void Acceptances::acknowledged(store::Sequence place, Answers& answers) {
  for (auto& found : std::ranges::equal_range(places_, place, {}, &Place::sequence)) {
    if (found.waiting == kSettled) continue;
    auto& send = sends_[std::exchange(found.waiting, kSettled)];
    if (--send.left > 0) continue;
    --unsettled_;
    answers.push_back({send.session, send.request, send.cost, wire::Accepted{send.message}});
  }
}

void Acceptances::settle(bool durable, Answers& answers) {
  for (const auto& send : sends_) {
    if (send.left == 0) continue;
    auto& answer = answers.emplace_back(
        OfficeAnswer{send.session, send.request, send.cost, wire::Accepted{send.message}});
    if (!durable) {
      answer.body = wire::Refusal{wire::RefusalCode::unavailable, kRetryUnavailable, send.message};
    }
  }
  sends_.clear();
  places_.clear();
  unsettled_ = 0;
}

}  // namespace martlet::server
