#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "report.h"
#include "tls_line.h"

namespace martlet::bench {

/// What a message puts into TLS, frames with their lengths.
struct FloorSizes {
  std::size_t send = 0;
  std::size_t accepted = 0;
  std::size_t deliver = 0;
  std::size_t acknowledge = 0;
  static FloorSizes of(std::size_t envelope_bytes);
};

/// What nobody who moves a message over TLS can do without: the four records of a message (in,
/// accept, deliver, acknowledge) and nothing else. The server is this program once more
/// (`--floor-server`), on the core where martletd runs: epoll, OpenSSL with read-ahead, one write a
/// connection and round; it reads no byte of what it gets, and keeps none.
/// Batched: several frames in one record, one acknowledgement for all that a round brought; else
/// each frame has a record of its own.
class Floor {
 public:
  Floor(std::size_t pairs, std::size_t window, std::size_t envelope_bytes, bool batched);
  ~Floor();
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;

  /// Full windows for so long, after a warm-up; then quiet.
  Json measure(double warm_up_seconds, double seconds);

 private:
  struct End;  ///< one connection
  /// One round of what has come.
  void serve(int timeout_ms);
  void read(End& end);
  void answer(End& end);

  FloorSizes sizes_;
  std::size_t window_;
  bool batched_;
  pid_t pid_ = -1;
  int poller_ = -1;
  TlsContextPtr context_;
  std::vector<std::unique_ptr<End>> ends_;  ///< senders, then receivers
  std::vector<End*> to_answer_;
  Bytes blank_ = Bytes(65'536);
  std::uint64_t delivered_ = 0;
  bool sending_ = false;
};

/// The child: `words` as Floor writes them. Says its port on stdout, serves until it is killed.
int run_floor_server(const std::string& words);

}  // namespace martlet::bench
