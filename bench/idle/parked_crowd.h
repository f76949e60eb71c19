#pragma once

#include <span>
#include <thread>
#include <vector>

#include "raw_line.h"

namespace martlet::bench {

/// Lines that were opened, and logged in if they have devices, a few at a time; then silent but
/// for a ping a minute.
class ParkedCrowd {
 public:
  /// Comes back when all are in. `devices`: as many as lines, or none.
  ParkedCrowd(std::uint16_t port, std::size_t count, std::span<const server::TestDevice> devices);

 private:
  SslContextPtr context_;
  std::vector<std::vector<RawLine>> lines_;  ///< of each thread that opened them
};

}  // namespace martlet::bench
