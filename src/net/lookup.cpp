#include "net/lookup.h"

#include <netdb.h>

#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>

namespace martlet::net {
namespace {

std::vector<SocketAddress> addresses_of(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_flags = flags | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list) != 0) return {};
  std::vector<SocketAddress> found;
  for (const auto* each = list; each != nullptr; each = each->ai_next) {
    SocketAddress address{{}, each->ai_addrlen};
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    found.push_back(address);
  }
  ::freeaddrinfo(list);
  return found;
}

}  // namespace

std::vector<SocketAddress> numeric_address(const std::string& host, std::uint16_t port) {
  return addresses_of(host, port, AI_NUMERICHOST);
}

struct Lookup::Shared {
  /// Held while posting too: so the reactor outlives the call.
  std::mutex mutex;
  Reactor::Implementation* reactor;  ///< null: nobody waits any more
  Done done;                         ///< for the reactor's thread alone
};

Lookup::Lookup(Reactor::Implementation& reactor, const std::string& host, std::uint16_t port,
               Done done)
    : shared_{std::make_shared<Shared>()} {
  shared_->reactor = &reactor;
  shared_->done = std::move(done);
  const auto tell = [](const std::shared_ptr<Shared>& shared, std::vector<SocketAddress> found) {
    const std::lock_guard lock{shared->mutex};
    if (shared->reactor == nullptr) return;
    shared->reactor->post([shared, found = std::move(found)]() mutable {
      if (shared->done) shared->done(std::move(found));
    });
  };
  try {
    std::thread{[shared = shared_, host, port, tell] {
      tell(shared, addresses_of(host, port, 0));
    }}.detach();
  } catch (const std::system_error&) {  // no thread to be had
    tell(shared_, {});
  }
}

Lookup::~Lookup() {
  const std::lock_guard lock{shared_->mutex};
  shared_->reactor = nullptr;
  shared_->done = nullptr;
}

}  // namespace martlet::net
