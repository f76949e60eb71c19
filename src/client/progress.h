#pragma once

#include <span>

#include "client/self.h"
#include "store/vault.h"
#include "wire/content.h"

namespace martlet::client {

/// How far own messages have come: their state, a row for each target device, and an event for
/// each change. States only go up (spec/delivery.md). All methods are called inside a transaction,
/// and skip message ids that are not ours (receipts have ids too, but no history).
class ProgressBook {
 public:
  ProgressBook(store::Vault& vault, const Self& self) : vault_{vault}, self_{self} {}

  Result<void> on_accepted(const MessageId& id, std::span<const DeviceId> targets, UnixMillis now);
  Result<void> on_failed(const MessageId& id, store::FailureReason reason, UnixMillis now);
  /// `device` of `peer` says that it has the messages. Ids of messages to others are skipped.
  Result<void> on_receipt(const AccountId& peer, const DeviceId& device,
                          const wire::Receipt& receipt, UnixMillis now);
  /// An envelope expired unread. The message fails when no device at all got it.
  Result<void> on_expired(const MessageId& id, const DeviceId& device, UnixMillis now);

 private:
  Result<std::optional<store::MessageRecord>> own(const MessageId& id);
  Result<void> add_event(const store::MessageRecord& message, const DeviceId& device,
                         UnixMillis now);

  store::Vault& vault_;
  const Self& self_;
};

}  // namespace martlet::client
