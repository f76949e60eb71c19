#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "store/resealing_store.h"
#include "store/vault_records.h"

namespace martlet::store {

/// The client's memory for one account on one machine. Each engine passes vault_contract.h.
/// Owned by one thread. Fails with `unavailable` (disk full or gone: nothing changed) or `corrupt`.
///
/// Writes happen only inside transact: all of it is durable when transact returns ok, none of it
/// when it fails. Reads see the writes of the transaction they are in. A transact inside another
/// and a write outside of one fail with `refused` and change nothing.
class Vault : public ResealingStore {
 public:
  /// Runs `work` and commits if it returned ok; else undoes everything and returns its error.
  /// After `unavailable` the vault shows the state before and may be used on; after a restart the
  /// change may be there nevertheless, entirely (it was written, but the answer was lost).
  virtual Result<void> transact(const std::function<Result<void>()>& work) = 0;

  // --- who I am ---
  virtual Result<std::optional<ProfileRecord>> profile() = 0;
  virtual Result<void> put_profile(const ProfileRecord& profile) = 0;
  virtual Result<void> put_device_name(
      const DeviceNameRecord& name) = 0;  ///< replaces the one of this device
  virtual Result<std::vector<DeviceNameRecord>> device_names() = 0;  ///< by device

  // --- what I believe of others ---
  virtual Result<std::optional<ChainRecord>> chain(const AccountId& account) = 0;
  virtual Result<void> put_chain(const ChainRecord& chain) = 0;
  virtual Result<std::optional<HandleRecord>> handle(const std::string& handle) = 0;
  virtual Result<void> put_handle(const HandleRecord& record) = 0;
  virtual Result<std::vector<HandleRecord>> handles_of(const AccountId& account) = 0;

  // --- contacts ---
  virtual Result<void> put_contact(
      const ContactRecord& contact) = 0;                      ///< replaces the one of this handle
  virtual Result<std::vector<ContactRecord>> contacts() = 0;  ///< by name
  virtual Result<std::optional<ContactRecord>> contact_of_handle(const std::string& handle) = 0;

  // --- conversations ---
  /// Adds a message, or gives back false if one of the same author device and id is there already.
  /// `message.order` is ignored.
  virtual Result<bool> add_message(const MessageRecord& message) = 0;
  virtual Result<std::optional<MessageRecord>> message(const DeviceId& author,
                                                       const MessageId& id) = 0;
  /// Own or received; the newest if two devices chose the same id.
  virtual Result<std::optional<MessageRecord>> find_message(const MessageId& id) = 0;
  /// Fails with `not_found` if the message is not there.
  virtual Result<void> set_message_state(const DeviceId& author, const MessageId& id,
                                         MessageState state, FailureReason reason) = 0;
  /// Puts an own message that had only a handle into its chat, at the place of its order, once the
  /// account is known. Fails with `not_found` if the message is not there.
  virtual Result<void> place_message(const DeviceId& author, const MessageId& id,
                                     const ChatId& chat, const AccountId& peer) = 0;
  /// The newest `limit` messages of a chat older than the local order `before` (0: the newest of
  /// all), oldest first.
  virtual Result<std::vector<MessageRecord>> history(const ChatId& chat, std::uint64_t before,
                                                     std::size_t limit) = 0;
  /// The one with the newest message first; messages without a chat are in none.
  virtual Result<std::vector<ChatRecord>> chats() = 0;
  /// Incoming messages of a chat that are not marked read, oldest first.
  virtual Result<std::vector<MessageRecord>> unread(const ChatId& chat) = 0;
  virtual Result<void> mark_read(const ChatId& chat, std::uint64_t up_to_order) = 0;

  // --- outbox: what must still go out; survives kills ---
  virtual Result<void> put_outbox(
      const OutboxRecord& item) = 0;  ///< replaces the one of this message
  virtual Result<void> remove_outbox(const MessageId& message) = 0;  ///< none there: no error
  virtual Result<std::vector<OutboxRecord>> outbox() = 0;            ///< in the order first put
  virtual Result<std::uint64_t> outbox_size() = 0;

  // --- delivery state of own messages, a row for each target device ---
  virtual Result<void> put_delivery(const DeliveryRecord& delivery) = 0;
  virtual Result<std::vector<DeliveryRecord>> deliveries(const MessageId& message) = 0;

  // --- duplicates and replays ---
  /// Remembers that `id` from `author` was handled. False: it already was.
  virtual Result<bool> mark_seen(const DeviceId& author, const MessageId& id, UnixMillis now) = 0;
  /// Forgets what was seen before `time` (older than any envelope lives).
  virtual Result<void> forget_seen(UnixMillis time) = 0;

  // --- events: a durable stream for each named consumer ---
  virtual Result<Cursor> add_event(const EventRecord& event) = 0;  ///< `event.cursor` is ignored
  virtual Result<std::vector<EventRecord>> events(Cursor after, std::size_t limit) = 0;
  virtual Result<Cursor> consumed(const std::string& consumer) = 0;  ///< 0: nothing yet
  virtual Result<void> set_consumed(const std::string& consumer, Cursor cursor) = 0;
};

}  // namespace martlet::store
