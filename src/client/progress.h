#pragma once

#include <span>

#include "client/self.h"
#include "store/vault.h"
#include "wire/content.h"

namespace martlet::client {

/// How far own messages have come: their state, a row for each target device, and an event for
/// each change. Contents are no longer kept for a device that confirmed or that it expired at.
/// States only go up (spec/delivery.md). All methods are called inside a transaction, and skip
/// message ids that are not ours (receipts have ids too, but no history).
class ProgressBook {
 public:
  ProgressBook(store::Vault& vault, const Self& self) : vault_{vault}, self_{self} {}

  Result<void> on_accepted(const MessageId& id, std::span<const DeviceId> targets, UnixMillis now);
  Result<void> on_failed(const MessageId& id, store::FailureReason reason, UnixMillis now);
  /// `device` of `peer` says that it has the messages. Ids of messages to others are skipped.
  Result<void> on_receipt(const AccountId& peer, const DeviceId& device,
                          const wire::Receipt& receipt, UnixMillis now);
  /// The state of a message written on another own device, whose copy comes only now: what the
  /// devices of its recipient have confirmed already.
  Result<store::MessageState> state_before_copy(const MessageId& id,
                                                const transparency::AccountChain& peer);
  /// An envelope expired unread. The message fails when no device at all got it.
  Result<void> on_expired(const MessageId& id, const DeviceId& device, UnixMillis now);

 private:
  static constexpr std::size_t kEarlyRowsMax = 4'096;
  Result<void> on_own_receipt(const DeviceId& device, const wire::Receipt& receipt, UnixMillis now);
  Result<std::optional<store::MessageRecord>> own(const MessageId& id);
  Result<void> add_event(const store::MessageRecord& message, const DeviceId& device,
                         UnixMillis now);

  store::Vault& vault_;
  const Self& self_;
  std::size_t early_rows_ = 0;  ///< of this run, for messages that are not here (yet)
};

}  // namespace martlet::client
