#pragma once

#include <string>
#include <variant>

#include "store/proof_store.h"
#include "wire/handle_frames.h"

/// What the office is asked about handles, and what it wants sent out to prove them.
namespace martlet::server {

/// A device asks about the handles of its own account.
struct HandleRequest {
  AccountId account;
  std::string network;  ///< network_of the device's address; empty: not counted
  std::variant<wire::HandleAdd, wire::HandleConfirm, wire::HandleRemove, wire::HandleDefault,
               wire::HandleList>
      ask;
};

/// To be sent: a mail with a link, or an SMS with a code. The program does it on a thread of its
/// own and reports a ProofSent; if it never does, the office lets it be sent again.
struct ProofSending {
  AccountId account;
  std::string handle;    ///< to this address or number
  UnixMillis started{};  ///< with account and handle, names the proof
  std::uint32_t attempt = 0;
  store::ProofKind kind{};  ///< mail_link or sms_code
  std::string secret;       ///< the link's token or the code: for the person alone, never for a log
  UnixMillis expires{};
  std::string asked_by;  ///< the account's default handle; empty if it has none
};

/// How a ProofSending went. Not answered.
struct ProofSent {
  enum class Outcome : std::uint8_t {
    sent,     ///< the mail server or gateway has taken it
    refused,  ///< it will not take it for this handle
    failed    ///< it did not answer or asks for patience: again later
  };
  AccountId account;
  std::string handle;
  UnixMillis started{};
  std::uint32_t attempt = 0;
  Outcome outcome{};
};

/// Somebody has opened the link of a mail, or pressed the button of its page.
struct OpenConfirmation {
  std::string token;
  bool press = false;
};
/// What that page is to say. Of links that do not work, nothing but that.
struct Confirmation {
  enum class State : std::uint8_t { asks, done, used, expired, unknown };
  State state{};
  std::string handle;    ///< asks, done
  std::string asked_by;  ///< asks: who wants it; empty if the account has no handle yet
};

/// The gateway has received an SMS; `from` is E.164, and the gateway vouches for it. Answered with
/// Done, whatever it says.
struct InboundSms {
  std::string from;
  std::string text;
};

}  // namespace martlet::server
