#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/seeded_random.h"
#include "net/connection.h"
#include "server/test_device.h"

namespace martlet::bench {

using Steady = std::chrono::steady_clock;

/// When a device that lost its connection tries again.
enum class Manners : std::uint8_t {
  hostile,  ///< at once, whatever it was told
  decent,   ///< as our client does: back-off with jitter, and not before the time it was told
};

/// A device that is always there, or on its way back. Stays where it is; on the load's reactor.
class Comer {
 public:
  struct World {
    net::Reactor& reactor;
    std::uint16_t port;
    Digest fingerprint;
    Manners manners;
    SeededRandom random{11};
    std::size_t attempts = 0;
    std::size_t refused = 0;  ///< attempts that came to nothing
    std::function<void(Comer&, wire::Frame&)> on_frame;
  };
  Comer(World& world, const server::TestDevice& device) : world_{world}, device_{device} {}

  void begin();
  void say(std::uint64_t request, wire::Body body);
  /// No more coming back.
  void leave();
  bool is_in() const { return in_; }
  /// Of the last login.
  Steady::time_point came_in() const { return came_in_; }
  const server::TestDevice& device() const { return device_; }

 private:
  class Handler;
  void on_frame(ByteView bytes);
  void on_closed();

  World& world_;
  const server::TestDevice& device_;
  net::FrameConnection* connection_ = nullptr;
  std::array<std::uint8_t, 32> exporter_{};
  std::shared_ptr<net::Resumption> resumption_ = std::make_shared<net::Resumption>();
  std::shared_ptr<void> timer_;
  Steady::time_point came_in_;
  Milliseconds told_{0};
  unsigned failures_ = 0;
  bool in_ = false;
  bool leaving_ = false;
};

}  // namespace martlet::bench
