#pragma once

#include <chrono>
#include <deque>
#include <unordered_map>

#include "base/seeded_random.h"
#include "device_line.h"

namespace martlet::bench {

/// Milliseconds.
struct Latency {
  double p50 = 0, p99 = 0, largest = 0;
  std::size_t messages = 0;
};

/// Pairs of well-behaved devices: each sender writes at a steady pace, whatever the server does,
/// and each receiver acknowledges what it gets. How long a message takes from the moment at which
/// it was due to its receiver is what fairness is judged by.
class CalmLoad {
 public:
  struct Options {
    double messages_a_second = 10;  ///< of each sender
    std::size_t bytes = 1'024;
  };
  /// The first half of `devices` write to the second. Both outlive the load.
  CalmLoad(net::Reactor& reactor, const ServerUnderLoad& server,
           std::span<const server::TestDevice> devices, const Options& options);

  /// Writes for so long, then waits until all has arrived.
  Latency measure(std::chrono::duration<double> time);
  void close();

 private:
  using Steady = std::chrono::steady_clock;
  void send_due(Steady::time_point until);
  void send(std::size_t pair, Steady::time_point due);
  void on_delivered(DeviceLine& line, const wire::Deliver& deliver);
  void on_answer(const wire::Frame& frame);
  void acknowledge();

  net::Reactor& reactor_;
  const Options options_;
  std::deque<DeviceLine> senders_, receivers_;
  std::vector<Steady::time_point> next_;  ///< when each pair's next message is due
  SeededRandom random_{5};
  Bytes sealed_;
  std::unordered_map<DeviceLine*, wire::Acknowledge> to_acknowledge_;
  std::vector<double> milliseconds_;
  std::uint64_t undelivered_ = 0, unanswered_ = 0, request_ = 1;
};

}  // namespace martlet::bench
