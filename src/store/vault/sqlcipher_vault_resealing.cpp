#include "store/vault/database.h"
#include "store/vault/rows.h"
#include "store/vault/sqlcipher_vault.h"

// What was sent and is not opened yet, what came and did not open, and notes.
namespace martlet::store {

// --- kept contents ---

Result<void> SqlcipherVault::put_kept(const KeptRecord& kept, std::span<const DeviceId> targets) {
  if (targets.empty()) return {};
  TRY(
      write("INSERT OR IGNORE INTO kept(message, recipient, answered, since, content) "
            "VALUES(?,?,?,?,?)",
            kept.message, kept.recipient, kept.answered, kept.since, kept.content));
  for (const auto& device : targets) {
    TRY(write("INSERT OR IGNORE INTO kept_targets(message, device, requests) VALUES(?,?,0)",
              kept.message, device));
  }
  return {};
}

Result<std::optional<KeptRecord>> SqlcipherVault::kept(const MessageId& message) {
  return first_row<KeptRecord>(
      read("SELECT message, recipient, answered, since, content FROM kept WHERE message = ?",
           message),
      [](Statement& row, KeptRecord& r) {
        return row.take(r.message, r.recipient, r.answered, r.since, r.content);
      });
}

Result<std::vector<KeptTarget>> SqlcipherVault::kept_targets(const MessageId& message) {
  return all_rows<KeptTarget>(
      read("SELECT device, requests FROM kept_targets WHERE message = ? ORDER BY device", message),
      [](Statement& row, KeptTarget& r) { return row.take(r.device, r.requests); });
}

Result<void> SqlcipherVault::set_kept_requests(const MessageId& message, const DeviceId& device,
                                               std::uint32_t requests) {
  TRY(write("UPDATE kept_targets SET requests = ? WHERE message = ? AND device = ?", requests,
            message, device));
  return require_changed_row();
}

Result<void> SqlcipherVault::drop_kept(const MessageId& message, const DeviceId& device) {
  TRY(write("DELETE FROM kept_targets WHERE message = ? AND device = ?", message, device));
  if (database_->changed_rows() == 0) return {};
  return write(
      "DELETE FROM kept WHERE message = ? AND NOT EXISTS "
      "(SELECT 1 FROM kept_targets WHERE kept_targets.message = kept.message)",
      message);
}

Result<void> SqlcipherVault::trim_kept(UnixMillis time, std::size_t unanswered_max) {
  TRY(write("DELETE FROM kept WHERE since < ?", time));
  const auto expired = database_->changed_rows();
  TRY(
      write("DELETE FROM kept WHERE answered = 0 AND place <= (SELECT place FROM kept "
            "WHERE answered = 0 ORDER BY place DESC LIMIT 1 OFFSET ?)",
            clamped(unanswered_max)));
  if (expired == 0 && database_->changed_rows() == 0) return {};
  return write(
      "DELETE FROM kept_targets WHERE NOT EXISTS "
      "(SELECT 1 FROM kept WHERE kept.message = kept_targets.message)");
}

Result<std::uint64_t> SqlcipherVault::kept_size() {
  return single<std::uint64_t>(read("SELECT count(*) FROM kept"), 0);
}

// --- what did not open ---

Result<void> SqlcipherVault::put_unopened(const UnopenedRecord& r) {
  return write(
      "INSERT OR REPLACE INTO unopened(sender, message, sender_account, sequence, requests, since) "
      "VALUES(?,?,?,?,?,?)",
      r.sender, r.message, r.sender_account, r.sequence, r.requests, r.since);
}

Result<void> SqlcipherVault::remove_unopened(const DeviceId& sender, const MessageId& message) {
  return write("DELETE FROM unopened WHERE sender = ? AND message = ?", sender, message);
}

Result<std::vector<UnopenedRecord>> SqlcipherVault::unopened() {
  return all_rows<UnopenedRecord>(
      read("SELECT sender, message, sender_account, sequence, requests, since FROM unopened "
           "ORDER BY sender, message"),
      [](Statement& row, UnopenedRecord& r) {
        return row.take(r.sender, r.message, r.sender_account, r.sequence, r.requests, r.since);
      });
}

// --- notes ---

Result<std::optional<Bytes>> SqlcipherVault::note(const std::string& name) {
  return first_row<Bytes>(read("SELECT value FROM notes WHERE name = ?", name),
                          [](Statement& row, Bytes& value) { return row.take(value); });
}

Result<void> SqlcipherVault::put_note(const std::string& name, const Bytes& value) {
  return write("INSERT OR REPLACE INTO notes(name, value) VALUES(?,?)", name, value);
}

}  // namespace martlet::store
