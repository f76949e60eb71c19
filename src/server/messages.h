#pragma once

#include <compare>
#include <string>
#include <variant>
#include <vector>

#include "server/handle_messages.h"
#include "server/status.h"
#include "server/users.h"
#include "wire/frames.h"

/// What sessions ask of the office, and what it answers: values that cross from a reactor to the
/// worker thread and back.
namespace martlet::server {

/// Names a connection: `reactor` owns it, and `serial` is never used again while the server runs.
struct SessionId {
  std::uint32_t reactor = 0;
  std::uint64_t serial = 0;
  auto operator<=>(const SessionId&) const = default;
};
/// Not a reactor: who asks is the operator, by the admin socket or the command line.
inline constexpr std::uint32_t kOperator = 0xffff'ffff;
/// Not a reactor either: what the office wants sent out to people's addresses and numbers.
inline constexpr std::uint32_t kOutside = 0xffff'fffe;

// --- Requests ---
/// Which key must have signed the login?
struct LogIn {
  DeviceId device;
};
/// The device has proven itself: deliver what waits for it to this session, and to no other.
struct Subscribe {
  DeviceId device;
  AccountId account;
  wire::LoginMark login{};
  std::array<std::uint8_t, 16> previous_mark{};
};
/// The session is gone. Not answered.
struct Unsubscribe {
  DeviceId device;
};
struct Post {
  DeviceId sender;
  AccountId sender_account;
  wire::Send send;
};
/// A device that has proven itself joins a meeting.
struct Join {
  AccountId account;
  wire::JoinRendezvous rendezvous;
};
/// The session is gone, and its meeting with it. Not answered.
struct LeaveRendezvous {};
struct Acknowledgement {
  DeviceId device;
  std::vector<wire::Sequence> sequences;
};
/// The operator lets somebody in.
struct Invite {
  std::string handle;  ///< as typed; empty: the newcomer chooses a local name
  bool admin = false;
  std::uint32_t uses = 1;
  Milliseconds lifetime{};
};
/// How long does the way to the office and back take? Answered Done.
struct Probe {};
struct StatusQuery {
  bool mailboxes = false;  ///< list what waits, mailbox by mailbox
};

struct OfficeRequest {
  SessionId session;
  std::uint64_t request = 0;  ///< of the frame; repeated in the answer
  std::uint32_t cost = 0;     ///< bytes of the frame, at least 1; repeated in the answer
  std::variant<LogIn, Subscribe, Unsubscribe, Post, Acknowledgement, wire::Enrol, wire::Lookup,
               wire::FetchChain, wire::AppendLink, wire::OpenRendezvous, Join, wire::Relay,
               LeaveRendezvous, HandleRequest, OpenConfirmation, InboundSms, ProofSent, Invite,
               StatusQuery, ListUsers, Suspend, Erase, Probe>
      body;
};

// --- Answers ---
struct LoginKey {
  DeviceId device;
  AccountId account;
  std::array<std::uint8_t, 33> point{};  ///< the device's P-256 key, from the verified chain
};
/// An acknowledgement was taken in; nothing to send.
struct Done {};
/// The same device subscribed on a newer connection.
struct Superseded {};
/// The session's device is served no more: device_revoked, account_suspended or account_erased.
struct Dismissed {
  wire::RefusalCode why{};
};
struct Invited {
  std::string token;   ///< secret: it goes to the operator and nowhere else
  std::string handle;  ///< canonical
  UnixMillis expires{};
};

/// Every request but Unsubscribe, LeaveRendezvous and ProofSent gets exactly one answer, with the
/// request's cost; Erase at a later tick. Answers with cost 0 are pushes.
struct OfficeAnswer {
  SessionId session;
  std::uint64_t request = 0;
  std::uint32_t cost = 0;
  std::variant<LoginKey, Done, Superseded, Dismissed, wire::Welcome, wire::Enrolled, wire::Account,
               wire::Appended, wire::ChainChanged, wire::Accepted, wire::StaleDevices,
               wire::Deliver, wire::Undelivered, wire::Refusal, Invited, StatusReport,
               wire::RendezvousOpened, wire::RendezvousJoined, wire::Relay, wire::RendezvousEnded,
               wire::HandleAdded, wire::Handles, Confirmation, ProofSending, UserList, UserStatus,
               UserErased>
      body;
};

}  // namespace martlet::server
