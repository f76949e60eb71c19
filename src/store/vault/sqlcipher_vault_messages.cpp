#include <algorithm>

#include "store/vault/database.h"
#include "store/vault/known_enums.h"
#include "store/vault/rows.h"
#include "store/vault/sqlcipher_vault.h"

// The conversations. Queries find the numbers of messages in an index, numbered() loads them.
namespace martlet::store {

Result<std::optional<MessageRecord>> SqlcipherVault::numbered(std::int64_t number) {
  return first_row<MessageRecord>(
      read("SELECT number, id, author, author_account, outgoing, chat, peer, peer_handle, "
           "sender_name, sent, stored, reply_to, needs_newer, state, reason, read, text "
           "FROM messages WHERE number = ?",
           number),
      [](Statement& row, MessageRecord& r) {
        return row.take(r.order, r.id, r.author, r.author_account, r.outgoing, r.chat, r.peer,
                        r.peer_handle, r.sender_name, r.sent, r.stored, r.reply_to, r.needs_newer,
                        r.state, r.reason, r.read, r.text);
      });
}

Result<std::vector<MessageRecord>> SqlcipherVault::all_numbered(Result<Statement> query) {
  const auto numbers = TRY(all_rows<std::int64_t>(
      std::move(query), [](Statement& row, std::int64_t& number) { return row.take(number); }));
  std::vector<MessageRecord> messages;
  messages.reserve(numbers.size());
  for (const auto number : numbers) {
    auto message = TRY(numbered(number));
    if (!message) return Error{Failure::corrupt, "the vault's index names a missing message"};
    messages.push_back(std::move(*message));
  }
  return messages;
}

Result<bool> SqlcipherVault::add_message(const MessageRecord& m) {
  // Not INSERT OR IGNORE: it uses up a number for a message that is there already.
  if (TRY(number_of(m.author, m.id))) return false;
  TRY(write(
      "INSERT INTO messages(id, author, author_account, outgoing, chat, peer, peer_handle, "
      "sender_name, sent, stored, reply_to, needs_newer, state, reason, read, text) "
      "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      m.id, m.author, m.author_account, m.outgoing, m.chat, m.peer, m.peer_handle, m.sender_name,
      m.sent, m.stored, m.reply_to, m.needs_newer, m.state, m.reason, m.read, m.text));
  return true;
}

Result<std::optional<std::int64_t>> SqlcipherVault::number_of(const DeviceId& author,
                                                              const MessageId& id) {
  return single<std::optional<std::int64_t>>(
      read("SELECT number FROM messages WHERE id = ? AND author = ?", id, author), std::nullopt);
}

Result<std::optional<MessageRecord>> SqlcipherVault::message(const DeviceId& author,
                                                             const MessageId& id) {
  const auto number = TRY(number_of(author, id));
  if (!number) return std::optional<MessageRecord>{};
  return numbered(*number);
}

Result<std::optional<MessageRecord>> SqlcipherVault::find_message(const MessageId& id) {
  const auto number = TRY(single<std::optional<std::int64_t>>(
      read("SELECT max(number) FROM messages WHERE id = ?", id), std::nullopt));
  if (!number) return std::optional<MessageRecord>{};
  return numbered(*number);
}

Result<void> SqlcipherVault::require_changed_row() const {
  if (database_->changed_rows() == 0) return Error{Failure::not_found, "no such message"};
  return {};
}

Result<void> SqlcipherVault::set_message_state(const DeviceId& author, const MessageId& id,
                                               MessageState state, FailureReason reason) {
  TRY(write("UPDATE messages SET state = ?, reason = ? WHERE id = ? AND author = ?", state, reason,
            id, author));
  return require_changed_row();
}

Result<void> SqlcipherVault::place_message(const DeviceId& author, const MessageId& id,
                                           const ChatId& chat, const AccountId& peer) {
  TRY(write("UPDATE messages SET chat = ?, peer = ? WHERE id = ? AND author = ?", chat, peer, id,
            author));
  return require_changed_row();
}

Result<std::vector<MessageRecord>> SqlcipherVault::history(const ChatId& chat, std::uint64_t before,
                                                           std::size_t limit) {
  const auto end = clamped(before == 0 ? std::numeric_limits<std::uint64_t>::max() : before);
  auto page = TRY(all_numbered(
      read("SELECT number FROM messages WHERE chat = ? AND number < ? ORDER BY number DESC LIMIT ?",
           chat, end, clamped(limit))));
  std::ranges::reverse(page);
  return page;
}

Result<ChatRecord> SqlcipherVault::chat_of(const ChatId& chat) {
  ChatRecord record;
  record.chat = chat;
  auto newest = TRY(history(chat, 0, 1));
  if (newest.empty()) return Error{Failure::corrupt, "the vault's index names a missing chat"};
  record.last = std::move(newest.front());
  record.peer = record.last.peer;
  record.unread =
      TRY(single<std::uint64_t>(read("SELECT count(*) FROM messages INDEXED BY messages_unread "
                                     "WHERE chat = ? AND outgoing = 0 AND read = 0",
                                     chat),
                                0));
  const auto typed = TRY(first_row<std::string>(
      read("SELECT peer_handle FROM messages WHERE chat = ? AND outgoing = 1 "
           "ORDER BY number DESC LIMIT 1",
           chat),
      [](Statement& row, std::string& handle) { return row.take(handle); }));
  TRY(first_row<ChatRecord>(
      read("SELECT peer_handle, sender_name FROM messages WHERE chat = ? AND outgoing = 0 "
           "ORDER BY number DESC LIMIT 1",
           chat),
      [&](Statement& row, ChatRecord&) { return row.take(record.peer_handle, record.peer_name); }));
  if (typed) record.peer_handle = *typed;
  return record;
}

Result<std::vector<ChatRecord>> SqlcipherVault::chats() {
  std::vector<ChatRecord> all;
  ChatId chat;  // zero: messages that have only a handle yet, in no chat
  while (true) {
    // From one chat to the next by the index, however many messages are between them.
    const auto next = TRY(single<std::optional<ChatId>>(
        read("SELECT min(chat) FROM messages WHERE chat > ?", chat), std::nullopt));
    if (!next) break;
    chat = *next;
    all.push_back(TRY(chat_of(chat)));
  }
  std::ranges::sort(all, std::greater{}, [](const auto& record) { return record.last.order; });
  return all;
}

Result<std::vector<MessageRecord>> SqlcipherVault::unread(const ChatId& chat) {
  return all_numbered(
      read("SELECT number FROM messages INDEXED BY messages_unread "
           "WHERE chat = ? AND outgoing = 0 AND read = 0 ORDER BY number",
           chat));
}

Result<void> SqlcipherVault::mark_read(const ChatId& chat, std::uint64_t up_to_order) {
  return write(
      "UPDATE messages INDEXED BY messages_unread SET read = 1 "
      "WHERE chat = ? AND outgoing = 0 AND read = 0 AND number <= ?",
      chat, clamped(up_to_order));
}

}  // namespace martlet::store
