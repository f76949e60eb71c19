#pragma once

#include <map>
#include <utility>

#include "client/outbox.h"
#include "client/self.h"
#include "store/vault.h"
#include "wire/content.h"
#include "wire/frames.h"

namespace martlet::client {

/// What cannot be opened is asked for again, and what others could not open is sealed again
/// (spec/delivery.md section 9). Nothing of it is shown to the user; what in the end could not be
/// opened is counted.
class Resealing {
 public:
  /// Requests for one message that a device makes, and that its sender grants.
  static constexpr std::uint32_t kRequestsMax = 3;
  /// How long a sender keeps a content, and a receiver waits for it.
  static constexpr Milliseconds kWindow = std::chrono::days{30};
  /// Of what nobody answers (receipts, notices, requests) a sender keeps the last so many.
  static constexpr std::size_t kUnansweredMax = 1'024;
  /// Messages of one sending device, and of all, that are waited for: beyond that they are counted
  /// at once. So two devices that can't open a word of each other do not write for ever.
  static constexpr std::size_t kWaitingADeviceMax = 64;
  static constexpr std::size_t kWaitingMax = 1'024;

  /// All outlive the object.
  Resealing(store::Vault& vault, Outbox& outbox, const Self& self)
      : vault_{vault}, outbox_{outbox}, self_{self} {}
  /// What an earlier run waits for.
  Result<void> load();

  /// `deliver`, from a device of the verified chain of its account, did not open: asks for it
  /// again, or counts it.
  Result<void> on_unopened(const wire::Deliver& deliver, UnixMillis now);
  /// The message is handled: it is not waited for any more.
  Result<void> on_opened(const DeviceId& sender, const MessageId& message);
  /// A device asks for what it could not open.
  Result<void> on_request(const wire::Deliver& deliver, const wire::ReSeal& request,
                          UnixMillis now);
  /// Gives up what has been waited for too long, and drops what was kept too long. Call at each
  /// login and about once a day.
  Result<void> upkeep(UnixMillis now);

  /// Messages that in the end could not be opened, over the life of the profile. Has to stay 0.
  Result<std::uint64_t> undecryptable_total();
  std::size_t waiting() const { return waiting_.size(); }

 private:
  using Key = std::pair<DeviceId, MessageId>;  ///< sender, message
  Result<void> count_lost(std::uint64_t messages);
  std::size_t waiting_for(const DeviceId& sender) const;

  store::Vault& vault_;
  Outbox& outbox_;
  const Self& self_;
  std::map<Key, store::UnopenedRecord> waiting_;  ///< as in the vault
};

}  // namespace martlet::client
