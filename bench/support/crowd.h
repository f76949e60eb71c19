#pragma once

#include <deque>
#include <functional>

#include "base/random.h"
#include "device_line.h"

namespace martlet::bench {

/// So many devices with an account each, enrolled over TLS.
std::vector<server::TestDevice> enrol_crowd(const ServerUnderLoad& server, std::size_t count,
                                            Random& random);

/// A DeviceLine for who must not be refused anything, nor lose the connection before the login.
class Member {
 public:
  using OnFrame = std::function<void(Member& member, wire::Frame& frame)>;

  /// Stays where it is.
  Member(net::Reactor& reactor, const ServerUnderLoad& server, const server::TestDevice& device,
         OnFrame on_frame);
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  void say(std::uint64_t request, wire::Body body) { line_.say(request, std::move(body)); }
  void close() { line_.close(); }
  bool logged_in() const { return line_.logged_in(); }
  const server::TestDevice& device() const { return line_.device(); }

 private:
  DeviceLine line_;
};

/// All of them logged in; a few at a time, so that nobody's handshake runs out of time. A deque:
/// members stay where they are.
std::deque<Member> log_in_crowd(net::Reactor& reactor, const ServerUnderLoad& server,
                                const std::vector<server::TestDevice>& devices,
                                const Member::OnFrame& on_frame);

}  // namespace martlet::bench
