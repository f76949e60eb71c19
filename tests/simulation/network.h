#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>

#include "base/random.h"
#include "schedule.h"

namespace martlet::simulation {

/// How unkind the network is. All in thousandths.
struct Weather {
  std::uint64_t connect_fails = 0;
  std::uint64_t breaks = 0;  ///< at a frame: it and all behind it are lost, both sides learn later
  std::uint64_t duplicates = 0;  ///< a frame arrives twice
  Milliseconds delay_max{1};
  std::uint64_t garbles = 0;  ///< a delivered envelope is damaged (in the server's store, say)
};

/// One simulated TLS connection: frames arrive in order or not at all, each with a delay of its
/// own. Both ends are told once that it is over, at different times: so old and new ones overlap.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct End {
    std::function<void(Bytes)> on_frame;
    std::function<void()> on_closed;
  };
  enum Side : std::size_t { client = 0, server = 1 };

  Connection(Schedule& schedule, Random& random, const Weather& weather)
      : schedule_{schedule}, random_{random}, weather_{weather} {
    random_.fill(exporter);
  }

  /// Sends to the other side.
  void send(Side from, Bytes frame);
  /// `from` is done with it, or died; the other side learns later. `from` hears no more of it.
  void close(Side from);

  std::array<std::uint8_t, 32> exporter{};
  std::array<End, 2> ends;

 private:
  bool happens(std::uint64_t thousandths) { return random_.below(1000) < thousandths; }
  Milliseconds delay() {
    return Milliseconds{1 + static_cast<std::int64_t>(random_.below(
                                static_cast<std::uint64_t>(weather_.delay_max.count())))};
  }
  void deliver(Side to, Bytes frame);
  void tell_closed(Side side, Milliseconds delay);

  Schedule& schedule_;
  Random& random_;
  const Weather& weather_;
  bool broken_ = false;
  std::array<std::uint64_t, 2> sent_{};
  std::array<bool, 2> closed_{};
  std::array<UnixMillis, 2> last_arrival_{};  ///< at that side
};

}  // namespace martlet::simulation
