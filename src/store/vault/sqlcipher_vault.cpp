#include "store/vault/sqlcipher_vault.h"

#include "store/vault/database.h"
#include "store/vault/files.h"
#include "store/vault/rows.h"
#include "store/vault/schema.h"

// Opening, transactions, and what is known of people. sqlcipher_vault_messages.cpp has the
// conversations, sqlcipher_vault_queues.cpp what is under way.
namespace martlet::store {
namespace {

/// Makes the file under another name and renames it, so a vault is there entirely or not at all,
/// and a file without anything in it is known to be damaged.
Result<void> create(const std::string& file, Database::Key key, const std::string& vfs) {
  const auto beside = file + ".new";
  for (const auto* suffix : {"", "-wal", "-journal"}) TRY(remove_file(beside + suffix));
  const auto descriptor = TRY(create_private_file(beside));
  {
    const auto database = TRY(Database::open(beside, key, vfs));
    TRY(database->execute("PRAGMA journal_mode=WAL"));
    TRY(migrate(*database, schema_steps()));
  }
  if (TRY(exists(beside + "-wal"))) return Error{Failure::unavailable, "the disk did not take it"};
  TRY(sync_file(descriptor));
  return rename_durably(beside, file);
}

Result<void> take_link(Statement& row, Bytes& link) { return row.take(link); }
Result<void> take_handle(Statement& row, HandleRecord& r) {
  return row.take(r.handle, r.account, r.checked);
}
Result<void> take_contact(Statement& row, ContactRecord& r) {
  return row.take(r.name, r.handle, r.added, r.person);
}
}  // namespace

SqlcipherVault::SqlcipherVault(std::unique_ptr<Database> database)
    : database_{std::move(database)} {}
SqlcipherVault::~SqlcipherVault() = default;

Result<std::unique_ptr<SqlcipherVault>> SqlcipherVault::open(const std::string& file, Key key,
                                                             const SqlcipherOptions& options) {
  if (!TRY(exists(file))) {
    if (TRY(exists(file + "-wal"))) return Error{Failure::corrupt, "the vault's main file is gone"};
    TRY(create(file, key, options.vfs));
  }
  auto database = TRY(Database::open(file, key, options.vfs));
  if (TRY(database->schema_version()) == 0) return Error{Failure::corrupt, "the vault was emptied"};
  TRY(migrate(*database, schema_steps()));
  return std::unique_ptr<SqlcipherVault>{new SqlcipherVault{std::move(database)}};
}

Result<void> SqlcipherVault::transact(const std::function<Result<void>()>& work) {
  if (in_transaction_) return Error{Failure::refused, "transactions do not nest"};
  TRY(database_->begin());
  in_transaction_ = true;
  const auto done = work();
  in_transaction_ = false;
  if (done.ok()) return database_->commit();
  database_->rollback();
  return done;
}

Result<Statement> SqlcipherVault::prepare_read(Literal sql) { return database_->prepare(sql); }

Result<Statement> SqlcipherVault::prepare_write(Literal sql) {
  if (!in_transaction_) return Error{Failure::refused, "written outside a transaction"};
  // SQLite may have ended the transaction by itself: what followed would be one of its own.
  TRY(database_->healthy());
  return database_->prepare(sql);
}

// --- who I am ---

Result<std::optional<ProfileRecord>> SqlcipherVault::profile() {
  auto found = TRY(first_row<ProfileRecord>(
      read("SELECT host, port, fingerprint, token, handle, name, device_name, account, device, "
           "enrolled, admin, signing_key, classic_key, created, recovery FROM profile"),
      [](Statement& row, ProfileRecord& r) {
        return row.take(r.server.host, r.server.port, r.server.fingerprint, r.token, r.handle,
                        r.name, r.device_name, r.account, r.device, r.enrolled, r.admin,
                        r.signing_key, r.classic_key, r.created, r.recovery);
      }));
  if (found) {
    found->links =
        TRY(all_rows<Bytes>(read("SELECT link FROM profile_links ORDER BY position"), take_link));
  }
  return found;
}

Result<void> SqlcipherVault::put_profile(const ProfileRecord& r) {
  TRY(write(
      "INSERT OR REPLACE INTO profile(id, host, port, fingerprint, token, handle, name, "
      "device_name, account, device, enrolled, admin, signing_key, classic_key, created, recovery) "
      "VALUES(1,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      r.server.host, r.server.port, r.server.fingerprint, r.token, r.handle, r.name, r.device_name,
      r.account, r.device, r.enrolled, r.admin, r.signing_key, r.classic_key, r.created,
      r.recovery));
  TRY(write("DELETE FROM profile_links"));
  for (std::size_t position = 0; position < r.links.size(); ++position) {
    TRY(write("INSERT INTO profile_links(position, link) VALUES(?,?)", position,
              r.links[position]));
  }
  return {};
}

Result<void> SqlcipherVault::put_device_name(const DeviceNameRecord& r) {
  return write("INSERT OR REPLACE INTO device_names(device, name, platform, at) VALUES(?,?,?,?)",
               r.device, r.name, r.platform, r.at);
}

Result<std::vector<DeviceNameRecord>> SqlcipherVault::device_names() {
  return all_rows<DeviceNameRecord>(
      read("SELECT device, name, platform, at FROM device_names ORDER BY device"),
      [](Statement& row, DeviceNameRecord& r) {
        return row.take(r.device, r.name, r.platform, r.at);
      });
}

// --- what I believe of others ---

Result<std::optional<ChainRecord>> SqlcipherVault::chain(const AccountId& account) {
  auto found = TRY(first_row<ChainRecord>(
      read("SELECT account, checked FROM chains WHERE account = ?", account),
      [](Statement& row, ChainRecord& r) { return row.take(r.account, r.checked); }));
  if (found) {
    found->links = TRY(all_rows<Bytes>(
        read("SELECT link FROM chain_links WHERE account = ? ORDER BY position", account),
        take_link));
  }
  return found;
}

Result<void> SqlcipherVault::put_chain(const ChainRecord& chain) {
  TRY(write("INSERT OR REPLACE INTO chains(account, checked) VALUES(?,?)", chain.account,
            chain.checked));
  TRY(write("DELETE FROM chain_links WHERE account = ?", chain.account));
  for (std::size_t position = 0; position < chain.links.size(); ++position) {
    TRY(write("INSERT INTO chain_links(account, position, link) VALUES(?,?,?)", chain.account,
              position, chain.links[position]));
  }
  return {};
}

Result<std::optional<HandleRecord>> SqlcipherVault::handle(const std::string& handle) {
  return first_row<HandleRecord>(
      read("SELECT handle, account, checked FROM handles WHERE handle = ?", handle), take_handle);
}

Result<void> SqlcipherVault::put_handle(const HandleRecord& record) {
  return write("INSERT OR REPLACE INTO handles(handle, account, checked) VALUES(?,?,?)",
               record.handle, record.account, record.checked);
}

Result<std::vector<HandleRecord>> SqlcipherVault::handles_of(const AccountId& account) {
  return all_rows<HandleRecord>(
      read("SELECT handle, account, checked FROM handles WHERE account = ? ORDER BY handle",
           account),
      take_handle);
}

// --- contacts ---

Result<void> SqlcipherVault::put_contact(const ContactRecord& contact) {
  return write("INSERT OR REPLACE INTO contacts(name, handle, added, person) VALUES(?,?,?,?)",
               contact.name, contact.handle, contact.added, contact.person);
}

Result<std::vector<ContactRecord>> SqlcipherVault::contacts() {
  return all_rows<ContactRecord>(
      read("SELECT name, handle, added, person FROM contacts ORDER BY name, handle"), take_contact);
}

Result<std::optional<ContactRecord>> SqlcipherVault::contact_of_handle(const std::string& handle) {
  return first_row<ContactRecord>(
      read("SELECT name, handle, added, person FROM contacts WHERE handle = ?", handle),
      take_contact);
}

}  // namespace martlet::store
