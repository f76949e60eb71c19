#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "client/api.h"
#include "transparency/account_chain.h"
#include "wire/frames.h"

/// What both sides of linking a device share (spec/linking.md).
namespace martlet::client {

inline constexpr std::size_t kLinkingMessageBytesMax =
    wire::kRelayBytesMax;                                                   ///< longer: `malformed`
inline constexpr Milliseconds kLinkingLifetime = std::chrono::minutes{10};  ///< then: `gave_up`
inline constexpr unsigned kLinkingMovesMax = 16;  ///< more new heads: `moved_too_often`

/// Why linking ended without a new device. The numbers go to the other side.
enum class LinkFault : std::uint8_t {
  unknown = 0,      ///< the other side gave a reason that we do not know
  malformed,        ///< bytes that do not parse
  out_of_turn,      ///< a message that is not due
  weak_key,         ///< a key that gives no secret
  commitment,       ///< revealed something else than was committed to
  confirmation,     ///< a MAC of the short code is wrong: other keys on the other side
  tag,              ///< does not open: another code was scanned, or bytes were changed
  replay,           ///< a message came twice
  gap,              ///< a message is missing
  key_part,         ///< the device has other keys than its code said
  chain,            ///< the account's chain does not verify, or is not the one announced
  wrong_link,       ///< the link is not exactly an entry of this device behind that chain
  acceptance,       ///< the new device's signature is wrong, or the account takes no such device
  not_admin,        ///< the approving device may not approve (any more)
  codes_differ,     ///< a person saw different digits
  refused,          ///< the person at the approving device said no
  cancelled,        ///< a person, or a program that ends, gave up
  gave_up,          ///< took too long
  moved_too_often,  ///< the account changed again and again meanwhile
  server_refused    ///< the server did not take the link
};
inline constexpr LinkFault kLinkFaultLast = LinkFault::server_refused;
/// For scripts and logs, such as "codes_differ".
const char* name_of(LinkFault fault);

/// What a new device learns beside the chain, so that it need not ask the server first. Kinds are
/// given out later; unknown ones are kept.
struct TrustRoot {
  std::uint8_t kind;
  Bytes value;
  bool operator==(const TrustRoot&) const = default;
};

// --- Events: what the caller shows, asks or does ---

/// Show the digits; people compare them on both screens.
struct CompareCode {
  std::string digits;
};
/// Ask whether this device, which says this of itself, may enter.
struct ConfirmDevice {
  DeviceId device;
  std::string name;
  std::string platform;
};
/// Give the link to the server, then call submitted, moved or server_refused.
struct SubmitLink {
  Bytes link;
};
/// The device is in.
struct LinkApproved {
  DeviceId device;
  LinkId head;
};
/// This device is in; what its profile starts with.
struct Linked {
  transparency::AccountChain chain;
  std::vector<Bytes> links;  ///< all, ours last
  std::string display_name;
  std::vector<std::string> handles;
  std::vector<TrustRoot> trust_roots;
  std::array<std::uint8_t, 32> name_opening;  ///< of our meta commitment
};
struct LinkStopped {
  LinkFault fault;
  bool by_peer;    ///< the other side said so; before the channel stands anybody may have
  bool may_be_in;  ///< our acceptance is out: look whether the account has this device
};

using NewcomerEvent = std::variant<CompareCode, Linked, LinkStopped>;
using ApproverEvent =
    std::variant<CompareCode, ConfirmDevice, SubmitLink, LinkApproved, LinkStopped>;

/// Linking did not come about at all.
struct ApprovalFailed {
  ApiError error;
};
/// What the person at the approving device sees; after one of the last three it is over.
using ApprovalEvent =
    std::variant<CompareCode, ConfirmDevice, LinkApproved, LinkStopped, ApprovalFailed>;

/// Messages for the other side, in order, and at most one event.
template <class Event>
struct LinkStep {
  std::vector<Bytes> send;
  std::optional<Event> event;
};

}  // namespace martlet::client
