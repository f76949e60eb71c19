#pragma once

#include <chrono>
#include <deque>
#include <span>
#include <thread>
#include <vector>

#include "frames_on_line.h"

namespace martlet::bench {

/// Lines that were opened, and logged in if they have devices, a few at a time; then silent but
/// for a ping a minute.
class ParkedCrowd {
 public:
  /// Comes back when all are in. `devices`: as many as lines, or none.
  ParkedCrowd(std::uint16_t port, std::size_t count, std::span<const server::TestDevice> devices);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Parked {
    Parked(SSL_CTX* context, std::uint16_t port) : line{context, port} {}
    /// Whom nobody hears of is thrown out, so each says a word from time to time.
    void ping_if_due(Time now);
    Line line;
    Time last_word = std::chrono::steady_clock::now();
  };

  TlsContextPtr context_;
  std::vector<std::deque<Parked>> lines_;  ///< of each thread that opened them
};

}  // namespace martlet::bench
