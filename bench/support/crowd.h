#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "base/random.h"
#include "net/connection.h"
#include "server/test_device.h"
#include "server_under_load.h"

namespace martlet::bench {

/// So many devices with an account each, enrolled over TLS.
std::vector<server::TestDevice> enrol_crowd(const ServerUnderLoad& server, std::size_t count,
                                            Random& random);

/// One device's connection on the load's reactor.
class Member {
 public:
  using OnFrame = std::function<void(Member& member, wire::Frame& frame)>;

  Member(net::Reactor& reactor, const ServerUnderLoad& server, const server::TestDevice& device,
         OnFrame on_frame);
  void say(std::uint64_t request, wire::Body body);
  void close();
  bool logged_in() const;

  const server::TestDevice& device() const { return device_; }

 private:
  struct State;
  class Handler;
  const server::TestDevice& device_;
  std::shared_ptr<State> state_;
};

/// All of them logged in; a few at a time, so that nobody's handshake runs out of time. A deque:
/// members stay where they are.
std::deque<Member> log_in_crowd(net::Reactor& reactor, const ServerUnderLoad& server,
                                const std::vector<server::TestDevice>& devices,
                                const Member::OnFrame& on_frame);

}  // namespace martlet::bench
