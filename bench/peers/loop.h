#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "line.h"

namespace martlet::bench {

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
