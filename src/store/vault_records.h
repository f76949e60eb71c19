#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

/// What a vault keeps, as plain values. Times are UTC milliseconds.
namespace martlet::store {

using Cursor = std::uint64_t;  ///< place in the event stream, from 1, only grows

/// Where the server is and how to know it.
struct ServerAddress {
  std::string host;
  std::uint16_t port = 443;
  std::optional<Digest> fingerprint;  ///< SHA-256 of its public key; none: public authorities vouch
};

/// This device and its account. The keys are secret: wiped by whoever loads them.
struct ProfileRecord {
  ServerAddress server;
  std::string token;   ///< invitation token while enrolment is pending, then empty
  std::string handle;  ///< canonical; empty until enrolled if the invitation decides
  std::string name;    ///< display name, may be empty
  std::string device_name;
  AccountId account;
  DeviceId device;
  bool enrolled = false;  ///< the server confirmed it
  bool admin = false;
  Bytes signing_key;         ///< 32-byte scalar
  Bytes classic_key;         ///< PKCS#8 DER
  std::vector<Bytes> links;  ///< own account chain
  UnixMillis created{};
  Bytes recovery;  ///< secret: what the recovery words stand for, where they were made; or empty
};
/// What a device of the own account calls itself.
struct DeviceNameRecord {
  DeviceId device;
  std::string name;
  std::string platform;
  UnixMillis at{};  ///< when it said so
};

/// Another account's chain, verified. The head is the pin: it only grows.
struct ChainRecord {
  AccountId account;
  std::vector<Bytes> links;
  UnixMillis checked{};  ///< when the directory last gave it
};
struct HandleRecord {
  std::string handle;
  AccountId account;
  UnixMillis checked{};
};
struct ContactRecord {
  std::string name;
  std::string handle;
  UnixMillis added{};
  std::uint64_t person = 0;  ///< handles of one person share it, below 2^63; 0: this one alone
};

enum class MessageState : std::uint8_t {
  queued = 1,     ///< in the outbox
  sent = 2,       ///< accepted by the server for every device
  delivered = 3,  ///< opened by at least one device of the other side
  read = 4,
  failed = 5,   ///< see FailureReason; will not be tried again
  received = 6  ///< incoming
};
enum class FailureReason : std::uint8_t {
  none = 0,
  unknown_handle = 1,
  refused = 2,
  too_large = 3,
  expired = 4,
  identity = 5,
  suspended = 6  ///< the other account, by the server's operator
};

struct MessageRecord {
  std::uint64_t order = 0;  ///< local order, given by the vault at insertion, from 1
  MessageId id;
  DeviceId author;  ///< the device that wrote it
  AccountId author_account;
  bool outgoing = false;
  ChatId chat;              ///< zero while only the handle is known
  AccountId peer;           ///< the other account of the chat; zero likewise
  std::string peer_handle;  ///< what was typed, or what the sender calls himself
  std::string sender_name;
  UnixMillis sent{};    ///< the author's claim
  UnixMillis stored{};  ///< when it came into this vault
  std::string text;
  std::optional<MessageId> reply_to;
  bool needs_newer = false;  ///< of a kind that this version does not know
  MessageState state = MessageState::received;
  FailureReason reason = FailureReason::none;
  bool read = false;  ///< incoming: seen by the user
};

struct ChatRecord {
  ChatId chat;
  AccountId peer;
  std::string peer_handle;  ///< of the newest own message; if there is none, of the newest incoming
  std::string peer_name;    ///< as the peer calls himself in his newest message
  std::uint64_t unread = 0;
  MessageRecord last;
};

enum class OutboxKind : std::uint8_t {
  text = 1,
  receipt = 2,
  notice = 3,
  again = 4  ///< a content that was sent before, as it was; `message` is not its id
};

/// Something to seal and send. The plaintext stays here until every target is accepted.
struct OutboxRecord {
  MessageId message;
  OutboxKind kind = OutboxKind::text;
  std::string recipient_handle;  ///< used while `recipient` is zero
  AccountId recipient;
  Bytes content;  ///< wire::Content, encoded; its recipient may still be zero
  UnixMillis created{};
  std::uint32_t attempts = 0;
  DeviceId device{};  ///< for this device of the recipient only; zero: for all
};

enum class DeliveryState : std::uint8_t { sent = 1, delivered = 2, read = 3, expired = 4 };
struct DeliveryRecord {
  MessageId message;
  DeviceId device;
  DeliveryState state = DeliveryState::sent;
  UnixMillis changed{};
};

enum class EventKind : std::uint8_t {
  message = 1,  ///< `author`, `message`: shown in a chat, incoming
  receipt = 2,  ///< an own message changed its state to `state`
  alert = 3,    ///< `text` says what; something the user should know
  device = 4,  ///< `text` (added, revoked, rekeyed, recovery_set) happened to `device`, by `author`
               ///< (zero: the recovery key); `chat` is the contact's, zero: one's own account
  handle = 5   ///< `text`: what (pending, confirmed, default, removed, moved, retrying, refused,
               ///< given_up, expired, spent), a blank, and the handle of the own account
};
struct EventRecord {
  Cursor cursor = 0;
  EventKind kind = EventKind::message;
  UnixMillis at{};
  DeviceId author;
  MessageId message;
  ChatId chat;
  MessageState state = MessageState::received;
  FailureReason reason = FailureReason::none;
  DeviceId device;   ///< of a receipt: the device that it speaks of; zero: all
  std::string text;  ///< of an alert or device event
};

}  // namespace martlet::store
