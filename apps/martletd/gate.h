#pragma once

#include <unordered_map>

#include "apps/martletd/office_worker.h"
#include "net/connection.h"
#include "server/session.h"

namespace martlet::daemon {

class SessionHandler;

/// The sessions of one reactor: joins net's connections to the office's worker. Owned by that
/// reactor; only the post_ methods may be called from elsewhere.
class Gate {
 public:
  /// All outlive the gate, and the gate outlives the reactor's last turn.
  Gate(std::uint32_t index, net::Reactor& reactor, const server::ServerInfo& info, Random& random,
       const Clock& clock, OfficeWorker& office, server::StrangerLimits& strangers,
       server::MemberLimits& members);
  ~Gate();

  /// For a connection that is about to open.
  std::unique_ptr<net::FrameHandler> make_handler();

  void post_answers(std::vector<server::OfficeAnswer> answers);
  /// The same on this reactor, which is between two of its rounds' steps.
  void take_answers(std::vector<server::OfficeAnswer>& answers);
  /// The office takes requests again.
  void post_drained();
  /// Tells every device that the server stops, and closes.
  void post_shut_down();

 private:
  friend class SessionHandler;

  void add(std::uint64_t serial, SessionHandler& handler) { handlers_.emplace(serial, &handler); }
  void remove(std::uint64_t serial) { handlers_.erase(serial); }
  /// One for all sessions: used up before the next is asked for.
  server::SessionOutput& empty_output() {
    output_.clear();
    return output_;
  }
  UnixMillis now() const { return clock_.now(); }
  /// Posted together with whatever else this turn of the reactor brings.
  void ask(std::vector<server::OfficeRequest>& requests);
  void flush();
  void set_office_full(bool full);

  const std::uint32_t index_;
  net::Reactor& reactor_;
  const server::ServerInfo& info_;
  Random& random_;
  const Clock& clock_;
  OfficeWorker& office_;
  server::StrangerLimits& strangers_;
  server::MemberLimits& members_;
  std::uint64_t next_serial_ = 1;
  std::unordered_map<std::uint64_t, SessionHandler*> handlers_;
  std::vector<server::OfficeRequest> outgoing_;
  server::SessionOutput output_;
  bool flush_planned_ = false;
  bool office_full_ = false;
  bool shutting_down_ = false;
};

}  // namespace martlet::daemon
