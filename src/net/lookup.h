#pragma once

#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/reactor_implementation.h"

namespace martlet::net {

struct SocketAddress {
  sockaddr_storage storage;
  socklen_t size;
};

/// The address that `host` spells out, if it does; no name is looked up.
std::vector<SocketAddress> numeric_address(const std::string& host, std::uint16_t port);

/// Looks a name up on a thread of its own, which ends by itself: whoever loses patience, or leaves
/// with the reactor, does not wait for a name server that does not answer.
class Lookup {
 public:
  using Done = std::function<void(std::vector<SocketAddress>)>;
  /// `done` is called on the reactor once, with nothing if there is no such name; never after
  /// this object is gone.
  Lookup(Reactor::Implementation& reactor, const std::string& host, std::uint16_t port, Done done);
  ~Lookup();
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // with the thread
};

}  // namespace martlet::net
