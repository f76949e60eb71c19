#pragma once

#include <deque>
#include <memory>

#include "net/connection.h"
#include "server/test_device.h"

namespace martlet::martletd_test {

/// HOST, PORT, TOKEN and fingerprint of an invitation.
struct InvitationParts {
  std::string host;
  std::uint16_t port = 0;
  std::string token;
  Digest fingerprint{};
};
/// Of a URL that our own server printed.
InvitationParts parts_of(const std::string& url);

/// One connection of a device to a real server, for tests: each call waits for what it asks. Not
/// more than one thread uses it.
class DeviceClient {
 public:
  static constexpr Milliseconds kPatience = std::chrono::seconds{30};

  /// Waits for the Challenge, or for the end.
  explicit DeviceClient(const InvitationParts& server);
  ~DeviceClient();

  bool log_in(const server::TestDevice& device);
  /// Enrols `device`, which has founded its account.
  wire::Body enrol(const std::string& token, const server::TestDevice& device,
                   const std::string& handle = "");

  void say(std::uint64_t request, wire::Body body);
  void say_bytes(Bytes frame);
  /// Says it and waits for its answer; Unknown if the connection ends first.
  wire::Body ask(wire::Body body);
  /// The next push that is a Deliver; nothing if the connection ends or time is up.
  std::optional<wire::Deliver> next_delivery(Milliseconds patience = kPatience);
  std::optional<wire::Refusal> next_refusal();
  /// The next push that tells of the account's handles.
  std::optional<wire::Handles> next_handles();
  /// The answers to `say` that came, by request, waiting for `count` of them or the end.
  std::vector<wire::Frame> answers(std::size_t count);
  /// Waits for the end.
  std::optional<net::CloseReason> closed();
  /// Turns the wheel without waiting for anything in particular, until `done`.
  bool run_until(const std::function<bool()>& done, Milliseconds patience = kPatience);

 private:
  struct Seen;
  class Handler;
  template <class Body>
  std::optional<Body> take_push(Milliseconds patience);

  std::shared_ptr<Seen> seen_;
  std::unique_ptr<net::Reactor> reactor_;
  std::uint64_t next_request_ = 1'000'000;
};

}  // namespace martlet::martletd_test
