#include "server/deliveries.h"

#include <algorithm>

#include "base/limits.h"

namespace martlet::server {
namespace {

/// An item that costs nothing to hold still counts, so that notices fill a window too.
std::size_t weight_of(const store::MailboxItem& item) { return item.sealed.size() + 1; }

}  // namespace

void note_damage(OfficeHealth& health, const DeviceId& device) {
  if (!is_damaged(health, device)) health.damaged.push_back(device);
}

bool is_damaged(const OfficeHealth& health, const DeviceId& device) {
  return std::ranges::find(health.damaged, device) != health.damaged.end();
}

bool Deliveries::Subscription::has_room() const {
  return in_flight.size() < limits::kDeliveryWindowEnvelopes &&
         in_flight_bytes < limits::kDeliveryWindowBytes;
}

void Deliveries::subscribe(const DeviceId& device, SessionId session,
                           std::vector<OfficeAnswer>& answers) {
  const auto [found, is_new] = subscriptions_.try_emplace(device);
  auto& subscription = found->second;
  const auto old = subscription.session;
  if (!is_new && old != session) answers.push_back({old, 0, 0, Superseded{}});
  const bool due = subscription.due;
  subscription = Subscription{};
  subscription.session = session;
  subscription.due = due;
  subscription.backlog = true;
  mark_due(device, subscription);
}

void Deliveries::unsubscribe(const DeviceId& device, SessionId session) {
  const auto found = subscriptions_.find(device);
  if (found == subscriptions_.end() || found->second.session != session) return;
  subscriptions_.erase(found);  // pump skips what due_ still lists
}

std::optional<SessionId> Deliveries::session_of(const DeviceId& device) const {
  const auto found = subscriptions_.find(device);
  if (found == subscriptions_.end()) return std::nullopt;
  return found->second.session;
}

std::vector<store::Sequence> Deliveries::acknowledge(
    const DeviceId& device, SessionId session, const std::vector<store::Sequence>& sequences) {
  std::vector<store::Sequence> taken;
  const auto found = subscriptions_.find(device);
  if (found == subscriptions_.end() || found->second.session != session) return taken;
  auto& subscription = found->second;
  auto& in_flight = subscription.in_flight;
  taken.reserve(std::min(sequences.size(), in_flight.size()));
  for (const auto sequence : sequences) {
    const auto given = std::ranges::lower_bound(in_flight, sequence, {}, &Given::sequence);
    if (given == in_flight.end() || given->sequence != sequence) continue;
    subscription.in_flight_bytes -= given->bytes;
    meters_.acknowledged_bytes.add(given->bytes - 1);
    in_flight.erase(given);
    taken.push_back(sequence);
  }
  meters_.acknowledged_envelopes.add(taken.size());
  if (in_flight.empty()) in_flight = {};  // a parked device holds no memory for its window
  if (subscription.backlog && subscription.has_room()) mark_due(device, subscription);
  return taken;
}

bool Deliveries::offer(store::WaitingItem&& item, std::vector<OfficeAnswer>& answers) {
  const auto found = subscriptions_.find(item.item.recipient);
  if (found == subscriptions_.end()) return false;
  auto& subscription = found->second;
  if (subscription.backlog || item.sequence <= subscription.delivered) return false;
  if (!subscription.has_room()) {
    subscription.backlog = true;
    return false;
  }
  give(subscription, std::move(item), answers);
  return true;
}

void Deliveries::give(Subscription& subscription, store::WaitingItem&& waiting,
                      std::vector<OfficeAnswer>& answers) {
  auto& item = waiting.item;
  subscription.delivered = waiting.sequence;
  subscription.in_flight.push_back({waiting.sequence, weight_of(item)});
  subscription.in_flight_bytes += weight_of(item);
  meters_.delivered_envelopes.add();
  meters_.delivered_bytes.add(item.sealed.size());
  auto& answer = answers.emplace_back(OfficeAnswer{subscription.session, 0, 0, Done{}});
  if (item.kind == store::ItemKind::undelivered) {
    answer.body = wire::Undelivered{waiting.sequence, item.message, item.sender, item.accepted};
    return;
  }
  answer.body = wire::Deliver{waiting.sequence, item.sender, item.sender_account,   item.message,
                              item.accepted,    item.suite,  std::move(item.sealed)};
}

void Deliveries::mark_due(const DeviceId& device, Subscription& subscription) {
  if (subscription.due) return;
  subscription.due = true;
  due_.push_back(device);
}

void Deliveries::pump(UnixMillis now, std::vector<OfficeAnswer>& answers) {
  std::size_t bytes = 0;
  std::size_t served = 0;
  for (; served < due_.size() && bytes < kPumpBytesMax; ++served) {
    const auto found = subscriptions_.find(due_[served]);
    if (found == subscriptions_.end()) continue;
    found->second.due = false;
    bytes += pump_one(found->first, found->second, now, answers);
  }
  due_.erase(due_.begin(), due_.begin() + static_cast<std::ptrdiff_t>(served));
}

std::size_t Deliveries::pump_one(const DeviceId& device, Subscription& subscription, UnixMillis now,
                                 std::vector<OfficeAnswer>& answers) {
  std::size_t bytes = 0;
  while (subscription.backlog && subscription.has_room() && bytes < kPumpBytesMax) {
    auto items = mailboxes_.read(device, subscription.delivered,
                                 limits::kDeliveryWindowEnvelopes - subscription.in_flight.size(),
                                 limits::kDeliveryWindowBytes - subscription.in_flight_bytes);
    if (!items.ok()) {
      if (items.error().failure == Failure::corrupt) note_damage(health_, device);
      failed_.push_back(device);
      return bytes;
    }
    if (items.value().empty()) subscription.backlog = false;
    for (auto& item : items.value()) {
      bytes += weight_of(item.item);
      if (item.item.expires <= now) {
        subscription.delivered = item.sequence;
        continue;
      }
      give(subscription, std::move(item), answers);
    }
  }
  if (subscription.backlog && subscription.has_room()) mark_due(device, subscription);
  return bytes;
}

void Deliveries::retry_failed() {
  for (const auto& device : std::exchange(failed_, {})) {
    const auto found = subscriptions_.find(device);
    if (found != subscriptions_.end()) mark_due(device, found->second);
  }
}

}  // namespace martlet::server
