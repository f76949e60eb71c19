#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"

namespace martlet::store {

/// How somebody shows that a handle is his.
enum class ProofKind : std::uint8_t {
  mail_link = 1,   ///< a link in a mail to the address
  sms_code = 2,    ///< a code in an SMS to the number, typed in
  inbound_sms = 3  ///< a code that the number itself sends to the server
};

/// Where a proof stands.
enum class ProofState : std::uint8_t {
  sending = 1,    ///< to be sent, or being sent: mails and SMS only
  retrying = 2,   ///< the mail server or gateway did not take it; tried again at `next_attempt`
  waiting = 3,    ///< it is the person's turn
  refused = 4,    ///< the mail server or gateway will not take it for this handle
  given_up = 5,   ///< could not be sent for so long
  spent = 6,      ///< too many wrong codes
  proven = 7,     ///< shown, but the directory does not know yet
  confirmed = 8,  ///< the directory has it; kept so that a link used again says so
  moved = 9,      ///< another account proved it: kept to tell the devices of this one
  expired = 10    ///< nobody showed it in time
};

/// One thing that proves the handle, until `expires`. Never the thing itself.
struct ProofSecret {
  Digest hash{};
  UnixMillis expires{};
  bool operator==(const ProofSecret&) const = default;
};

/// A handle that an account wants, or had. One for each account and handle.
struct HandleProof {
  AccountId account;
  std::string handle;  ///< canonical
  ProofKind kind{};
  ProofState state{};
  std::uint8_t tries_left = 0;  ///< wrong codes that are still forgiven
  std::uint32_t attempts = 0;   ///< times that it was given out to be sent
  UnixMillis started{};
  UnixMillis next_attempt{};         ///< of sending, when there has to be one
  UnixMillis changed{};              ///< when the state became what it is
  std::vector<ProofSecret> secrets;  ///< of what was sent: each mail has another
  bool operator==(const HandleProof&) const = default;
};

/// Proofs that are under way, over a restart. Who uses it keeps them in memory: they are few. Each
/// engine passes proof_store_contract.h. Blocks on the disk: owned by the office's worker.
/// Every write is one atomic, durable change: it is on disk when the call returns ok. After
/// `unavailable` it either happened or not.
class ProofStore {
 public:
  virtual ~ProofStore() = default;
  /// Replaces what is there for the same account and handle.
  virtual Result<void> put(const HandleProof& proof) = 0;
  /// Does nothing if there is none.
  virtual Result<void> remove(const AccountId& account, const std::string& handle) = 0;
  /// By account, then handle.
  virtual Result<std::vector<HandleProof>> all() = 0;
  /// Frees the disk of what was removed: afterwards it is in no file of the store. May take long.
  virtual Result<void> scrub() = 0;
};

}  // namespace martlet::store
