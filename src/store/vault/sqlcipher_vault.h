#pragma once

#include <memory>
#include <span>
#include <string>

#include "store/vault.h"
#include "store/vault/statement.h"

namespace martlet::store {

class Database;

struct SqlcipherOptions {
  /// SQLite's name for the file layer below; empty: the system's. Tests put a failing one there.
  std::string vfs;
};

/// The vault of a real client: one encrypted file (spec/vault.md).
class SqlcipherVault final : public Vault {
 public:
  using Key = std::span<const std::uint8_t, 32>;

  /// Opens the vault, or makes a new one, mode 0600, in a folder that exists: entirely or not at
  /// all. Mends by itself what a crash left. Fails with `corrupt` (damaged, emptied, or another
  /// key: the file is left as it is), `in_use` (open elsewhere, in this process or another),
  /// `refused` (a newer program wrote it) or `unavailable`.
  static Result<std::unique_ptr<SqlcipherVault>> open(const std::string& file, Key key,
                                                      const SqlcipherOptions& options = {});
  ~SqlcipherVault() override;

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
  explicit SqlcipherVault(std::unique_ptr<Database> database);
  Result<Statement> prepare_read(Literal sql);
  /// Fails outside a transaction, and in one that has failed already.
  Result<Statement> prepare_write(Literal sql);
  /// A query with its parameters, to be stepped; the values outlive that.
  template <class... Values>
  Result<Statement> read(Literal sql, const Values&... values) {
    auto statement = TRY(prepare_read(sql));
    statement.bind(values...);
    return statement;
  }
  /// Runs a change with its parameters.
  template <class... Values>
  Result<void> write(Literal sql, const Values&... values) {
    auto statement = TRY(prepare_write(sql));
    return statement.bind(values...).run();
  }
  Result<void> require_changed_row() const;
  Result<std::optional<std::int64_t>> number_of(const DeviceId& author, const MessageId& id);
  Result<std::optional<MessageRecord>> numbered(std::int64_t number);
  Result<std::vector<MessageRecord>> all_numbered(Result<Statement> query);
  Result<ChatRecord> chat_of(const ChatId& chat);

  std::unique_ptr<Database> database_;
  bool in_transaction_ = false;
};

}  // namespace martlet::store
