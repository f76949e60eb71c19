#pragma once

// What the contract writes into a vault, and how it compares what comes back. For tests only.

#include <initializer_list>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/seeded_random.h"
#include "store/vault.h"

namespace martlet::store::contract {

/// The id whose bytes all are `byte`, so that order and origin are easy to see.
template <class IdType>
IdType id_of(unsigned byte) {
  std::array<std::uint8_t, IdType::kBytes> bytes;
  bytes.fill(static_cast<std::uint8_t>(byte));
  return IdType{bytes};
}
inline AccountId account_id(unsigned byte) { return id_of<AccountId>(byte); }
inline DeviceId device_id(unsigned byte) { return id_of<DeviceId>(byte); }
inline MessageId message_id(unsigned byte) { return id_of<MessageId>(byte); }
inline ChatId chat_id(unsigned byte) { return id_of<ChatId>(byte); }

/// Bytes that look like nothing else; every value of a byte is among them, the zero first.
inline Bytes all_bytes(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return bytes;
}

inline MessageRecord incoming(unsigned id, unsigned chat, std::string text = "hi") {
  MessageRecord message;
  message.id = message_id(id);
  message.author = device_id(chat);
  message.author_account = account_id(chat);
  message.chat = chat_id(chat);
  message.peer = account_id(chat);
  message.peer_handle = "claims@example.org";
  message.sender_name = "Bob";
  message.sent = unix_millis(1'000 + id);
  message.stored = unix_millis(2'000 + id);
  message.text = std::move(text);
  return message;
}
inline MessageRecord outgoing(unsigned id, unsigned chat, std::string text = "hello") {
  auto message = incoming(id, chat, std::move(text));
  message.author = device_id(0xee);
  message.author_account = account_id(0xee);
  message.outgoing = true;
  message.peer_handle = "typed@example.org";
  message.sender_name = "Alice";
  message.state = MessageState::queued;
  return message;
}

inline ProfileRecord sample_profile() {
  ProfileRecord profile;
  profile.server = {"chat.example.org", 65'535, Digest{1, 0, 2}};
  profile.token = "token";
  profile.handle = "alice@chat.example.org";
  profile.name = "Alice Ω \xf0\x9f\x90\xa6";
  profile.device_name = "laptop";
  profile.account = account_id(0xee);
  profile.device = device_id(0xee);
  profile.enrolled = true;
  profile.admin = true;
  profile.signing_key = all_bytes(32);
  profile.classic_key = all_bytes(700);
  profile.links = {all_bytes(500), Bytes{}, all_bytes(1)};
  profile.created = unix_millis(1'700'000'000'123);
  profile.recovery = all_bytes(32);
  return profile;
}

inline EventRecord sample_event(unsigned byte) {
  EventRecord event;
  event.cursor = 999;  // to be ignored
  event.kind = EventKind::receipt;
  event.at = unix_millis(5'000 + byte);
  event.author = device_id(byte);
  event.message = message_id(byte);
  event.chat = chat_id(byte);
  event.state = MessageState::delivered;
  event.reason = FailureReason::expired;
  event.device = device_id(byte + 1);
  event.text = "alert";
  return event;
}

/// One transaction of the fault tests: touches several tables, so that a half would show.
inline Result<void> step(Vault& vault, unsigned number) {
  TRY(vault.add_message(incoming(number, 1 + number % 3, std::string(number * 700, 'm'))));
  TRY(vault.put_outbox(
      {message_id(number % 5), OutboxKind::text, "", account_id(number), {}, {}, number}));
  TRY(vault.add_event(sample_event(number)));
  return vault.set_consumed("cli", number);
}

// --- records as text: equal texts, equal records ---

inline std::uint64_t fnv1a(ByteView bytes, std::uint64_t hash = 0xcbf29ce484222325U) {
  for (const auto byte : bytes) hash = (hash ^ byte) * 0x100000001b3U;
  return hash;
}
/// Long values by their length and a hash, so that a failed comparison can be read.
inline std::string text(ByteView value) {
  if (value.size() <= 64) return to_hex(value);
  return std::to_string(value.size()) + " bytes of " + std::to_string(fnv1a(value));
}
inline std::string text(const Bytes& value) { return text(ByteView{value}); }
inline std::string text(std::string_view value) {
  return value.size() <= 64 ? "'" + std::string{value} + "'" : text(bytes_of(value));
}
inline std::string text(UnixMillis value) { return std::to_string(count_of(value)); }
inline std::string text(std::uint64_t value) { return std::to_string(value); }
template <std::size_t N, class Kind>
std::string text(const Id<N, Kind>& id) {
  return id.hex();
}
template <class Enum>
requires std::is_enum_v<Enum> std::string text(Enum value) {
  return std::to_string(static_cast<int>(value));
}
inline std::string line(std::initializer_list<std::string> fields) {
  std::string joined = "{";
  for (const auto& field : fields) joined += field + " ";
  return joined + "}\n";
}
template <class Record>
std::string text(const std::optional<Record>& record);
template <class Record>
std::string text(const std::vector<Record>& records);

inline std::string text(const ProfileRecord& r) {
  const auto fingerprint = r.server.fingerprint ? to_hex(*r.server.fingerprint) : "none";
  std::string links;
  for (const auto& link : r.links) links += text(link) + ",";
  return line({text(r.server.host), text(std::uint64_t{r.server.port}), fingerprint, text(r.token),
               text(r.handle), text(r.name), text(r.device_name), text(r.account), text(r.device),
               text(std::uint64_t{r.enrolled}), text(std::uint64_t{r.admin}), text(r.signing_key),
               text(r.classic_key), links, text(r.created), text(r.recovery)});
}
inline std::string text(const DeviceNameRecord& r) {
  return line({text(r.device), text(r.name), text(r.platform), text(r.at)});
}
inline std::string text(const ChainRecord& r) {
  std::string links;
  for (const auto& link : r.links) links += text(link) + ",";
  return line({text(r.account), links, text(r.checked)});
}
inline std::string text(const HandleRecord& r) {
  return line({text(r.handle), text(r.account), text(r.checked)});
}
inline std::string text(const ContactRecord& r) {
  return line({text(r.name), text(r.handle), text(r.added), text(r.person)});
}
inline std::string text(const MessageRecord& r) {
  return line({text(r.order), text(r.id), text(r.author), text(r.author_account),
               text(std::uint64_t{r.outgoing}), text(r.chat), text(r.peer), text(r.peer_handle),
               text(r.sender_name), text(r.sent), text(r.stored), text(r.text), text(r.reply_to),
               text(std::uint64_t{r.needs_newer}), text(r.state), text(r.reason),
               text(std::uint64_t{r.read})});
}
inline std::string text(const ChatRecord& r) {
  return line({text(r.chat), text(r.peer), text(r.peer_handle), text(r.peer_name), text(r.unread),
               text(r.last)});
}
inline std::string text(const OutboxRecord& r) {
  return line({text(r.message), text(r.kind), text(r.recipient_handle), text(r.recipient),
               text(r.content), text(r.created), text(std::uint64_t{r.attempts})});
}
inline std::string text(const DeliveryRecord& r) {
  return line({text(r.message), text(r.device), text(r.state), text(r.changed)});
}
inline std::string text(const EventRecord& r) {
  return line({text(r.cursor), text(r.kind), text(r.at), text(r.author), text(r.message),
               text(r.chat), text(r.state), text(r.reason), text(r.device), text(r.text)});
}

inline std::string text(const KeptRecord& r) {
  return line({text(r.message), text(r.recipient), text(std::uint64_t{r.answered}), text(r.content),
               text(r.since)});
}
inline std::string text(const KeptTarget& r) {
  return line({text(r.device), text(std::uint64_t{r.requests})});
}
inline std::string text(const UnopenedRecord& r) {
  return line({text(r.sender), text(r.message), text(r.sender_account), text(r.sequence),
               text(std::uint64_t{r.requests}), text(r.since)});
}

template <class Record>
std::string text(const std::vector<Record>& records) {
  std::string joined = "[";
  for (const auto& record : records) joined += text(record);
  return joined + "]";
}
template <class Record>
std::string text(const std::optional<Record>& record) {
  return record ? text(*record) : "none";
}

/// The answer of a read that must work.
template <class T>
T must(Result<T> result) {
  CHECK(result.ok());
  return std::move(result).take();
}

/// All that a vault can be asked about what the samples may have put into it.
inline std::string everything(Vault& vault) {
  std::string all = text(must(vault.profile())) + text(must(vault.device_names())) +
                    text(must(vault.contacts())) + text(must(vault.chats())) +
                    text(must(vault.outbox())) + text(must(vault.outbox_size())) +
                    text(must(vault.events(0, 10'000)));
  for (const auto* name : {"cli", "page", ""}) all += text(must(vault.consumed(name))) + ";";
  for (unsigned byte = 0; byte < 24; ++byte) {
    all +=
        text(must(vault.chain(account_id(byte)))) + text(must(vault.handles_of(account_id(byte)))) +
        text(must(vault.history(chat_id(byte), 0, 10'000))) +
        text(must(vault.unread(chat_id(byte)))) + text(must(vault.deliveries(message_id(byte)))) +
        text(must(vault.find_message(message_id(byte))));
  }
  return all;
}

}  // namespace martlet::store::contract
