#pragma once

#include <functional>
#include <memory>

#include "net/connection.h"
#include "server/test_device.h"
#include "server_under_load.h"

namespace martlet::bench {

/// One device's connection on a reactor: logs in by itself. Owned by one reactor, and goes before
/// it. What is no frame ends the benchmark.
class DeviceLine {
 public:
  /// Every frame but Challenge and Welcome, refusals too.
  using OnFrame = std::function<void(wire::Frame& frame)>;
  /// May come after the line has gone.
  using OnClosed = std::function<void(net::CloseReason reason, bool was_logged_in)>;

  /// `device` outlives the line.
  DeviceLine(net::Reactor& reactor, const ServerUnderLoad& server, const server::TestDevice& device,
             OnFrame on_frame, OnClosed on_closed = {});
  void say(std::uint64_t request, wire::Body body);
  void pause_reading();
  void close();
  bool logged_in() const;
  const server::TestDevice& device() const;

 private:
  struct State;
  class Handler;
  std::shared_ptr<State> state_;
};

}  // namespace martlet::bench
