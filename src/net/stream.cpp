#include "net/stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/limits.h"

namespace martlet::net {
namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;
constexpr std::size_t kRecordsATurn = 16;  ///< then others have their turn
constexpr std::size_t kFlushAtBytes =
    256 * 1024;  ///< so much waits: do not wait for the end of the turn
constexpr std::size_t kFirstReserveBytes = 2 * 1024;
constexpr Milliseconds kFarewell{1000};
constexpr Milliseconds kAskAgain{1000};  ///< a user that let silence pass is told again

}  // namespace

void Stream::start(Reactor::Implementation& reactor, int descriptor,
                   std::shared_ptr<StreamOwner> owner, SteadyTime handshake_deadline) {
  std::unique_ptr<Stream> made{
      new Stream{reactor, descriptor, std::move(owner), handshake_deadline}};
  auto& stream = *made;
  reactor.add(std::move(made));
  reactor.arm(stream, handshake_deadline);
  stream.user_ = stream.owner_->client_for(stream);
  if (!stream.socket_.is_open()) return stream.close_now(CloseReason::out_of_resources);
  if (stream.user_ != nullptr) return stream.shake_hands();
  stream.socket_.await_readable();  // until the client speaks it costs us no TLS session
}

Stream::Stream(Reactor::Implementation& reactor, int descriptor, std::shared_ptr<StreamOwner> owner,
               SteadyTime handshake_deadline)
    : reactor_{reactor},
      owner_{std::move(owner)},
      socket_{reactor.poller, descriptor, *this},
      deadline_{handshake_deadline} {}

Stream::~Stream() { owner_->on_stream_gone(); }

// --- What happens to us

void Stream::on_readable() {
  if (state_ == State::handshake) return user_ != nullptr ? shake_hands() : queue_up();
  if (state_ == State::open) return read_some();
  if (state_ == State::awaiting_end) return discard_some();
}

void Stream::on_writable() {
  write_blocked_ = false;
  if (state_ == State::handshake) return user_ != nullptr ? shake_hands() : queue_up();
  read_again_ = read_again_ || std::exchange(read_awaits_write_, false);
  reactor_.schedule(*this);
}

void Stream::on_alarm(SteadyTime now) {
  if (state_ == State::gone) return;
  if (state_ == State::handshake) return judge_handshake(now);
  if (queued_bytes() > 0) {
    const auto stalled_at = write_progress_ + owner_->times.write_stall;
    if (now >= stalled_at) return close_now(CloseReason::slow);
    reactor_.arm_at_latest(*this, stalled_at);
  }
  if (now < deadline_) return reactor_.arm_at_latest(*this, deadline_);
  if (state_ != State::open) return close_now(reason_);
  if (paused_) return;  // it is us who do not listen; resuming arms again
  user_->on_silence();
  if (now >= deadline_) reactor_.arm_at_latest(*this, now + kAskAgain);
}

/// The deadline moves without touching the alarm, as long as it moves away.
void Stream::move_deadline(SteadyTime at) {
  deadline_ = at;
  reactor_.arm_at_latest(*this, at);
}

bool Stream::turn() {
  if (state_ == State::gone) {
    socket_.close();
    owner_->on_stream_end(reason_, user_ != nullptr);
    if (user_ != nullptr) user_->on_gone(reason_);
    return false;
  }
  if (state_ == State::open && std::exchange(resumed_, false)) user_->on_resumed();
  if (state_ == State::open && !paused_ && std::exchange(read_again_, false)) read_some();
  flush();
  return true;
}

// --- The handshake

void Stream::queue_up() {
  if (!is_admitted()) Alarm::disarm();  // now it is we who let him wait
  reactor_.admission.ask(*this);
}

void Stream::on_admitted() {
  if (state_ != State::handshake) return;
  if (!tls_) {
    // Who lost patience meanwhile costs us no handshake.
    if (peer_has_gone(socket_.descriptor())) return close_now(CloseReason::peer);
    const auto now = std::chrono::steady_clock::now();
    deadline_ = now + owner_->times.handshake;
    reactor_.arm(*this, now + std::min(owner_->times.handshake, owner_->times.handshake_patience));
  }
  shake_hands();
}

/// While others wait for a place, who dawdles loses his.
void Stream::judge_handshake(SteadyTime now) {
  if (now >= deadline_ || (is_admitted() && reactor_.admission.has_waiting())) {
    return close_now(CloseReason::timed_out);
  }
  reactor_.arm(*this, std::min(deadline_, now + kAskAgain));
}

void Stream::shake_hands() {
  if (!tls_) tls_ = owner_->start_tls(socket_.descriptor());
  if (!tls_) return close_now(CloseReason::out_of_resources);
  const auto outcome = tls_.handshake();
  switch (outcome) {
    case TlsOutcome::done:
      return establish();
    case TlsOutcome::ended:
      return close_now(CloseReason::peer);
    case TlsOutcome::failed:
      return close_now(tls_.handshake_failure());
    case TlsOutcome::want_read:
    case TlsOutcome::want_write:
      return await(outcome);
  }
}

void Stream::await(TlsOutcome outcome) {
  if (outcome == TlsOutcome::want_write) return socket_.await_writable();
  socket_.await_readable();
}

void Stream::establish() {
  const auto protocol = tls_.protocol();
  if (user_ == nullptr) {
    user_ = owner_->server_for(*this, protocol);
    if (user_ == nullptr) return close_now(CloseReason::local);
  } else if (protocol != kFramesProtocol) {
    return close_now(CloseReason::tls);
  }
  reactor_.admission.leave(*this);
  state_ = State::open;
  owner_->on_shaken_hands();
  set_deadline(owner_->times.idle, true);
  user_->on_established({tls_.exporter(), remote_address(socket_.descriptor()), tls_.resumed()});
  if (is_reading()) read_some();  // some may have come along with the handshake
}

// --- Reading

void Stream::read_some() {
  for (std::size_t records = 0; records < kRecordsATurn; ++records) {
    if (!is_reading()) return;
    std::size_t size = 0;
    const auto outcome = tls_.read(reactor_.scratch, size);
    if (outcome == TlsOutcome::ended) return close_after_sending(CloseReason::peer);
    if (outcome == TlsOutcome::failed) return close_now(CloseReason::tls);
    if (outcome != TlsOutcome::done) {
      read_awaits_write_ = outcome == TlsOutcome::want_write;
      return await(outcome);
    }
    if (slide_ > Milliseconds::zero()) deadline_ = reactor_.round_began + slide_;
    user_->on_bytes(ByteView{reactor_.scratch}.first(size));
    // Asking the socket would most often only tell us that it is empty.
    if (!tls_.has_unread()) {
      if (is_reading()) socket_.await_readable();
      return;
    }
  }
  read_again_ = true;
  reactor_.schedule(*this);
}

void Stream::pause_reading() { paused_ = true; }

void Stream::resume_reading() {
  if (!paused_) return;
  paused_ = false;
  resumed_ = read_again_ = true;
  if (slide_ > Milliseconds::zero()) deadline_ = std::chrono::steady_clock::now() + slide_;
  reactor_.arm_at_latest(*this, deadline_);
  reactor_.schedule(*this);
}

void Stream::set_deadline(Milliseconds from_now, bool slides) {
  move_deadline(std::chrono::steady_clock::now() + from_now);
  slide_ = slides ? from_now : Milliseconds::zero();
}

// --- Writing

void Stream::write(ByteView head, ByteView body) {
  if (state_ != State::open) return;
  if (queued_bytes() == 0) write_progress_ = std::chrono::steady_clock::now();
  if (queued_bytes() + head.size() + body.size() > kFlushAtBytes) flush();
  if (queued_bytes() + head.size() + body.size() > limits::kWriteQueueBytesMax) {
    return close_now(CloseReason::slow);
  }
  const auto size = out_.size() + head.size() + body.size();
  if (size > out_.capacity()) out_.reserve(std::max({size, 2 * out_.size(), kFirstReserveBytes}));
  out_.insert(out_.end(), head.begin(), head.end());
  out_.insert(out_.end(), body.begin(), body.end());
  reactor_.schedule(*this);
}

void Stream::flush() {
  if (write_blocked_ || (state_ != State::open && state_ != State::sending_rest)) return;
  const auto before = sent_;
  while (sent_ < out_.size()) {
    const auto record = ByteView{out_}.subspan(sent_, std::min(kRecordBytes, queued_bytes()));
    std::size_t written = 0;
    const auto outcome = tls_.write(record, written);
    if (outcome == TlsOutcome::ended) return close_now(CloseReason::peer);
    if (outcome == TlsOutcome::failed) return close_now(CloseReason::tls);
    if (outcome != TlsOutcome::done) {
      write_blocked_ = true;
      // TLS 1.3 never has to read before it can write.
      socket_.await_writable();
      reactor_.arm_at_latest(*this, write_progress_ + owner_->times.write_stall);
      break;
    }
    sent_ += written;
  }
  if (sent_ != before) write_progress_ = std::chrono::steady_clock::now();
  if (queued_bytes() > 0) {
    if (sent_ >= queued_bytes()) {
      out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(sent_));
      sent_ = 0;
    }
    return;
  }
  const bool had_some = !out_.empty();
  Bytes{}.swap(out_);  // clear() would hold on to the memory
  sent_ = 0;
  if (state_ == State::sending_rest) return end_sending();
  if (had_some) user_->on_drained();
}

// --- The end

void Stream::close_after_sending(CloseReason reason) {
  if (state_ == State::handshake) return close_now(reason);
  if (state_ != State::open) return;
  state_ = State::sending_rest;
  reason_ = reason;
  move_deadline(std::chrono::steady_clock::now() + kFarewell);
  reactor_.schedule(*this);
}

/// Closing a socket with unread bytes in it resets the connection, and the reset may overtake
/// what we sent last. So we read until the other side has closed too.
void Stream::end_sending() {
  tls_.say_goodbye();
  ::shutdown(socket_.descriptor(), SHUT_WR);
  state_ = State::awaiting_end;
  discard_some();
}

void Stream::discard_some() {
  for (std::size_t i = 0; i < kRecordsATurn; ++i) {
    const auto got =
        ::recv(socket_.descriptor(), reactor_.scratch.data(), reactor_.scratch.size(), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return close_now(reason_);
    if (got < 0) break;
  }
  socket_.await_readable();
}

void Stream::close_now(CloseReason reason) {
  if (state_ == State::gone) return;
  reactor_.admission.leave(*this);
  state_ = State::gone;
  reason_ = reason;
  reactor_.schedule(*this);
}

}  // namespace martlet::net
