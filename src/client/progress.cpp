#include "client/progress.h"

#include <algorithm>

namespace martlet::client {
namespace {

using store::DeliveryState;
using store::FailureReason;
using store::MessageState;

/// Failed ranks with queued: a receipt proves that it arrived after all.
int rank_of(MessageState state) {
  switch (state) {
    case MessageState::sent:
      return 1;
    case MessageState::delivered:
      return 2;
    case MessageState::read:
      return 3;
    default:
      return 0;
  }
}

int rank_of(DeliveryState state) {
  switch (state) {
    case DeliveryState::delivered:
      return 2;
    case DeliveryState::read:
      return 3;
    default:
      return 1;
  }
}

}  // namespace

Result<void> ProgressBook::on_accepted(const MessageId& id, std::span<const DeviceId> targets,
                                       UnixMillis now) {
  auto message = TRY(own(id));
  if (!message) return {};
  const auto rows = TRY(vault_.deliveries(id));
  for (const auto& device : targets) {
    // A receipt may have overtaken the server's answer. What had expired is on its way again.
    const auto row = std::ranges::find(rows, device, &store::DeliveryRecord::device);
    if (row != rows.end() && row->state != DeliveryState::expired) continue;
    TRY(vault_.put_delivery({id, device, DeliveryState::sent, now}));
  }
  if (message->state != MessageState::queued) return {};
  message->state = MessageState::sent;
  TRY(vault_.set_message_state(message->author, id, message->state, FailureReason::none));
  return add_event(*message, DeviceId{}, now);
}

Result<void> ProgressBook::on_failed(const MessageId& id, FailureReason reason, UnixMillis now) {
  auto message = TRY(own(id));
  if (!message || message->state != MessageState::queued) return {};
  message->state = MessageState::failed;
  message->reason = reason;
  TRY(vault_.set_message_state(message->author, id, message->state, reason));
  return add_event(*message, DeviceId{}, now);
}

Result<void> ProgressBook::on_receipt(const AccountId& peer, const DeviceId& device,
                                      const wire::Receipt& receipt, UnixMillis now) {
  if (peer == self_.profile.account) return on_own_receipt(device, receipt, now);
  const bool is_read = receipt.state == wire::ReceiptState::read;
  const auto row_state = is_read ? DeliveryState::read : DeliveryState::delivered;
  const auto state = is_read ? MessageState::read : MessageState::delivered;
  for (const auto& id : receipt.messages) {
    TRY(vault_.drop_kept(id, device));
    auto message = TRY(own(id));
    if (message && message->peer != peer) continue;
    // Perhaps another own device wrote it, and its copy is still to come.
    const bool is_early = !message && self_.chain.devices().size() > 1;
    if (!message && (!is_early || early_rows_ >= kEarlyRowsMax)) continue;
    const auto rows = TRY(vault_.deliveries(id));
    const auto row = std::ranges::find(rows, device, &store::DeliveryRecord::device);
    if (row != rows.end() && rank_of(row->state) >= rank_of(row_state)) continue;
    TRY(vault_.put_delivery({id, device, row_state, now}));
    if (is_early) {
      ++early_rows_;
      continue;
    }
    if (rank_of(message->state) < rank_of(state)) {
      message->state = state;
      message->reason = FailureReason::none;
      TRY(vault_.set_message_state(message->author, id, state, message->reason));
    }
    TRY(add_event(*message, device, now));
  }
  return {};
}

/// A copy has arrived. That is nothing to tell the user: his message has not come further by it.
Result<void> ProgressBook::on_own_receipt(const DeviceId& device, const wire::Receipt& receipt,
                                          UnixMillis now) {
  for (const auto& id : receipt.messages) {
    TRY(vault_.drop_kept(id, device));
    const auto message = TRY(own(id));
    if (!message) continue;
    const auto rows = TRY(vault_.deliveries(id));
    const auto row = std::ranges::find(rows, device, &store::DeliveryRecord::device);
    if (row != rows.end() && rank_of(row->state) >= rank_of(DeliveryState::delivered)) continue;
    TRY(vault_.put_delivery({id, device, DeliveryState::delivered, now}));
  }
  return {};
}

Result<MessageState> ProgressBook::state_before_copy(const MessageId& id,
                                                     const transparency::AccountChain& peer) {
  auto state = MessageState::sent;
  for (const auto& row : TRY(vault_.deliveries(id))) {
    if (peer.find(row.device) == nullptr) continue;
    if (row.state == DeliveryState::read) return MessageState::read;
    if (row.state == DeliveryState::delivered) state = MessageState::delivered;
  }
  return state;
}

Result<void> ProgressBook::on_expired(const MessageId& id, const DeviceId& device, UnixMillis now) {
  TRY(vault_.drop_kept(id, device));
  auto message = TRY(own(id));
  if (!message) return {};
  auto rows = TRY(vault_.deliveries(id));
  auto row = std::ranges::find(rows, device, &store::DeliveryRecord::device);
  // What the device itself confirmed counts for more than the server's word.
  if (row != rows.end() && row->state != DeliveryState::sent) return {};
  if (row == rows.end()) row = rows.insert(rows.end(), {id, device, DeliveryState::sent, now});
  row->state = DeliveryState::expired;
  row->changed = now;
  TRY(vault_.put_delivery(*row));
  const bool nobody_has_it = std::ranges::all_of(rows, [&](const auto& other) {
    return other.state == DeliveryState::expired || was_own_device(self_, other.device);
  });
  if (nobody_has_it && message->state == MessageState::sent) {
    message->state = MessageState::failed;
    message->reason = FailureReason::expired;
    TRY(vault_.set_message_state(message->author, id, message->state, message->reason));
  }
  message->reason = FailureReason::expired;
  return add_event(*message, device, now);
}

Result<std::optional<store::MessageRecord>> ProgressBook::own(const MessageId& id) {
  auto message = TRY(vault_.message(self_.profile.device, id));
  if (!message) message = TRY(vault_.find_message(id));
  const bool is_own = message && message->outgoing;
  if (!is_own) message.reset();
  return message;
}

Result<void> ProgressBook::add_event(const store::MessageRecord& message, const DeviceId& device,
                                     UnixMillis now) {
  store::EventRecord event;
  event.kind = store::EventKind::receipt;
  event.at = now;
  event.author = message.author;
  event.message = message.id;
  event.chat = message.chat;
  event.state = message.state;
  event.reason = message.reason;
  event.device = device;
  TRY(vault_.add_event(event));
  return {};
}

}  // namespace martlet::client
