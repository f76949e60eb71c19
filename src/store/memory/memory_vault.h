#pragma once

#include <memory>

#include "store/vault.h"
#include "store/write_fault.h"

namespace martlet::store {

struct MemoryVaultTables;

/// What outlives a MemoryVault: its disk. To kill a client, destroy its vault and open another one
/// on the same disk.
class MemoryVaultDisk {
 public:
  MemoryVaultDisk();
  ~MemoryVaultDisk();
  MemoryVaultDisk(const MemoryVaultDisk&) = delete;
  MemoryVaultDisk& operator=(const MemoryVaultDisk&) = delete;
  /// Becomes what a copy of `other`'s file would be. No vault may be open on this disk, and no
  /// transaction under way on the other.
  void copy_from(const MemoryVaultDisk& other);

 private:
  friend class MemoryVault;
  std::unique_ptr<MemoryVaultTables> tables_;
};

/// The vault of tests and simulations. A transaction costs what it changes, not what is stored.
class MemoryVault final : public Vault {
 public:
  /// `disk` outlives the vault; one vault at a time. `fault` is asked at each commit that changes
  /// something. After `written` this vault shows the state before, as after `lost`; the change is
  /// there for the next vault on the disk, unless this one commits something else in between.
  explicit MemoryVault(MemoryVaultDisk& disk, FaultHook fault = {});
  ~MemoryVault() override;

  Result<void> transact(const std::function<Result<void>()>& work) override;

  Result<std::optional<ProfileRecord>> profile() override;
  Result<void> put_profile(const ProfileRecord& profile) override;
  Result<void> put_device_name(const DeviceNameRecord& name) override;
  Result<std::vector<DeviceNameRecord>> device_names() override;

  Result<std::optional<ChainRecord>> chain(const AccountId& account) override;
  Result<void> put_chain(const ChainRecord& chain) override;
  Result<std::optional<HandleRecord>> handle(const std::string& handle) override;
  Result<void> put_handle(const HandleRecord& record) override;
  Result<std::vector<HandleRecord>> handles_of(const AccountId& account) override;

  Result<void> put_contact(const ContactRecord& contact) override;
  Result<std::vector<ContactRecord>> contacts() override;
  Result<std::optional<ContactRecord>> contact_of_handle(const std::string& handle) override;

  Result<bool> add_message(const MessageRecord& message) override;
  Result<std::optional<MessageRecord>> message(const DeviceId& author,
                                               const MessageId& id) override;
  Result<std::optional<MessageRecord>> find_message(const MessageId& id) override;
  Result<void> set_message_state(const DeviceId& author, const MessageId& id, MessageState state,
                                 FailureReason reason) override;
  Result<void> place_message(const DeviceId& author, const MessageId& id, const ChatId& chat,
                             const AccountId& peer) override;
  Result<std::vector<MessageRecord>> history(const ChatId& chat, std::uint64_t before,
                                             std::size_t limit) override;
  Result<std::vector<ChatRecord>> chats() override;
  Result<std::vector<MessageRecord>> unread(const ChatId& chat) override;
  Result<void> mark_read(const ChatId& chat, std::uint64_t up_to_order) override;

  Result<void> put_outbox(const OutboxRecord& item) override;
  Result<void> remove_outbox(const MessageId& message) override;
  Result<std::vector<OutboxRecord>> outbox() override;
  Result<std::uint64_t> outbox_size() override;

  Result<void> put_delivery(const DeliveryRecord& delivery) override;
  Result<std::vector<DeliveryRecord>> deliveries(const MessageId& message) override;

  Result<bool> mark_seen(const DeviceId& author, const MessageId& id, UnixMillis now) override;
  Result<void> forget_seen(UnixMillis time) override;

  Result<Cursor> add_event(const EventRecord& event) override;
  Result<std::vector<EventRecord>> events(Cursor after, std::size_t limit) override;
  Result<Cursor> consumed(const std::string& consumer) override;
  Result<void> set_consumed(const std::string& consumer, Cursor cursor) override;

  Result<void> put_kept(const KeptRecord& kept, std::span<const DeviceId> targets) override;
  Result<std::optional<KeptRecord>> kept(const MessageId& message) override;
  Result<std::vector<KeptTarget>> kept_targets(const MessageId& message) override;
  Result<void> set_kept_requests(const MessageId& message, const DeviceId& device,
                                 std::uint32_t requests) override;
  Result<void> drop_kept(const MessageId& message, const DeviceId& device) override;
  Result<void> trim_kept(UnixMillis time, std::size_t unanswered_max) override;
  Result<std::uint64_t> kept_size() override;
  Result<void> put_unopened(const UnopenedRecord& record) override;
  Result<void> remove_unopened(const DeviceId& sender, const MessageId& message) override;
  Result<std::vector<UnopenedRecord>> unopened() override;
  Result<bool> is_seen(const DeviceId& author, const MessageId& id) override;
  Result<std::optional<Bytes>> note(const std::string& name) override;
  Result<void> put_note(const std::string& name, const Bytes& value) override;

 private:
  Result<void> writing() const;
  ChatRecord chat_of(const ChatId& chat) const;

  MemoryVaultTables& tables_;
  FaultHook fault_;
  bool in_transaction_ = false;
};

}  // namespace martlet::store
