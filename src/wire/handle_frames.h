#pragma once

#include <string>
#include <vector>

#include "base/time.h"

/// Frames about an account's own handles (spec/wire.md section 4.3, spec/handles.md section 4).
/// Parsed and encoded with all others, wire/frames.h.
namespace martlet::wire {

/// Confirmed and pending handles of an account together; more: handles_full.
inline constexpr std::size_t kHandlesAnAccountMax = 16;
/// Of a Handles frame: some may tell of handles that are gone.
inline constexpr std::size_t kHandleRowsMax = 64;
/// What somebody typed or was told to send; longer: limit_reached.
inline constexpr std::size_t kProofCodeBytesMax = 64;

/// How a handle is to be proven. Numbers of the wire: a new one is unknown to older programs.
enum class HandleMethod : std::uint32_t {
  automatic = 0,  ///< a mail to an address, a code by SMS to a number
  mail_link = 1,
  sms_code = 2,
  inbound_sms = 3  ///< the number itself sends a code to the server
};

enum class HandleState : std::uint32_t {
  confirmed = 1,  ///< people reach the account by it
  sending = 2,    ///< the mail or SMS is on its way out
  retrying = 3,   ///< the mail server or gateway does not take it now; tried again at `retry_at`
  waiting = 4,    ///< it is the person's turn, until `expires`
  refused = 5,    ///< the mail server or gateway does not take it for this handle
  given_up = 6,   ///< it could not be sent for too long
  expired = 7,    ///< nobody confirmed in time
  spent = 8,      ///< too many wrong codes
  moved = 9       ///< it was the account's; another account has proven it
};

struct HandleRow {
  std::string handle;
  HandleState state{};
  HandleMethod method = HandleMethod::automatic;  ///< of a proof; automatic: nothing was proven
  UnixMillis expires{};                           ///< waiting: until when
  UnixMillis retry_at{};                          ///< retrying: when next
  std::uint32_t tries_left = 0;                   ///< wrong codes that are still forgiven
  bool operator==(const HandleRow&) const = default;
};

/// The account wants a handle. The same answer whether or not the server knows it.
struct HandleAdd {
  std::string handle;  ///< canonical
  HandleMethod method = HandleMethod::automatic;
};
struct HandleAdded {
  HandleRow row;
  std::string text;    ///< inbound_sms: what to send; else empty
  std::string number;  ///< inbound_sms: where to send it; else empty
};
/// A code that was sent. Answered with Handles.
struct HandleConfirm {
  std::string handle;
  std::string code;
};
/// Gives a handle up, or ends its proof. Answered with Handles.
struct HandleRemove {
  std::string handle;
};
/// Makes a confirmed handle the one that others see. Answered with Handles.
struct HandleDefault {
  std::string handle;
};
struct HandleList {};
/// All handles of the account; the first confirmed one is the default. Also pushed to each of its
/// devices that is online, whenever something of it changes.
struct Handles {
  std::vector<HandleRow> rows;  ///< confirmed ones first; at most kHandleRowsMax
};

}  // namespace martlet::wire
