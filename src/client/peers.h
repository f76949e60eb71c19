#pragma once

#include <map>
#include <string>
#include <string_view>

#include "client/connection.h"
#include "client/self.h"
#include "protocol/sealing.h"
#include "store/vault.h"
#include "transparency/account_chain.h"

namespace martlet::client {

/// An account whose chain we have verified, and the keys that we can seal for.
struct Peer {
  transparency::AccountChain chain;
  /// Devices of the chain with a usable key for the classic suite.
  std::map<DeviceId, protocol::DevicePublicKeys> devices;
  UnixMillis checked{};  ///< when the directory last gave the chain
};

/// What there is to know about an account or a handle.
struct Finding {
  enum class State : std::uint8_t {
    known,    ///< `peer` is there
    waiting,  ///< the directory is being asked; look again after its answer
    absent,   ///< the directory knows no such handle or account
    suspect   ///< the directory's answer contradicts what was proven before: a human must look
  };
  State state = State::waiting;
  /// What was proven last, whatever `state` is; null if nothing. Valid until the next call into
  /// Peers.
  const Peer* peer = nullptr;
};

/// What we believe of other accounts: chains, verified before any key of theirs is used and
/// pinned so that they only grow, and the handles that mean them (spec/account-chain.md).
class Peers {
 public:
  /// All outlive the object.
  Peers(store::Vault& vault, Connection& connection, const Self& self);

  /// The account behind `handle`, from the vault if the directory said so less than
  /// kContactCheckAge ago, or with `any_age` however long ago.
  Result<Finding> by_handle(const std::string& handle, bool any_age, UnixMillis now);
  /// The account of this id, likewise.
  Result<Finding> by_account(const AccountId& account, bool any_age, UnixMillis now);
  /// Asks the directory for the account's chain even if it was checked just now. Until the answer
  /// by_account says `waiting`.
  void refresh(const AccountId& account);
  /// A new message asks again about a recipient that was absent or suspect.
  void forget_verdicts(const std::string& handle, const AccountId& account);

  /// The answer to a question of ours. False: it was not.
  Result<bool> on_answer(const wire::Frame& frame, UnixMillis now);
  void on_disconnected();
  void on_clock_set_back();
  /// Sends the questions that are due, a few at a time.
  void pump(UnixMillis now);
  UnixMillis wake_at() const;
  bool has_questions() const { return !questions_.empty(); }

 private:
  struct Subject {  ///< of a question: one of the two
    std::string handle;
    AccountId account;
    auto operator<=>(const Subject&) const = default;
  };
  struct Question {
    std::uint64_t request = 0;  ///< 0: not sent
    UnixMillis not_before{};
  };
  struct Verdict {
    Finding::State state;
    UnixMillis at;
  };

  Result<const Peer*> load(const AccountId& account);
  void ask(const Subject& subject);
  /// What is known without asking: `waiting` while asked, a verdict, or `known` (perhaps too old).
  Finding standing_of(const Subject& subject, const Peer* peer, UnixMillis now);
  void judge(const Subject& subject, Finding::State state, UnixMillis now);
  Result<void> on_account(const Subject& subject, const wire::Account& answer, UnixMillis now);
  Result<void> on_refusal(const Subject& subject, const wire::Refusal& refusal, UnixMillis now);
  Result<void> suspect(const Subject& subject, std::string_view what, UnixMillis now);
  bool is_fresh(UnixMillis checked, UnixMillis now) const;

  store::Vault& vault_;
  Connection& connection_;
  const Self& self_;
  std::map<AccountId, Peer> peers_;
  std::map<Subject, Question> questions_;
  std::map<std::uint64_t, Subject> asked_;  ///< by request
  std::map<Subject, Verdict> verdicts_;
};

}  // namespace martlet::client
