#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "server/messages.h"
#include "server/office_meters.h"
#include "store/mailbox_store.h"

namespace martlet::server {

/// Which device is online in which session, what each has been given and not yet acknowledged, and
/// what to give next: in mailbox order, at most kDeliveryWindowEnvelopes and kDeliveryWindowBytes
/// at a time (one envelope always goes). Owned by the office; reads the store, never writes it.
///
/// What is delivered need not be durable yet: who keeps it acknowledges it, and then it never has
/// to be.
class Deliveries {
 public:
  /// All outlive the object. Mailboxes that read as corrupt are added to `health`.
  Deliveries(store::MailboxStore& mailboxes, OfficeHealth& health, OfficeMeters& meters)
      : mailboxes_{mailboxes}, health_{health}, meters_{meters} {}

  /// From now on `device` is served in `session`, from the start of its mailbox. An older session
  /// is told that it is superseded.
  void subscribe(const DeviceId& device, SessionId session, std::vector<OfficeAnswer>& answers);
  /// Does nothing if another session has taken over since.
  void unsubscribe(const DeviceId& device, SessionId session);
  /// The session that serves `device`, if it is online.
  std::optional<SessionId> session_of(const DeviceId& device) const;
  /// Those of `sequences` that were delivered to this session and not acknowledged before. Opens
  /// the window by them.
  std::vector<store::Sequence> acknowledge(const DeviceId& device, SessionId session,
                                           const std::vector<store::Sequence>& sequences);

  /// An item that has just come: delivered from memory if its device has seen all before it and has
  /// room, else left to the store. True: it was delivered.
  bool offer(store::WaitingItem&& item, std::vector<OfficeAnswer>& answers);
  /// Delivers from the store to those who have room, kPumpBytesMax at a time.
  void pump(UnixMillis now, std::vector<OfficeAnswer>& answers);
  /// There is more for pump to do at once.
  bool pending() const { return !due_.empty(); }
  /// Tries those again whose mailbox could not be read.
  void retry_failed();

  std::size_t online() const { return subscriptions_.size(); }

  /// About five milliseconds of a core: what is new waits so long behind those who drain mailboxes.
  static constexpr std::size_t kPumpBytesMax = 512 * 1024;

 private:
  struct Given {
    store::Sequence sequence;
    std::size_t bytes;
  };
  struct Subscription {
    SessionId session;
    store::Sequence delivered = 0;  ///< all up to here has been given to this session
    std::vector<Given> in_flight;   ///< ascending
    std::size_t in_flight_bytes = 0;
    bool backlog = false;  ///< the store may hold more behind `delivered`
    bool due = false;      ///< listed in due_
    bool has_room() const;
  };

  void give(Subscription& subscription, store::WaitingItem&& item,
            std::vector<OfficeAnswer>& answers);
  void mark_due(const DeviceId& device, Subscription& subscription);
  /// Gives back the bytes read.
  std::size_t pump_one(const DeviceId& device, Subscription& subscription, UnixMillis now,
                       std::vector<OfficeAnswer>& answers);

  store::MailboxStore& mailboxes_;
  OfficeHealth& health_;
  OfficeMeters& meters_;
  std::unordered_map<DeviceId, Subscription> subscriptions_;
  std::vector<DeviceId> due_;     ///< have room and backlog
  std::vector<DeviceId> failed_;  ///< could not be read; tried again at the next tick
};

/// Adds a mailbox to those known to be damaged, once.
void note_damage(OfficeHealth& health, const DeviceId& device);
bool is_damaged(const OfficeHealth& health, const DeviceId& device);

}  // namespace martlet::server
