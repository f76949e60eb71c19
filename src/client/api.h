#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/vault_records.h"
#include "transparency/account_chain.h"
#include "wire/handle_frames.h"

/// What a person can ask of the engine: each verb one method of Engine (client/engine.h) with a
/// request and an answer type, which a daemon can serve as they are.
namespace martlet::client {

enum class ErrorCode : std::uint8_t {
  usage,               ///< exit 2
  region_needed,       ///< exit 2: a phone number whose country nobody said
  not_enrolled,        ///< exit 3
  already_enrolled,    ///< exit 2
  profile_in_use,      ///< exit 3
  profile_damaged,     ///< exit 70
  disk,                ///< exit 70: full or gone; nothing was changed
  network,             ///< exit 4
  wrong_fingerprint,   ///< exit 6
  rate_limited,        ///< exit 5
  identity,            ///< exit 6: held, needs a human
  unknown_handle,      ///< exit 7
  unknown_chat,        ///< exit 7
  unknown_message,     ///< exit 7
  ambiguous_name,      ///< exit 2
  unknown_name,        ///< exit 7
  invitation_unknown,  ///< exit 8
  invitation_used,     ///< exit 8
  invitation_expired,  ///< exit 8
  handle_taken,        ///< exit 8
  handle_refused,      ///< exit 8
  refused,             ///< exit 8
  outdated,            ///< exit 8: the other side speaks a newer version
  too_large,           ///< exit 2
  timed_out,           ///< exit 9: still queued
  device_revoked,      ///< exit 3: the account has removed this device
  unknown_device,      ///< exit 7
  unknown_words,       ///< exit 7: no recovery words here
  account_suspended,   ///< exit 8: by the operator; may be lifted
  account_erased,      ///< exit 3: by the operator; for good
  peer_suspended,      ///< exit 8: the other account is
  invitation_needed,   ///< exit 8
  handle_local,        ///< exit 8: given by invitation only
  handle_unsupported,  ///< exit 8: the server cannot prove it
  handle_last,         ///< exit 8
  handles_full,        ///< exit 8
  code_wrong,          ///< exit 8
  proof_over,          ///< exit 8: nothing waits for a code
  bug,                 ///< exit 70
};
const char* name_of(ErrorCode code);  ///< "unknown_handle"
int exit_code_of(ErrorCode code);

/// Says what is wrong and what to do. The texts are fixed, so none carries a secret.
struct ApiError {
  ErrorCode code;
  Literal message;
  Literal hint;
};
template <class T>
using Answer = Result<T, ApiError>;

struct EnrollRequest {
  std::string url;
  std::string name;
  std::string handle;
  std::string device_name;
};
struct WhoamiAnswer {
  std::string handle;  ///< the default one: what messages are sent as
  std::string name;
  std::string device_name;
  AccountId account;
  DeviceId device;
  std::string public_code;
  std::string server;  ///< HOST:PORT[#FINGERPRINT]
  bool admin = false;
  std::vector<wire::HandleRow> handles{};  ///< all, as the server last said; confirmed ones first
};
struct SendRequest {
  std::string to;  ///< a handle, a contact's name or a chat id
  std::string text;
  std::optional<MessageId> reply_to;
};
struct SendAnswer {
  MessageId id;
};
/// How far an own message has come.
struct Progress {
  store::MessageState state = store::MessageState::queued;
  store::FailureReason reason = store::FailureReason::none;
  ChatId chat;
  /// The server has said that it has the message. A receipt may come before that.
  bool accepted = false;
  std::size_t devices = 0;  ///< of the other side, all of them once accepted; 0 while queued
};
struct HistoryRequest {
  std::string chat;  ///< as SendRequest::to
  std::size_t limit = 50;
  std::uint64_t before = 0;
};
struct ContactAddRequest {
  std::string name;
  std::string handle;
};
/// What of an address book was of no use, and why.
struct ContactSkip {
  std::size_t line = 0;  ///< of the card or its part in the file, from 1
  std::string name;      ///< of the card, if that was understood
  std::string value;     ///< as written, likewise
  Literal reason;
};
struct ContactImport {
  std::size_t cards = 0;            ///< that have an address or a number
  std::size_t added = 0;            ///< handles
  std::size_t renamed = 0;          ///< handles that had another name
  std::size_t unchanged = 0;        ///< handles
  std::size_t without_country = 0;  ///< of those skipped: numbers whose country nobody said
  std::size_t skipped = 0;
  std::vector<ContactSkip> skips;  ///< the first of them
};
/// Names a link that is on its way into the own chain.
using AppendTicket = std::uint64_t;
enum class AppendState : std::uint8_t {
  waiting,   ///< not answered yet
  accepted,  ///< in the chain, durably, at the server and here
  moved,     ///< the chain has another head: build the link anew if it is still wanted
  refused    ///< the server does not take it, for good
};
struct AppendProgress {
  AppendState state = AppendState::waiting;
  std::uint32_t seqno = 0;
  LinkId head;  ///< the link's id
};
/// Something about the handles of the own account.
struct HandleAsk {
  enum class What : std::uint8_t { list, add, confirm, remove, make_default };
  What what = What::list;
  std::string handle{};
  wire::HandleMethod method = wire::HandleMethod::automatic;  ///< add
  std::string code{};                                         ///< confirm
};
/// Names a HandleAsk that is on its way.
using HandleTicket = std::uint64_t;
struct HandleProgress {
  enum class State : std::uint8_t { waiting, done, refused };
  State state = State::waiting;
  std::optional<ApiError> error;      ///< refused
  std::vector<wire::HandleRow> rows;  ///< done, of all but add: how it is now
  wire::HandleAdded added;            ///< done, of add
};
/// A device of the own account.
struct DeviceInfo {
  DeviceId device;
  transparency::Role role = transparency::Role::member;
  std::uint32_t added_at = 0;  ///< seqno of the link that added it
  UnixMillis added{};          ///< what the signer of that link claims
  bool own = false;            ///< this one
  std::string name;            ///< as it calls itself; empty: not heard yet
  std::string platform;
};
/// How the profile does.
struct Health {
  /// Messages that in the end could not be opened, over the life of the profile. Has to stay 0.
  std::uint64_t undecryptable_total = 0;
  std::uint64_t waiting_to_open = 0;  ///< whose senders were asked to seal them again
  std::uint64_t outbox = 0;           ///< what must still go out
  std::uint64_t kept = 0;             ///< contents sent and not known to be opened by all
  /// This clock minus the server's, at the last connection of this run.
  std::optional<Milliseconds> clock_skew;
};
/// For a device that another one, or the recovery words, let in: it is in `links` already.
struct AdoptRequest {
  store::ServerAddress server;
  std::string handle;  ///< the account's, canonical
  std::string name;
  std::string device_name;
  std::vector<Bytes> links;  ///< the whole chain
};
/// A row of `watch`: the event and, where it speaks of a message, that message as it is now.
struct Event {
  store::EventRecord event;
  std::optional<store::MessageRecord> message;
};

}  // namespace martlet::client
