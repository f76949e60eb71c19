#pragma once

#include <chrono>
#include <deque>
#include <unordered_map>

#include "base/seeded_random.h"
#include "crowd.h"

namespace martlet::bench {

/// Sends from the first half of the members to the second, acknowledges what arrives, and takes the
/// times. Envelopes are opaque: sealing is the devices' work, and has a benchmark of its own.
/// Owned by the reactor's thread.
class Load {
 public:
  using Steady = std::chrono::steady_clock;

  Load(net::Reactor& reactor, std::size_t window, std::size_t envelope_bytes)
      : reactor_{reactor}, window_{window}, sealed_(envelope_bytes) {}

  void take(std::deque<Member>& members, std::size_t pairs);
  void on_frame(Member& member, wire::Frame& frame);

  /// Keeps every window full.
  void begin_closed_loop();
  /// So many messages a second, each with a time at which it is to leave. What finds its sender's
  /// window full leaves later, but its delay counts from that time.
  void begin_open_loop(double messages_a_second);
  void start_measuring();
  void wind_down();
  bool quiet() const;

  std::vector<double> accept_ms;
  std::vector<double> deliver_ms;
  std::uint64_t acknowledged = 0;
  std::uint64_t dropped = 0;  ///< of the open loop, which would wait for longer than is worth it

 private:
  struct Sender {
    Member* member = nullptr;
    Member* peer = nullptr;
    std::size_t unanswered = 0;
    std::deque<Steady::time_point> late;
  };
  enum class Mode : std::uint8_t { quiet, closed_loop, open_loop };

  void send(Sender& sender, Steady::time_point intended);
  void send_what_is_due();
  void on_accepted(Member& member, const MessageId& message);
  void on_delivered(Member& member, const wire::Deliver& deliver);
  void acknowledge();

  net::Reactor& reactor_;
  std::size_t window_;
  Bytes sealed_;
  SeededRandom random_{3};
  Mode mode_ = Mode::quiet;
  std::vector<Sender> senders_;
  std::unordered_map<const Member*, std::size_t> place_of_;
  std::unordered_map<MessageId, Steady::time_point> sent_at_;
  std::unordered_map<Member*, wire::Acknowledge> to_acknowledge_;
  std::uint64_t undelivered_ = 0;
  std::uint64_t request_ = 1;
  std::size_t next_sender_ = 0;
  Steady::time_point next_at_;
  std::chrono::duration<double> interval_{};
  std::shared_ptr<void> timer_;
};

}  // namespace martlet::bench
