#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "client/network_client.h"
#include "net/connection.h"
#include "net/reactor.h"

namespace martlet::cli {

/// Joins a client to the network: connects when it wants a connection, carries frames both ways,
/// wakes it when it asks to be woken. Owned by one thread; nothing happens outside run_until and
/// leave.
class Runner {
 public:
  /// All outlive the runner.
  Runner(client::NetworkClient& client, net::Reactor& reactor, const Clock& clock);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Runs until `done` is true (asked first, and after whatever happens), for `timeout` at most.
  /// Gives back `done()`. Ends early, too, when going on is of no use: see problem().
  bool run_until(const std::function<bool()>& done, Milliseconds timeout);

  /// The same, but `timeout` is for each next frame: as long as the server sends, it goes on.
  bool run_while_moving(const std::function<bool()>& done, Milliseconds timeout);

  /// After something was asked of the client outside of its callbacks, while the runner runs.
  void poke() { pump(); }

  /// Lets what is queued go out and closes the connection. The runner may be used again.
  void leave();

  /// Why going on is of no use: the client's fatal error, or a server that is not who it should be.
  std::optional<client::ApiError> problem() const;
  /// Why there is no connection, in words for people. Empty when there is one, or none was tried.
  std::optional<client::ApiError> unreachable() const;
  /// Logged in, at any time since the runner was made.
  bool was_online() const { return was_online_; }
  /// A connection attempt failed since the runner was made.
  bool failed_once() const { return close_reason_.has_value(); }

 private:
  struct Handle;
  class Handler;
  void pump();
  void connect();
  void arm_timer(UnixMillis now);

  client::NetworkClient& client_;
  net::Reactor& reactor_;
  const Clock& clock_;
  std::shared_ptr<Handle> handle_;  ///< what connections that outlive us see of us
  const std::shared_ptr<net::Resumption> resumption_ = std::make_shared<net::Resumption>();
  net::FrameConnection* connection_ = nullptr;
  bool connecting_ = false;
  bool leaving_ = false;
  std::uint64_t frames_ = 0;  ///< received
  bool was_online_ = false;
  std::optional<net::CloseReason> close_reason_;
  std::shared_ptr<void> timer_;
};

}  // namespace martlet::cli
