#pragma once

#include <deque>
#include <map>

#include "base/check.h"
#include "base/limits.h"
#include "server/office.h"
#include "server/session.h"

namespace martlet::server {

/// A whole server in one thread, for tests and simulations: sessions and the office over stores
/// that are given, with time that passes only when told to. Destroy it to kill the server; another
/// one on stores over the same disks is the restart.
class TestWorld {
 public:
  using Peer = std::uint64_t;  ///< names one connection

  /// All outlive the world.
  TestWorld(store::MailboxStore& mailboxes, store::DirectoryStore& directory,
            store::ProofStore& proofs, Random& random, OfficeOptions options, UnixMillis now)
      : random_{random},
        info_{options.domain, options.envelope_lifetime, options.open_registration},
        now_{now},
        office_{mailboxes, directory, proofs, random, std::move(options)} {}

  Peer connect(const Session::Exporter& exporter, const Origin& origin = {}) {
    const auto peer = ++last_serial_;
    SessionOutput out;
    auto session =
        std::make_unique<Session>(SessionId{0, peer}, info_, exporter, random_, now_, out, origin);
    connections_[peer].session = std::move(session);
    apply(peer, out);
    return peer;
  }
  /// The peer sends a frame. Held back while the session does not read; lost if it is closed.
  void say(Peer peer, Bytes frame) {
    auto& connection = connections_.at(peer);
    connection.unread.push_back(std::move(frame));
    read(peer);
  }
  void say(Peer peer, std::uint64_t request, wire::Body body) {
    say(peer, wire::encode(wire::Frame{request, std::move(body)}));
  }
  /// The connection breaks: whatever was on its way to the peer is lost.
  void disconnect(Peer peer) {
    SessionOutput out;
    connections_.at(peer).session->on_closed(out);
    apply(peer, out);
    connections_.erase(peer);
  }

  /// The office serves one batch of at most `requests_max`, and commits.
  void work(std::size_t requests_max = limits::kGatherRequests) {
    take_in(requests_max);
    commit();
  }
  /// The same, but what was sent is not on the disk yet.
  void take_in(std::size_t requests_max = limits::kGatherRequests) {
    std::vector<OfficeRequest> batch;
    while (!queue_.empty() && batch.size() < requests_max) {
      batch.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    std::vector<OfficeAnswer> answers;
    office_.take_in(batch, now_, answers);
    dispatch(answers);
  }
  void commit() {
    std::vector<OfficeAnswer> answers;
    office_.commit(answers);
    dispatch(answers);
  }
  /// The two halves of a commit; between them the disk is at work.
  void begin_commit() {
    std::vector<OfficeAnswer> answers;
    work_ = office_.begin_commit(answers);
    dispatch(answers);
  }
  void finish_commit() {
    if (work_ == nullptr) return;
    const auto written = work_->perform();
    work_.reset();
    std::vector<OfficeAnswer> answers;
    office_.finish_commit(written, answers);
    dispatch(answers);
  }
  /// Until nothing is left to do.
  void work_all() {
    do {
      work();
    } while (!queue_.empty() || office_.has_work());
  }
  /// Time passes; sessions and the office notice.
  void advance(Milliseconds by, bool idle = true) {
    now_ += by;
    for (const auto peer : peers()) {
      SessionOutput out;
      connections_.at(peer).session->on_tick(now_, out);
      apply(peer, out);
    }
    for (bool more = true; more;) {
      std::vector<OfficeAnswer> answers;
      more = office_.on_tick(now_, idle, answers);
      dispatch(answers);
    }
  }
  void shut_down() {
    for (const auto peer : peers()) {
      SessionOutput out;
      connections_.at(peer).session->shut_down(out);
      apply(peer, out);
    }
  }

  /// What the server has sent to the peer since the last call.
  std::vector<Bytes> take_bytes(Peer peer) { return std::exchange(connections_.at(peer).sent, {}); }
  std::vector<wire::Frame> take(Peer peer) {
    std::vector<wire::Frame> frames;
    for (const auto& bytes : take_bytes(peer)) {
      auto frame = wire::parse_frame(bytes);
      CHECK(frame.ok());
      frames.push_back(std::move(frame).take());
    }
    return frames;
  }
  bool closed(Peer peer) const { return connections_.at(peer).closed; }
  bool paused(Peer peer) const { return connections_.at(peer).paused; }
  std::size_t frame_bytes_max(Peer peer) const { return connections_.at(peer).frame_bytes_max; }

  /// Serves a request that no session made; answers go where they say.
  void serve(OfficeRequest request) {
    queue_.push_back(std::move(request));
    work_all();
  }
  /// Asks as the operator does, and gives back the answer.
  template <class Body>
  OfficeAnswer ask_as_operator(Body body) {
    OfficeRequest request{SessionId{kOperator, 1}, 0, 1, std::move(body)};
    std::vector<OfficeAnswer> answers;
    office_.process({&request, 1}, now_, answers);
    OfficeAnswer mine;
    std::vector<OfficeAnswer> others;
    for (auto& answer : answers) {
      if (answer.session.reactor == kOperator) {
        mine = std::move(answer);
      } else {
        others.push_back(std::move(answer));
      }
    }
    dispatch(others);
    return mine;
  }

  /// What the server wanted sent to people's addresses and numbers since the last call.
  std::vector<ProofSending> take_sendings() { return std::exchange(sendings_, {}); }
  /// What the operator was told since the last call, but for what ask_as_operator gave back.
  std::vector<OfficeAnswer> take_operator_answers() { return std::exchange(operator_answers_, {}); }

  UnixMillis now() const { return now_; }
  const Office& office() const { return office_; }
  std::size_t queued() const { return queue_.size(); }

 private:
  struct Connection {
    std::unique_ptr<Session> session;
    std::vector<Bytes> sent;
    std::deque<Bytes> unread;
    std::size_t frame_bytes_max = limits::kStrangerFrameBytesMax;
    bool closed = false;
    bool paused = false;
  };

  /// A copy of the names: what is done to one may close others.
  std::vector<Peer> peers() const {
    std::vector<Peer> all;
    for (const auto& [peer, connection] : connections_) all.push_back(peer);
    return all;
  }
  void read(Peer peer) {
    auto& connection = connections_.at(peer);
    while (!connection.unread.empty() && !connection.paused && !connection.closed) {
      const auto frame = std::move(connection.unread.front());
      connection.unread.pop_front();
      SessionOutput out;
      connection.session->on_frame(frame, now_, out);
      apply(peer, out);
    }
  }
  void apply(Peer peer, SessionOutput& out) {
    auto& connection = connections_.at(peer);
    for (std::size_t i = 0; i < out.frames.size(); ++i) {
      connection.sent.push_back(copy_of(out.frames[i]));
    }
    for (auto& request : out.requests) queue_.push_back(std::move(request));
    if (out.frame_bytes_max) connection.frame_bytes_max = *out.frame_bytes_max;
    if (out.close) connection.closed = true;
    if (out.reading == SessionOutput::Reading::pause) connection.paused = true;
    if (out.reading == SessionOutput::Reading::resume) connection.paused = false;
  }
  void dispatch(std::vector<OfficeAnswer>& answers) {
    for (auto& answer : answers) {
      if (auto* sending = std::get_if<ProofSending>(&answer.body)) {
        sendings_.push_back(std::move(*sending));
        continue;
      }
      if (answer.session.reactor == kOperator) {
        operator_answers_.push_back(std::move(answer));
        continue;
      }
      const auto peer = answer.session.serial;
      if (!connections_.contains(peer)) continue;  // gone while the office worked
      SessionOutput out;
      connections_.at(peer).session->on_answer(std::move(answer), now_, out);
      apply(peer, out);
      read(peer);
    }
  }

  Random& random_;
  ServerInfo info_;
  UnixMillis now_;
  Office office_;
  std::unique_ptr<store::SyncWork> work_;
  std::uint64_t last_serial_ = 0;
  std::map<Peer, Connection> connections_;
  std::deque<OfficeRequest> queue_;
  std::vector<ProofSending> sendings_;
  std::vector<OfficeAnswer> operator_answers_;
};

}  // namespace martlet::server
