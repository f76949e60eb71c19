#pragma once

#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "client/connection.h"
#include "client/own_chain.h"
#include "client/peers.h"
#include "client/progress.h"
#include "wire/content.h"

namespace martlet::client {

/// What must still go out. Everything in it is in the vault first and leaves it only when the
/// server has accepted it or refused it for good; an answer that got lost is asked for again under
/// the same message id, which costs nothing (spec/delivery.md, "Sending").
///
/// Each recipient has a lane of its own with at most one Send in flight, so that messages to one
/// account stay in order whatever the server answers.
class Outbox {
 public:
  /// All outlive the outbox.
  Outbox(store::Vault& vault, Connection& connection, Peers& peers, ProgressBook& progress,
         OwnChain& own, const Self& self, Random& random);

  /// What an earlier run left.
  Result<void> load();
  /// Takes over an item that is in the vault already, new or grown.
  void add(store::OutboxRecord record);
  /// Writes a receipt for `messages` (1 to kReceiptMessagesMax) of `peer`, or lets one that has not
  /// left yet grow. Inside a transaction; once it has committed, add() the result.
  Result<store::OutboxRecord> write_receipt(const AccountId& peer, wire::ReceiptState state,
                                            std::span<const MessageId> messages, UnixMillis now);
  /// Tells those of the kChatsToldMax newest chats that the own chain has grown.
  Result<void> tell_of_devices(UnixMillis now);
  /// Notes what a device of the own account is called and tells the own other devices.
  Result<void> tell_name(const wire::DeviceName& name, UnixMillis now);
  /// The same for this device and the name that it has. Not `again`: only if nobody noted it yet.
  Result<void> tell_own_name(bool again, UnixMillis now);
  static constexpr std::size_t kChatsToldMax = 256;
  /// Writes a request to `device` of `account` to seal `message` again. Likewise.
  Result<store::OutboxRecord> write_request(const AccountId& account, const DeviceId& device,
                                            const MessageId& message, UnixMillis now);
  /// Writes a content that was sent before, to be sealed as it is for `device` of `account` only.
  /// Dropped if the device is not in the account's chain any more. Likewise.
  Result<store::OutboxRecord> write_again(const AccountId& account, const DeviceId& device,
                                          Bytes content, UnixMillis now);
  /// `device` of `account` asks for `message` again, which the server has delivered and not
  /// accepted yet: it is kept for the device from now on. Inside a transaction; nothing such waits:
  /// no error.
  Result<void> keep_for(const AccountId& account, const DeviceId& device, const MessageId& message,
                        UnixMillis now);
  /// Whether `message` was not accepted yet; of what is sealed again it was.
  bool waits(const MessageId& message) const;
  /// Message ids that wait for the account behind `handle`, oldest first.
  std::vector<MessageId> waiting_for(const std::string& handle) const;

  /// The answer to a Send of ours. False: it was not.
  Result<bool> on_answer(const wire::Frame& frame, UnixMillis now);
  void on_disconnected();
  void on_clock_set_back();
  Result<void> pump(UnixMillis now);
  UnixMillis wake_at() const;
  bool empty() const { return lanes_.empty(); }

 private:
  /// From this device to `peer`, of no kind yet.
  wire::Content blank(const AccountId& peer, UnixMillis now);
  struct Recipient {  ///< the handle only while the account is not known
    AccountId account;
    std::string handle;
    auto operator<=>(const Recipient&) const = default;
  };
  struct Item {
    store::OutboxRecord record;
    std::uint64_t order = 0;  ///< in which they came, over all lanes
    bool may_grow = false;    ///< a receipt of this run that was never sent
  };
  struct Lane {
    std::deque<Item> items;
    std::uint64_t request = 0;      ///< of the first item's Send; 0: not in flight
    std::vector<DeviceId> targets;  ///< of that Send
    MessageId sent_as;              ///< its message id
    Bytes content;                  ///< and what was sealed
    UnixMillis not_before{};
    unsigned rounds = 0;  ///< how often the first item was answered "look again"
  };

  Result<void> pump_lane(const Recipient& recipient, const LinkId& own_head, UnixMillis now);
  Result<Finding> find(const Item& item, UnixMillis now);
  Result<void> place(Lane& lane, const Peer& peer, UnixMillis now);
  Result<void> send_first(Lane& lane, const Recipient& recipient, const Peer& peer,
                          const LinkId& own_head, UnixMillis now);
  /// Seals for the devices of `peer` other than this one, or for `only`. False: too large.
  bool seal_for(const Peer& peer, ByteView content, const DeviceId& only, wire::Send& send);
  Result<void> accept_first(Lane& lane, UnixMillis now);
  Result<void> keep_first(const Lane& lane, UnixMillis now);
  const store::OutboxRecord* find_waiting(const AccountId& account, const MessageId& message) const;
  Result<void> fail_first(Lane& lane, store::FailureReason reason, UnixMillis now,
                          const std::string& alert = {});
  Result<void> on_refusal(Lane& lane, const Recipient& recipient, const wire::Refusal& refusal,
                          UnixMillis now);
  void look_again(Lane& lane, std::span<const AccountId> accounts, UnixMillis now);
  Item* growing_receipt(const AccountId& peer, wire::ReceiptState state, std::size_t more);
  static Recipient recipient_of(const store::OutboxRecord& record);

  store::Vault& vault_;
  Connection& connection_;
  Peers& peers_;
  ProgressBook& progress_;
  OwnChain& own_;
  const Self& self_;
  Random& random_;
  std::map<Recipient, Lane> lanes_;  ///< none is empty
  std::uint64_t next_order_ = 1;
  UnixMillis limited_until_{};  ///< the account has sent its allowance
  std::map<std::uint64_t, Recipient> in_flight_;
};

}  // namespace martlet::client
