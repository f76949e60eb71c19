#pragma once

#include <map>

#include "base/random.h"
#include "client/network_client.h"
#include "wire/frames.h"

namespace martlet::client {

/// The connection of somebody who belongs to no account (yet): what a server grants to strangers
/// (spec/wire.md section 3), with reconnecting and pings. Whoever derives from it says what to ask,
/// and when to give up.
class Stranger : public NetworkClient {
 public:
  /// `random` outlives the object.
  Stranger(store::ServerAddress server, Random& random);

  bool wants_connection(UnixMillis now) const final;
  const store::ServerAddress& server() const final { return server_; }
  void on_connected(const std::array<std::uint8_t, 32>& exporter, UnixMillis now) final;
  void on_frame(ByteView frame, UnixMillis now) final;
  void on_disconnected(UnixMillis now) final;
  void on_tick(UnixMillis now) final;
  UnixMillis wake_at() const final;
  std::vector<Bytes> take_frames() final;
  bool take_close_wish() final;
  Link link() const final { return link_; }
  const std::optional<ApiError>& fatal() const final { return fatal_; }

 protected:
  /// The server has introduced itself: ask away.
  virtual void on_ready(UnixMillis now) = 0;
  /// An answer to ask(); refusals that mean "later" have been seen to.
  virtual void on_answer(const wire::Frame& frame, UnixMillis now) = 0;
  virtual void on_lost(UnixMillis now) = 0;
  // Those who expect nothing unasked, and have no time limit of their own, need none of these.
  virtual void on_push(const wire::Body& /*body*/, UnixMillis /*now*/) {}
  virtual void on_time(UnixMillis /*now*/) {}  ///< at due_at() or later
  virtual UnixMillis due_at() const { return UnixMillis::max(); }

  std::uint64_t ask(wire::Body body, UnixMillis now);
  void pass(wire::Body body);  ///< gets no answer but a refusal, of which we take no notice
  /// Gives this connection up and comes back after `pause` or a back-off.
  void drop(Milliseconds pause = {});
  void stop(const ApiError& error);
  /// Nothing more to ask: closes, for good.
  void finish();

 private:
  void queue(std::uint64_t request, wire::Body body);
  void close();

  store::ServerAddress server_;
  Random& random_;
  Link link_ = Link::offline;
  bool finished_ = false;
  bool closing_ = false;
  bool close_wish_ = false;
  std::optional<ApiError> fatal_;
  std::vector<Bytes> out_;
  std::uint64_t next_request_ = 1;
  std::map<std::uint64_t, UnixMillis> deadlines_;  ///< of what was asked
  UnixMillis greeting_deadline_{};
  UnixMillis ping_at_{};
  unsigned failures_ = 0;  ///< connections in a row on which the server answered nothing
  Milliseconds pause_{};
  UnixMillis next_attempt_{};
};

}  // namespace martlet::client
