#include "store/vault/schema.h"

#include <array>

namespace martlet::store {
namespace {

// Ids and keys are blobs, times are UTC milliseconds, flags 0 or 1. Rows of messages have their
// text last: what lists look at fits the first page of a row. An index holds the row's number too,
// so (chat) lists a chat in its order.
constexpr Literal kVersion1 = R"sql(
CREATE TABLE profile(
  id INTEGER PRIMARY KEY CHECK(id = 1), host TEXT NOT NULL, port INTEGER NOT NULL, fingerprint BLOB,
  token TEXT NOT NULL, handle TEXT NOT NULL, name TEXT NOT NULL, device_name TEXT NOT NULL,
  account BLOB NOT NULL, device BLOB NOT NULL, enrolled INTEGER NOT NULL, admin INTEGER NOT NULL,
  signing_key BLOB NOT NULL, classic_key BLOB NOT NULL, created INTEGER NOT NULL);
CREATE TABLE profile_links(position INTEGER PRIMARY KEY, link BLOB NOT NULL);

CREATE TABLE chains(account BLOB PRIMARY KEY NOT NULL, checked INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE chain_links(account BLOB NOT NULL, position INTEGER NOT NULL, link BLOB NOT NULL,
  PRIMARY KEY(account, position));
CREATE TABLE handles(handle TEXT PRIMARY KEY NOT NULL, account BLOB NOT NULL,
  checked INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX handles_by_account ON handles(account);
CREATE TABLE contacts(handle TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL,
  added INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE messages(
  number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL, author BLOB NOT NULL,
  author_account BLOB NOT NULL, outgoing INTEGER NOT NULL, chat BLOB NOT NULL, peer BLOB NOT NULL,
  peer_handle TEXT NOT NULL, sender_name TEXT NOT NULL, sent INTEGER NOT NULL,
  stored INTEGER NOT NULL, reply_to BLOB, needs_newer INTEGER NOT NULL, state INTEGER NOT NULL,
  reason INTEGER NOT NULL, read INTEGER NOT NULL, text TEXT NOT NULL, UNIQUE(id, author));
CREATE INDEX messages_by_chat ON messages(chat);
CREATE INDEX messages_by_side ON messages(chat, outgoing);
CREATE INDEX messages_unread ON messages(chat, outgoing, read) WHERE outgoing = 0 AND read = 0;

CREATE TABLE outbox(
  place INTEGER PRIMARY KEY AUTOINCREMENT, message BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL,
  recipient_handle TEXT NOT NULL, recipient BLOB NOT NULL, created INTEGER NOT NULL,
  attempts INTEGER NOT NULL, content BLOB NOT NULL);
CREATE TABLE deliveries(message BLOB NOT NULL, device BLOB NOT NULL, state INTEGER NOT NULL,
  changed INTEGER NOT NULL, PRIMARY KEY(message, device)) WITHOUT ROWID;
CREATE TABLE seen(author BLOB NOT NULL, id BLOB NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(author, id)) WITHOUT ROWID;
CREATE INDEX seen_by_time ON seen(at);

CREATE TABLE events(
  cursor INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, at INTEGER NOT NULL,
  author BLOB NOT NULL, message BLOB NOT NULL, chat BLOB NOT NULL, state INTEGER NOT NULL,
  reason INTEGER NOT NULL, device BLOB NOT NULL, text TEXT NOT NULL);
CREATE TABLE consumers(name TEXT PRIMARY KEY NOT NULL, cursor INTEGER NOT NULL) WITHOUT ROWID;

PRAGMA user_version = 1;
)sql";

// What was sent stays until each device has opened it; what did not open is asked for again.
constexpr Literal kResealing = R"sql(
ALTER TABLE outbox ADD COLUMN device BLOB NOT NULL
  DEFAULT x'0000000000000000000000000000000000000000000000000000000000000000';
CREATE TABLE kept(
  place INTEGER PRIMARY KEY AUTOINCREMENT, message BLOB NOT NULL UNIQUE, recipient BLOB NOT NULL,
  answered INTEGER NOT NULL, since INTEGER NOT NULL, content BLOB NOT NULL);
CREATE INDEX kept_by_time ON kept(since);
CREATE INDEX kept_unanswered ON kept(answered, place) WHERE answered = 0;
CREATE TABLE kept_targets(message BLOB NOT NULL, device BLOB NOT NULL, requests INTEGER NOT NULL,
  PRIMARY KEY(message, device)) WITHOUT ROWID;
CREATE TABLE unopened(sender BLOB NOT NULL, message BLOB NOT NULL, sender_account BLOB NOT NULL,
  sequence INTEGER NOT NULL, requests INTEGER NOT NULL, since INTEGER NOT NULL,
  PRIMARY KEY(sender, message)) WITHOUT ROWID;
CREATE TABLE notes(name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;

PRAGMA user_version = 2;
)sql";

// What devices call themselves, and what the recovery words stand for.
constexpr Literal kDevices = R"sql(
ALTER TABLE profile ADD COLUMN recovery BLOB NOT NULL DEFAULT x'';
CREATE TABLE device_names(device BLOB PRIMARY KEY NOT NULL, name TEXT NOT NULL,
  platform TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;

PRAGMA user_version = 3;
)sql";

// A contact may have several handles.
constexpr Literal kPersons = R"sql(
ALTER TABLE contacts ADD COLUMN person INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 4;
)sql";

constexpr std::array kSteps{kVersion1, kResealing, kDevices, kPersons};

Result<void> run_steps(Database& database, std::span<const Literal> steps) {
  for (const auto& step : steps) TRY(database.execute(step));
  return {};
}

}  // namespace

std::span<const Literal> schema_steps() { return kSteps; }

Result<void> migrate(Database& database, std::span<const Literal> steps) {
  const int version = TRY(database.schema_version());
  if (version < 0) return Error{Failure::corrupt, "the vault's version makes no sense"};
  const auto known = static_cast<std::size_t>(version);
  if (known > steps.size()) return Error{Failure::refused, "a newer version wrote this vault"};
  if (known == steps.size()) return {};
  TRY(database.begin());
  const auto done = run_steps(database, steps.subspan(known));
  if (!done.ok()) {
    database.rollback();
    return done;
  }
  return database.commit();
}

}  // namespace martlet::store
