#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/random.h"
#include "client/engine.h"
#include "client/login_marks.h"
#include "client/self.h"
#include "wire/frames.h"

namespace martlet::client {

/// The one connection to the server: login or enrolment, request ids with a time limit each, pings,
/// and when to try again after it broke. Owned by the engine's thread.
class Connection {
 public:
  /// All three outlive the connection. `self` is written when the server confirms the enrolment.
  Connection(store::Vault& vault, Self& self, Random& random);

  // --- the owner of the socket ---
  bool is_wanted(UnixMillis now) const;
  void on_connected(const std::array<std::uint8_t, 32>& exporter, UnixMillis now);
  void on_disconnected(UnixMillis now);
  void on_tick(UnixMillis now);
  UnixMillis wake_at() const;
  std::vector<Bytes> take_frames();
  bool take_close_wish();

  // --- the other parts of the engine ---
  Link link() const { return link_; }
  bool online() const { return link_ == Link::online; }
  bool is_open() const { return link_ != Link::offline && !dropped_; }
  const std::optional<ApiError>& fatal() const { return fatal_; }
  /// Envelopes that the server announced at login.
  std::uint64_t waiting_at_login() const { return waiting_; }
  /// Of the own chain, as the server said at login; zero: it did not.
  const LinkId& head_at_login() const { return head_; }
  /// Our clock minus the server's when it said so last, in this run.
  const std::optional<Milliseconds>& clock_skew() const { return clock_skew_; }
  /// Handles what concerns the connection itself. True: the frame needs nobody else.
  bool on_frame(const wire::Frame& frame, UnixMillis now);
  /// Sends a request and gives back its id, which the answer repeats. Only while online.
  std::uint64_t ask(wire::Body body, UnixMillis now);
  /// Sends what gets no answer.
  void tell(wire::Body body);
  /// Sends what gets no answer but perhaps a refusal, of which nobody takes notice.
  void pass(wire::Body body) { queue(next_request_++, std::move(body)); }
  /// True if `request` was still waited for; it no longer is.
  bool finish(std::uint64_t request);
  bool has_requests() const;
  /// Gives the connection up: the owner is asked to close it, and we come back after a back-off of
  /// at least `pause`.
  void drop(Milliseconds pause = {});
  /// Gives the server up for good.
  void stop(const ApiError& error);
  /// All times noted so far mean nothing any more.
  void on_clock_set_back(UnixMillis now);

 private:
  enum class Step : std::uint8_t { challenge, enrolled, welcome, done };

  bool on_greeting(const wire::Frame& frame, UnixMillis now);
  void on_challenge(const wire::Challenge& challenge, UnixMillis now);
  void on_enrolled(const wire::Enrolled& enrolled, UnixMillis now);
  void on_welcome(const wire::Welcome& welcome, UnixMillis now);
  void on_login_refused(const wire::Refusal& refusal, UnixMillis now);
  /// Drops the connection if the vault did not take it.
  bool noted(const Result<void>& done);
  void authenticate(UnixMillis now);
  std::size_t queue(std::uint64_t request, wire::Body body);

  store::Vault& vault_;
  Self& self_;
  Random& random_;
  LoginMarks marks_;

  Link link_ = Link::offline;
  Step step_ = Step::challenge;
  bool dropped_ = false;
  bool close_wish_ = false;
  std::optional<ApiError> fatal_;
  std::array<std::uint8_t, 32> exporter_{};
  std::array<std::uint8_t, wire::kNonceBytes> nonce_{};
  std::uint64_t waiting_ = 0;
  LinkId head_;
  std::optional<Milliseconds> clock_skew_;
  std::vector<Bytes> out_;

  std::uint64_t next_request_ = 1;
  std::uint64_t login_request_ = 0;
  std::uint64_t ping_request_ = 0;
  std::map<std::uint64_t, UnixMillis> deadlines_;  ///< of requests; ids grow, so oldest first
  UnixMillis uploaded_at_{};                       ///< when a slow line has taken all we queued
  UnixMillis greeting_deadline_{};
  UnixMillis ping_at_{};
  Milliseconds ping_interval_{};
  UnixMillis online_since_{};

  unsigned failures_ = 0;  ///< connections in a row that came to nothing
  Milliseconds pause_{};
  UnixMillis next_attempt_{};
};

}  // namespace martlet::client
