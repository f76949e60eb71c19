#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "net/connection.h"
#include "net/reactor_implementation.h"
#include "net/socket.h"
#include "net/tls.h"

namespace martlet::net {

class Stream;

/// What is spoken inside TLS: frames or HTTP. Owned by its stream, called on its reactor.
class StreamUser {
 public:
  virtual ~StreamUser() = default;
  virtual void on_established(const Established& established) = 0;
  /// The bytes live for the call only.
  virtual void on_bytes(ByteView bytes) = 0;
  /// Reading goes on after a pause.
  virtual void on_resumed() = 0;
  /// All that was written has left.
  virtual void on_drained() {}
  /// The stream's deadline passed.
  virtual void on_silence() = 0;
  /// Once, last.
  virtual void on_gone(CloseReason reason) = 0;
};

struct StreamTimes {
  Milliseconds handshake;
  Milliseconds handshake_patience;  ///< the same while others wait
  Milliseconds idle;
  Milliseconds write_stall;
};

/// Who made the streams: a listener, or a call of connect(). Shared by them; used by several
/// reactors at once.
class StreamOwner {
 public:
  explicit StreamOwner(const StreamTimes& limits) : times{limits} {}
  virtual ~StreamOwner() = default;
  virtual TlsSession start_tls(int descriptor) const = 0;
  /// We are the client, and the stream has this user from the start; null: we are the server.
  virtual std::unique_ptr<StreamUser> client_for(Stream& /*stream*/) { return nullptr; }
  /// The server's user for this protocol (empty: none negotiated); null: the stream closes.
  virtual std::unique_ptr<StreamUser> server_for(Stream& stream, std::string_view protocol) = 0;
  /// The handshake has ended well.
  virtual void on_shaken_hands() {}
  /// A stream has ended; `was_open`: after its handshake.
  virtual void on_stream_end(CloseReason /*reason*/, bool /*was_open*/) {}
  virtual void on_stream_gone() {}

  const StreamTimes times;
};

/// A TCP connection with TLS on it: handshake, reading in turns, a queue for writing, timeouts.
/// While nothing is under way it holds no buffers. The server's handshakes wait for admission.
/// Owned by its reactor.
class Stream final : public Resident, private SocketUser, private Alarm, private Newcomer {
 public:
  /// Takes over `descriptor`. The handshake has to be done by `handshake_deadline`; at a server the
  /// client has to begin by then, and has as much time again from when we serve him.
  static void start(Reactor::Implementation& reactor, int descriptor,
                    std::shared_ptr<StreamOwner> owner, SteadyTime handshake_deadline);
  ~Stream() override;

  /// The rest is for the user, from inside its calls or from elsewhere on the reactor.
  /// Queues both parts, one behind the other; they leave at the end of the turn. More than
  /// kWriteQueueBytesMax waiting: the stream is gone as `slow`.
  void write(ByteView head, ByteView body);
  std::size_t queued_bytes() const { return out_.size() - sent_; }
  bool is_reading() const { return state_ == State::open && !paused_; }
  void pause_reading();
  void resume_reading();
  /// Sends what is queued, for about a second at most, then is gone as `reason`. No more bytes are
  /// delivered.
  void close_after_sending(CloseReason reason);
  void close_now(CloseReason reason);
  /// on_silence is called from now on unless this is called again, or, if it slides, bytes come.
  void set_deadline(Milliseconds from_now, bool slides);

 private:
  enum class State : std::uint8_t { handshake, open, sending_rest, awaiting_end, gone };
  Stream(Reactor::Implementation& reactor, int descriptor, std::shared_ptr<StreamOwner> owner,
         SteadyTime handshake_deadline);
  void on_readable() override;
  void on_writable() override;
  void on_alarm(SteadyTime now) override;
  void on_admitted() override;
  bool turn() override;
  const void* group() const override { return owner_.get(); }
  void queue_up();
  void shake_hands();
  void move_deadline(SteadyTime at);
  void judge_handshake(SteadyTime now);
  void establish();
  void read_some();
  void discard_some();
  void flush();
  void end_sending();
  void await(TlsOutcome outcome);

  Reactor::Implementation& reactor_;
  const std::shared_ptr<StreamOwner> owner_;
  Socket socket_;
  TlsSession tls_;
  std::unique_ptr<StreamUser> user_;
  Bytes out_;
  std::size_t sent_ = 0;
  SteadyTime deadline_;  ///< the alarm may come earlier, and then moves on
  SteadyTime write_progress_{};
  Milliseconds slide_{0};  ///< how far each read moves the deadline; 0: not at all
  State state_ = State::handshake;
  CloseReason reason_ = CloseReason::local;
  bool paused_ = false;
  bool resumed_ = false;     ///< tell the user at the end of the turn
  bool read_again_ = false;  ///< read at the end of the turn
  bool write_blocked_ = false;
  bool read_awaits_write_ = false;
};

}  // namespace martlet::net
