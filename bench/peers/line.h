#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace martlet::bench {

struct ReleaseLine {
  void operator()(SSL* handle) const noexcept { SSL_free(handle); }
  void operator()(SSL_CTX* handle) const noexcept { SSL_CTX_free(handle); }
};
using LineContext = std::unique_ptr<SSL_CTX, ReleaseLine>;

/// TLS 1.3 as a load client: any certificate, no tickets kept. `alpn` may be empty.
LineContext make_line_context(const std::string& alpn);

/// One connection of the load, straight on OpenSSL, so that every server in a run sees the same
/// client: what a turn writes leaves at its end, in as few records as it fits. Whatever fails
/// before `close_is_fine` ends the benchmark. Owned by one thread.
class Line {
 public:
  /// Connects to 127.0.0.1 (from 127.0.0.2 on, as one address has too few ports for many thousands)
  /// and shakes hands, blocking. `greeted_in_clear`: the server first says a line without TLS.
  Line(SSL_CTX* context, std::uint16_t port, bool greeted_in_clear = false);
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  /// While blocking: exactly so many bytes. An end of the connection ends the benchmark.
  Bytes read_exactly(std::size_t size);
  void write_now(ByteView bytes);
  void export_key(const char* label, std::span<std::uint8_t> into);

  /// What waits to be written; append to it, and flush() at the end of the turn.
  Bytes out;
  /// Bytes that came and were not used yet.
  Bytes in;

  /// From here on nothing blocks.
  void stop_blocking();
  /// Reads what there is into `in`; false: the connection is over.
  bool fill();
  /// Writes what it can; false: the connection is over.
  bool flush();
  int descriptor() const { return descriptor_; }
  bool open() const { return open_; }
  void close();

 private:
  int descriptor_;
  std::unique_ptr<SSL, ReleaseLine> ssl_;
  std::size_t written_ = 0;  ///< of `out`
  bool open_ = true;
};

/// Somebody who talks on a line.
class Talker {
 public:
  explicit Talker(std::unique_ptr<Line> line) : line_{std::move(line)} {}
  virtual ~Talker() = default;
  Talker(const Talker&) = delete;
  Talker& operator=(const Talker&) = delete;
  Line& line() { return *line_; }
  /// The line alone: nobody talks on it any more.
  std::unique_ptr<Line> release() { return std::move(line_); }
  /// Takes whole messages from the front of `bytes` and says how many bytes they were.
  virtual std::size_t take(ByteView bytes) = 0;
  /// The turn ends: now is the time to acknowledge what it brought.
  virtual void end_turn() {}

 private:
  std::unique_ptr<Line> line_;
};

/// Turns on epoll: reads whoever has something, lets them answer, writes what they left.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void add(Talker& talker);  ///< outlives the loop's use of it
  /// Has written something outside its turn.
  void wants_flush(Talker& talker) { touched_.push_back(&talker); }
  /// One turn: waits so long at most for something to come.
  void turn(std::int64_t wait_nanoseconds);
  /// Turns until `done`, or so long; says whether it was done. `each_turn` goes before each.
  bool run_until(const std::function<bool()>& done, double seconds,
                 const std::function<std::int64_t()>& each_turn = {});

 private:
  int epoll_;
  std::vector<Talker*> touched_;
};

/// Nanoseconds of the steady clock.
std::int64_t now_ns();

}  // namespace martlet::bench
