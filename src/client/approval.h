#pragma once

#include <deque>

#include "client/connection.h"
#include "client/linking_approver.h"
#include "client/own_chain.h"

namespace martlet::client {

/// Lets a new device into the own account: meets it at the server, holds the approver's side of
/// spec/linking.md, and has the link appended. One at a time.
class Approval {
 public:
  /// All outlive the object.
  Approval(store::Vault& vault, Connection& connection, OwnChain& own, const Self& self,
           Random& random);

  /// Begins: `code` is what the other device shows, the code or the eight digits. Fails with usage
  /// (neither), or refused (this device is no admin, or another approval is under way).
  Answer<void> begin(std::string_view code, std::vector<std::string> handles, UnixMillis now);
  /// The person's answer to ConfirmDevice; no role: it stays outside.
  void decide(std::optional<transparency::Role> role, UnixMillis now);
  /// Gives up. What has been submitted already is followed to its end.
  void cancel(UnixMillis now);
  std::optional<ApprovalEvent> take_event();
  bool active() const { return active_; }

  /// The answer to a request of ours, or what the other side says. False: neither.
  bool on_frame(const wire::Frame& frame, UnixMillis now);
  void on_disconnected(UnixMillis now);
  Result<void> pump(UnixMillis now);
  UnixMillis wake_at() const;

 private:
  void take(LinkApprover::Step step, UnixMillis now);
  void on_ended(UnixMillis now);
  void follow_submission(UnixMillis now);
  void end(ApprovalEvent event);

  store::Vault& vault_;
  Connection& connection_;
  OwnChain& own_;
  const Self& self_;
  Random& random_;
  bool active_ = false;
  std::variant<wire::RendezvousName, std::string> meeting_;
  std::optional<LinkApprover> approver_;
  std::uint64_t join_request_ = 0;  ///< 0: none
  bool joined_ = false;
  store::DeviceNameRecord newcomer_;  ///< what it said of itself
  bool is_named_ = false;             ///< not in the vault yet
  UnixMillis deadline_{};
  AppendTicket ticket_ = 0;  ///< 0: nothing is submitted
  std::uint32_t known_ = 0;  ///< seqno of the last link that the approver knows
  std::deque<ApprovalEvent> events_;
};

}  // namespace martlet::client
