#pragma once

#include <map>
#include <optional>

#include "client/connection.h"
#include "client/self.h"

namespace martlet::client {

/// The handles of one's own account, as the server last said (spec/handles.md section 4): asked for
/// at each login, pushed when they change. The vault keeps them, so that each device tells what
/// changed while it was away: as events of kind `handle`.
class OwnHandles {
 public:
  /// All outlive the object. `self` gets the default handle.
  OwnHandles(store::Vault& vault, Connection& connection, Self& self);

  Result<void> load();
  void on_online() { list_wanted_ = true; }
  /// Takes a request to the server. Its fate is told by progress() until 64 others came after it.
  /// Not kept over a restart; the same again is no error.
  HandleTicket ask(HandleAsk ask);
  Answer<HandleProgress> progress(HandleTicket ticket) const;
  /// As the vault has them: without what only the server knows of a proof under way. Before the
  /// server has said anything: the one of the enrolment.
  std::vector<wire::HandleRow> known() const;

  Result<void> on_push(const wire::Handles& handles, UnixMillis now);
  /// The answer to a request of ours. False: it was not.
  Result<bool> on_answer(const wire::Frame& frame, UnixMillis now);
  void on_disconnected();
  void on_clock_set_back() { list_not_before_ = {}; }
  void pump(UnixMillis now);
  UnixMillis wake_at() const;
  bool idle() const;

 private:
  struct Question {
    HandleAsk ask;
    HandleProgress progress;
    std::uint64_t request = 0;  ///< 0: not sent
    UnixMillis not_before{};
  };

  Result<void> take(const std::vector<wire::HandleRow>& rows, UnixMillis now);
  Result<void> on_question_answer(Question& question, const wire::Body& body, UnixMillis now);
  Result<void> store(const std::vector<wire::HandleRow>& rows);

  store::Vault& vault_;
  Connection& connection_;
  Self& self_;
  std::vector<wire::HandleRow> known_;
  bool is_known_ = false;  ///< the server has said it once
  bool list_wanted_ = false;
  std::uint64_t list_request_ = 0;
  UnixMillis list_not_before_{};
  std::map<HandleTicket, Question> questions_;
  HandleTicket last_ticket_ = 0;
};

/// What is new in `after`, as texts of events: WHAT, a blank, the handle. WHAT is one of pending,
/// confirmed, default, removed, moved, retrying, refused, given_up, expired, spent.
std::vector<std::string> handle_changes(const std::vector<wire::HandleRow>& before,
                                        const std::vector<wire::HandleRow>& after);

}  // namespace martlet::client
