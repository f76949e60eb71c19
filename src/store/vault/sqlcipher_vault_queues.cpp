#include "store/vault/database.h"
#include "store/vault/known_enums.h"
#include "store/vault/rows.h"
#include "store/vault/sqlcipher_vault.h"

// What is under way: outbox, delivery states, duplicates, events.
namespace martlet::store {

// --- outbox ---

Result<void> SqlcipherVault::put_outbox(const OutboxRecord& r) {
  // Not INSERT OR REPLACE: the place must stay.
  TRY(
      write("UPDATE outbox SET kind = ?, recipient_handle = ?, recipient = ?, content = ?, "
            "created = ?, attempts = ?, device = ? WHERE message = ?",
            r.kind, r.recipient_handle, r.recipient, r.content, r.created, r.attempts, r.device,
            r.message));
  if (database_->changed_rows() > 0) return {};
  return write(
      "INSERT INTO outbox(kind, recipient_handle, recipient, content, created, attempts, device, "
      "message) VALUES(?,?,?,?,?,?,?,?)",
      r.kind, r.recipient_handle, r.recipient, r.content, r.created, r.attempts, r.device,
      r.message);
}

Result<void> SqlcipherVault::remove_outbox(const MessageId& message) {
  return write("DELETE FROM outbox WHERE message = ?", message);
}

Result<std::vector<OutboxRecord>> SqlcipherVault::outbox() {
  return all_rows<OutboxRecord>(
      read("SELECT message, kind, recipient_handle, recipient, content, created, attempts, device "
           "FROM outbox ORDER BY place"),
      [](Statement& row, OutboxRecord& r) {
        return row.take(r.message, r.kind, r.recipient_handle, r.recipient, r.content, r.created,
                        r.attempts, r.device);
      });
}

Result<std::uint64_t> SqlcipherVault::outbox_size() {
  return single<std::uint64_t>(read("SELECT count(*) FROM outbox"), 0);
}

// --- delivery states ---

Result<void> SqlcipherVault::put_delivery(const DeliveryRecord& delivery) {
  return write("INSERT OR REPLACE INTO deliveries(message, device, state, changed) VALUES(?,?,?,?)",
               delivery.message, delivery.device, delivery.state, delivery.changed);
}

Result<std::vector<DeliveryRecord>> SqlcipherVault::deliveries(const MessageId& message) {
  return all_rows<DeliveryRecord>(
      read("SELECT message, device, state, changed FROM deliveries WHERE message = ? "
           "ORDER BY device",
           message),
      [](Statement& row, DeliveryRecord& r) {
        return row.take(r.message, r.device, r.state, r.changed);
      });
}

// --- duplicates ---

Result<bool> SqlcipherVault::mark_seen(const DeviceId& author, const MessageId& id,
                                       UnixMillis now) {
  TRY(write("INSERT OR IGNORE INTO seen(author, id, at) VALUES(?,?,?)", author, id, now));
  return database_->changed_rows() > 0;
}

Result<bool> SqlcipherVault::is_seen(const DeviceId& author, const MessageId& id) {
  const auto rows = TRY(single<std::uint64_t>(
      read("SELECT count(*) FROM seen WHERE author = ? AND id = ?", author, id), 0));
  return rows > 0;
}

Result<void> SqlcipherVault::forget_seen(UnixMillis time) {
  return write("DELETE FROM seen WHERE at < ?", time);
}

// --- events ---

Result<Cursor> SqlcipherVault::add_event(const EventRecord& r) {
  TRY(
      write("INSERT INTO events(kind, at, author, message, chat, state, reason, device, text) "
            "VALUES(?,?,?,?,?,?,?,?,?)",
            r.kind, r.at, r.author, r.message, r.chat, r.state, r.reason, r.device, r.text));
  return static_cast<Cursor>(database_->last_row());
}

Result<std::vector<EventRecord>> SqlcipherVault::events(Cursor after, std::size_t limit) {
  return all_rows<EventRecord>(
      read("SELECT cursor, kind, at, author, message, chat, state, reason, device, text "
           "FROM events WHERE cursor > ? ORDER BY cursor LIMIT ?",
           clamped(after), clamped(limit)),
      [](Statement& row, EventRecord& r) {
        return row.take(r.cursor, r.kind, r.at, r.author, r.message, r.chat, r.state, r.reason,
                        r.device, r.text);
      });
}

Result<Cursor> SqlcipherVault::consumed(const std::string& consumer) {
  return single<Cursor>(read("SELECT cursor FROM consumers WHERE name = ?", consumer), 0);
}

Result<void> SqlcipherVault::set_consumed(const std::string& consumer, Cursor cursor) {
  return write("INSERT OR REPLACE INTO consumers(name, cursor) VALUES(?,?)", consumer, cursor);
}

}  // namespace martlet::store
