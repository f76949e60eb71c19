#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/handle.h"
#include "base/ids.h"
#include "base/shared_bytes.h"
#include "base/time.h"
#include "wire/handle_frames.h"

/// Frames of ALPN martlet/1 as checked structs (spec/wire.md). The length prefix is net's.
namespace martlet::wire {

inline constexpr std::uint32_t kProtocolVersion = 1;
/// What Authenticate signs: this line, then the challenge's nonce, then the TLS exporter.
inline constexpr const char* kLoginContext = "martlet-login-v1\n";
/// Label of the TLS exporter (RFC 8446 section 7.5), 32 bytes, no context.
inline constexpr const char* kExporterLabel = "EXPORTER-martlet-login-v1";
inline constexpr std::size_t kNonceBytes = 32;

/// One byte string from one device to another through a meeting; longer: limit_reached.
inline constexpr std::size_t kRelayBytesMax = 48 * 1024;
/// Digits of the number that stands for a meeting on a screen.
inline constexpr std::size_t kRendezvousDigits = 8;

using Sequence = std::uint64_t;  ///< place in a mailbox; only grows, never used again

/// What to do about a Refusal, as spec/wire.md lists them.
enum class Action : std::uint8_t { retry_later, look_up_again, enrol_again, give_up };

enum class RefusalCode : std::uint32_t {
  malformed = 1,            ///< give up: the frame breaks a rule
  wrong_version = 2,        ///< give up: update the program
  not_authenticated = 3,    ///< enrol again: unknown device or bad signature
  invitation_unknown = 4,   ///< give up: no such token
  invitation_used = 5,      ///< give up
  invitation_expired = 6,   ///< give up
  handle_taken = 7,         ///< give up: choose another
  handle_refused = 8,       ///< give up: the invitation does not cover this handle
  chain_refused = 9,        ///< give up: the links do not verify
  unknown_handle = 10,      ///< give up: nobody here has it
  unknown_account = 11,     ///< look up again
  unknown_device = 12,      ///< look up again: an envelope for a device that no named chain has
  too_large = 13,           ///< give up: send less
  mailbox_full = 14,        ///< retry later
  limit_reached = 15,       ///< retry later: too many, see retry_after_ms
  unavailable = 16,         ///< retry later: the server's disk does not take it
  device_elsewhere = 17,    ///< retry later: the same device logged in on a newer connection
  shutting_down = 18,       ///< retry later
  chain_moved = 19,         ///< look up again: the chain has another head than the link builds on
  device_revoked = 20,      ///< give up: a link of the account's chain removed this device
  rendezvous_unknown = 21,  ///< give up: no such meeting, or it has ended
  handle_local = 22,        ///< give up: names of this server are given by invitation only
  handle_unsupported = 23,  ///< give up: this server cannot prove such a handle
  handle_last = 24,         ///< give up: an account keeps at least one handle
  handles_full = 25,        ///< give up: so many handles an account; remove one
  code_wrong = 26,          ///< give up: type it again
  proof_over = 27,          ///< give up: nothing waits for this code; add the handle again
  account_suspended = 28,   ///< give up: the operator has suspended the asker's account
  account_erased = 29,      ///< give up: the operator has erased the asker's account
  peer_suspended = 30,      ///< give up: nothing is accepted for this account
  invitation_needed = 31,   ///< give up: this server lets nobody in without one
};
/// A code we do not know means retry_later.
Action action_for(RefusalCode code);
const char* name_of(RefusalCode code);  ///< "unknown_handle"; for JSON and tests

struct Challenge {
  std::uint32_t version = kProtocolVersion;
  std::array<std::uint8_t, kNonceBytes> nonce{};
  UnixMillis server_time{};
  std::string domain;
  std::uint32_t frame_bytes_max = 0;
  std::uint32_t sealed_bytes_max = 0;
  Milliseconds ping_interval{};
  Milliseconds envelope_lifetime{};
};
/// Tells the logins of a device apart, so that a second copy of its profile is noticed.
struct LoginMark {
  std::uint64_t number = 0;             ///< grows by one with each login; 0: there is no mark
  std::array<std::uint8_t, 16> mark{};  ///< random
  bool operator==(const LoginMark&) const = default;
};
struct Authenticate {
  std::uint32_t version = kProtocolVersion;
  DeviceId device;
  std::array<std::uint8_t, 64> signature{};
  LoginMark login{};
  std::array<std::uint8_t, 16> previous_mark{};  ///< of the login before; zero: there was none
};
struct Welcome {
  AccountId account;
  std::uint64_t waiting = 0;  ///< envelopes in the mailbox at login
  UnixMillis server_time{};
  LinkId head{};  ///< of the account's chain; zero: the server does not say
};
struct Enrol {
  std::string token;   ///< base64url, as in the invitation
  std::string handle;  ///< empty: the invitation's
  std::vector<Bytes> links;
};
struct Enrolled {
  std::string handle;
  AccountId account;
  bool admin = false;
};
struct Lookup {
  std::string handle;
};
struct FetchChain {
  AccountId account;
  std::uint32_t from_seqno = 0;
};
/// Answers Lookup and FetchChain.
struct Account {
  AccountId account;
  std::uint32_t first_seqno = 0;  ///< of links.front()
  std::vector<Bytes> links;
};
/// Adds a link to an account's chain. The link authenticates itself, so a stranger may ask too.
struct AppendLink {
  AccountId account;
  LinkId known_head;  ///< the head that the link builds on
  Bytes link;
};
/// The link is in the chain, durably. The same link again gets the same answer.
struct Appended {
  AccountId account;
  std::uint32_t seqno = 0;
  LinkId head;  ///< the link's id
};
/// To every device of the account that is online: its chain has grown.
struct ChainChanged {
  AccountId account;
  std::uint32_t seqno = 0;
  LinkId head;
};
/// A name that a newcomer and whoever approves it know; random, so that nobody guesses it.
using RendezvousName = std::array<std::uint8_t, 16>;
/// A device that is in no account asks for a place to meet one that may approve it.
struct OpenRendezvous {
  RendezvousName name{};
};
struct RendezvousOpened {
  std::string number;  ///< kRendezvousDigits digits, to be typed on the other device
};
/// A logged-in device joins, by the name of a QR code or by the number.
struct JoinRendezvous {
  std::variant<RendezvousName, std::string> meeting;
};
struct RendezvousJoined {
  RendezvousName name{};
};
/// To the other side of the meeting; the server passes it on as it is. Not answered.
struct Relay {
  Bytes content;  ///< 1 to kRelayBytesMax bytes
};
/// The other side is gone, or time is up.
struct RendezvousEnded {};
struct ChainHead {
  AccountId account;
  LinkId head;
};
/// A sealed message for one device.
struct Envelope {
  DeviceId recipient;
  std::uint8_t suite = 0;
  SharedBytes sealed;
};
struct Send {
  MessageId message;
  std::vector<ChainHead> heads;
  std::vector<Envelope> envelopes;  ///< 1 to kEnvelopesASendMax, recipients distinct
};
struct Accepted {
  MessageId message;
};
struct StaleDevices {
  MessageId message;
  std::vector<AccountId> accounts;
};
struct Deliver {
  Sequence sequence = 0;
  DeviceId sender;
  AccountId sender_account;
  MessageId message;
  UnixMillis accepted{};
  std::uint8_t suite = 0;
  SharedBytes sealed;
};
/// To the sender: this envelope expired unread.
struct Undelivered {
  Sequence sequence = 0;
  MessageId message;
  DeviceId device;
  UnixMillis expired{};
};
struct Acknowledge {
  std::vector<Sequence> sequences;
};
struct Ping {};
struct Pong {};
struct Refusal {
  RefusalCode code{};
  Milliseconds retry_after{};
  MessageId message;  ///< the Send it answers; zero otherwise
  /// Of device_elsewhere that answers a login: the device's last one was another than it says.
  LoginMark last_login{};
};
/// A body that a newer version knows: skip it.
struct Unknown {};

using Body = std::variant<Unknown, Challenge, Authenticate, Welcome, Enrol, Enrolled, Lookup,
                          Account, FetchChain, Send, Accepted, StaleDevices, Deliver, Undelivered,
                          Acknowledge, Ping, Pong, Refusal, AppendLink, Appended, ChainChanged,
                          OpenRendezvous, RendezvousOpened, JoinRendezvous, RendezvousJoined, Relay,
                          RendezvousEnded, HandleAdd, HandleAdded, HandleConfirm, HandleRemove,
                          HandleDefault, HandleList, Handles>;

/// `request` is chosen by who asks and repeated in the answer; 0 for pushes.
struct Frame {
  std::uint64_t request = 0;
  Body body;
};

Bytes encode(const Frame& frame);
/// Fails with `malformed` (not protobuf, a field of the wrong length, a repeated recipient) or
/// `limit_reached` (beyond a bound of base/limits.h). Unknown fields are skipped.
Result<Frame> parse_frame(ByteView encoded);

}  // namespace martlet::wire
