#include "server/acceptances.h"

#include <algorithm>

#include "base/check.h"
#include "server/send_check.h"

namespace martlet::server {

void Acceptances::add(const OfficeRequest& request, const MessageId& message,
                      std::span<const store::Sequence> places, Answers& answers) {
  if (places.empty()) {
    answers.push_back({request.session, request.request, request.cost, wire::Accepted{message}});
    return;
  }
  const auto index = static_cast<std::uint32_t>(staged_.sends.size());
  staged_.sends.push_back({request.session, request.request, request.cost,
                           static_cast<std::uint32_t>(places.size()), message});
  ++staged_.unsettled;
  for (const auto place : places) {
    // Nearly always behind all others; a repeat of what is staged shares its place.
    auto& all = staged_.places;
    all.insert(std::ranges::upper_bound(all, place, {}, &Place::sequence), {place, index});
  }
}

void Acceptances::acknowledged(store::Sequence place, Answers& answers) {
  departed_.acknowledged(place, answers);
  staged_.acknowledged(place, answers);
}

void Acceptances::depart() {
  CHECK(departed_.sends.empty());
  std::swap(staged_, departed_);
}

void Acceptances::arrive(Answers& answers) { departed_.settle(true, answers); }

void Acceptances::refuse(Answers& answers) {
  departed_.settle(false, answers);
  staged_.settle(false, answers);
}

void Acceptances::Batch::acknowledged(store::Sequence place, Answers& answers) {
  auto found = std::ranges::lower_bound(places, place, {}, &Place::sequence);
  for (; found != places.end() && found->sequence == place; ++found) {
    if (found->waiting == kSettled) continue;
    auto& send = sends[std::exchange(found->waiting, kSettled)];
    if (--send.left > 0) continue;
    --unsettled;
    answers.push_back({send.session, send.request, send.cost, wire::Accepted{send.message}});
  }
}

/// Memory is kept for the next batch.
void Acceptances::Batch::settle(bool durable, Answers& answers) {
  for (const auto& send : sends) {
    if (send.left == 0) continue;
    auto& answer = answers.emplace_back(
        OfficeAnswer{send.session, send.request, send.cost, wire::Accepted{send.message}});
    if (!durable) {
      answer.body = wire::Refusal{wire::RefusalCode::unavailable, kRetryUnavailable, send.message};
    }
  }
  sends.clear();
  places.clear();
  unsettled = 0;
}

}  // namespace martlet::server
