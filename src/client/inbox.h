#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/connection.h"
#include "client/outbox.h"
#include "client/own_chain.h"
#include "client/peers.h"
#include "client/progress.h"
#include "client/resealing.h"
#include "wire/content.h"

namespace martlet::client {

/// What the server delivers: opened, checked, shown once, then acknowledged (spec/delivery.md,
/// "Receiving"). A delivery waits here while its sender's chain or handle is being looked up; those
/// of the same account wait behind it. What is not acknowledged comes again after a reconnect, so
/// nothing here needs to survive.
class Inbox {
 public:
  /// All outlive the inbox.
  Inbox(store::Vault& vault, Connection& connection, Peers& peers, Outbox& outbox,
        ProgressBook& progress, OwnChain& own, Resealing& resealing, const Self& self);

  /// Just logged in; so many envelopes are about to come.
  Result<void> on_online(std::uint64_t waiting, UnixMillis now);
  void on_deliver(wire::Deliver deliver, UnixMillis now);
  Result<void> on_undelivered(const wire::Undelivered& undelivered, UnixMillis now);
  void on_disconnected();
  void on_tick(UnixMillis now);
  /// Handles what can be handled now and acknowledges it. After an error the caller gives the
  /// connection up: what was not acknowledged comes again.
  Result<void> pump(UnixMillis now);
  UnixMillis wake_at() const;
  /// Nothing is held, and nothing that was announced is still to come.
  bool idle() const { return held_.empty() && announced_ == 0; }

 private:
  struct Held {
    wire::Deliver deliver;
    std::optional<wire::Content> content;  ///< once opened and checked
    bool refreshed = false;                ///< the chain was asked for on account of this one
  };
  /// What the user sees as the sender of a message, and what to warn of.
  struct ShownAs {
    std::string handle;
    std::string alert;
  };

  Result<bool> handle(Held& held, UnixMillis now);
  Result<bool> handle_opened(Held& held, const Peer& sender, UnixMillis now);
  Result<const Peer*> sender_of(Held& held, bool& wait, UnixMillis now);
  std::optional<wire::Content> open(const wire::Deliver& deliver,
                                    const protocol::DevicePublicKeys& sender);
  bool is_meant(const wire::Content& content, const wire::Deliver& deliver) const;
  Result<std::optional<ShownAs>> shown_as(const Held& held, const Peer& sender, UnixMillis now);
  Result<void> keep_message(const Held& held, const ShownAs& shown, UnixMillis now);
  Result<void> keep_name(const Held& held, const wire::DeviceName& name, UnixMillis now);
  Result<void> note_change(const Held& held, const Peer& sender, const wire::DevicesChanged& change,
                           UnixMillis now);
  Result<bool> handle_own(Held& held, UnixMillis now);
  Result<void> keep_copy(const Held& held, UnixMillis now);
  Result<void> keep_read_mark(const Held& held, const wire::Receipt& receipt, UnixMillis now);
  Result<void> add_message_event(const store::MessageRecord& message, UnixMillis now);
  Result<void> keep_receipt(const Held& held, const wire::Receipt& receipt, UnixMillis now);
  Result<void> set_aside(const wire::Deliver& deliver, std::string alert, UnixMillis now);
  void done(wire::Sequence sequence, UnixMillis now);

  store::Vault& vault_;
  Connection& connection_;
  Peers& peers_;
  Outbox& outbox_;
  ProgressBook& progress_;
  OwnChain& own_;
  Resealing& resealing_;
  const Self& self_;

  std::deque<Held> held_;  ///< in the order of arrival
  std::vector<wire::Sequence> acknowledgements_;
  std::uint64_t announced_ = 0;
  UnixMillis last_arrival_{};
  std::set<DeviceId> alerted_;  ///< senders that an alert of this run was about
  bool forgot_old_ = false;
};

}  // namespace martlet::client
