#pragma once

#include <memory>
#include <string>
#include <vector>

#include "loop.h"

namespace martlet::bench {

/// Hears what becomes of messages. Times are now_ns() of when a message was due to be sent.
class Tally {
 public:
  virtual ~Tally() = default;
  virtual void accepted(std::size_t pair, std::int64_t due) = 0;
  virtual void delivered(std::size_t pair, std::int64_t due) = 0;
};

/// One who sends, logged in.
class Sender : public Talker {
 public:
  using Talker::Talker;
  /// Leaves a message in line().out; the loop is told by the caller. Who only receives does not
  /// override it: then it ends the benchmark.
  virtual void send(std::int64_t due);
};

/// When a message whose content, or id, begins so was due.
std::int64_t due_of(ByteView id_or_content);

/// A server of some protocol under load: it runs in a process of its own, pinned to the server's
/// core.
class Courier {
 public:
  virtual ~Courier() = default;
  virtual std::string name() const = 0;
  virtual double cpu_seconds() const = 0;
  virtual std::uint64_t pss_bytes() const = 0;
  /// The two ends of pair `pair`, logged in; the receiver first. `tally` outlives them.
  virtual std::unique_ptr<Talker> receiver(std::size_t pair, Tally& tally) = 0;
  virtual std::unique_ptr<Sender> sender(std::size_t pair, Tally& tally) = 0;
  /// A client that logs in and does nothing further.
  virtual std::unique_ptr<Line> idle_line(std::size_t number) = 0;
};

struct Shape {
  std::size_t pairs = 50;
  std::size_t window = 16;       ///< unanswered messages of a sender
  std::size_t bytes = 1'024;     ///< of a message's content; at least 8
  double seconds = 3;            ///< to measure
  double warm_up = 0.7;          ///< seconds before that
  double messages_a_second = 0;  ///< 0: as many as the window lets through (closed loop)
};

struct Measured {
  double seconds = 0;
  std::uint64_t messages = 0;  ///< delivered and accepted
  /// The server's, user and system. 0: nothing came, or it took less than the clock can tell.
  double cpu_us_a_message = 0;
  double accepted_p50_ms = 0, accepted_p99_ms = 0;
  double delivered_p50_ms = 0, delivered_p99_ms = 0;
  double rate_kept = 0;  ///< open loop: part of the intended messages that came in time
};

/// Connects the pairs, loads the server with messages of that shape, waits until all have arrived
/// and been accepted, disconnects. A message that goes missing ends the benchmark.
Measured measure(Courier& courier, const Shape& shape);

}  // namespace martlet::bench
