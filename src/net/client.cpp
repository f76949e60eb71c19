#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "net/connection.h"
#include "net/frame_connection.h"
#include "net/lookup.h"

namespace martlet::net {
namespace {

/// What a client's stream needs to know of its server.
class ClientOwner final : public StreamOwner {
 public:
  ClientOwner(Reactor::Implementation& reactor, const std::string& host, std::uint16_t port,
              const ClientTls& tls, Milliseconds timeout, std::unique_ptr<FrameHandler> who)
      : StreamOwner{{timeout, timeout, limits::kIdleTimeout, limits::kWriteStallTimeout}},
        handler{std::move(who)},
        peer_{{host, port, tls.fingerprint}, tls.resumption} {
    const bool is_pinned = tls.fingerprint.has_value();
    auto& context = is_pinned ? reactor.pinned_client : reactor.public_client;
    if (context == nullptr) {
      context = is_pinned ? TlsContext::pinned_client() : TlsContext::public_client();
    }
    context_ = context;
  }
  TlsSession start_tls(int descriptor) const override {
    return context_->connect(descriptor, peer_);
  }
  std::unique_ptr<StreamUser> client_for(Stream& stream) override {
    return std::make_unique<FrameUser>(stream, std::move(handler), limits::kFrameBytesMax);
  }
  std::unique_ptr<StreamUser> server_for(Stream&, std::string_view) override { return nullptr; }

  std::unique_ptr<FrameHandler> handler;  ///< until the stream has it

 private:
  const TlsPeer peer_;
  std::shared_ptr<const TlsContext> context_;
};

CloseReason failure_of(int error) {
  if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
    return CloseReason::out_of_resources;
  }
  return error == ETIMEDOUT ? CloseReason::timed_out : CloseReason::unreachable;
}

/// From a name to an open socket: looks it up, tries one address after the other, makes the stream.
class Attempt final : public Resident, private SocketUser {
 public:
  Attempt(Reactor::Implementation& reactor, std::shared_ptr<ClientOwner> owner, SteadyTime deadline)
      : reactor_{reactor}, owner_{std::move(owner)}, deadline_{deadline} {}

  void begin(const std::string& host, std::uint16_t port) {
    if (host.empty()) return fail(CloseReason::unresolved);  // to the resolver it is this machine
    addresses_ = numeric_address(host, port);
    if (!addresses_.empty()) return try_next();
    timer_ = reactor_.start_timer(left(), [this] { fail(CloseReason::timed_out); });
    lookup_.emplace(reactor_, host, port, [this](std::vector<SocketAddress> found) {
      if (found.empty()) return fail(CloseReason::unresolved);
      addresses_ = std::move(found);
      try_next();
    });
  }

 private:
  Milliseconds left() const {
    return std::chrono::ceil<Milliseconds>(deadline_ - std::chrono::steady_clock::now());
  }
  /// Each address has an equal part of the time that is left: one that swallows everything does
  /// not use it all up.
  void try_next() {
    while (next_ < addresses_.size()) {
      const auto share = left() / static_cast<std::int64_t>(addresses_.size() - next_);
      if (!begin_connecting(addresses_[next_++])) continue;
      timer_ = reactor_.start_timer(share, [this] { try_after(CloseReason::timed_out); });
      return;
    }
    fail(last_failure_);
  }
  bool begin_connecting(const SocketAddress& address) {
    const auto* target = reinterpret_cast<const sockaddr*>(&address.storage);
    const int descriptor =
        ::socket(target->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0 ||
        (::connect(descriptor, target, address.size) != 0 && errno != EINPROGRESS)) {
      last_failure_ = failure_of(errno);
      if (descriptor >= 0) ::close(descriptor);
      return false;
    }
    SocketUser& user = *this;
    socket_.emplace(reactor_.poller, descriptor, user);
    socket_->await_writable();
    last_failure_ = CloseReason::out_of_resources;  // if the socket is not open after all
    return socket_->is_open();
  }
  void try_after(CloseReason failure) {
    last_failure_ = failure;
    socket_.reset();
    try_next();
  }
  void on_readable() override {}
  void on_writable() override {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_->descriptor(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return try_after(failure_of(error));
    const int descriptor = socket_->release();
    if (descriptor < 0) return fail(CloseReason::out_of_resources);
    prepare(descriptor);
    timer_.reset();
    Stream::start(reactor_, descriptor, std::exchange(owner_, nullptr), deadline_);
    reactor_.schedule(*this);
  }
  void fail(CloseReason reason) {
    timer_.reset();
    socket_.reset();
    last_failure_ = reason;
    reactor_.schedule(*this);
  }
  bool turn() override {
    if (owner_ != nullptr) owner_->handler->on_closed(last_failure_);
    return false;
  }

  Reactor::Implementation& reactor_;
  std::shared_ptr<ClientOwner> owner_;  ///< null: handed over to the stream
  const SteadyTime deadline_;
  std::optional<Lookup> lookup_;
  std::vector<SocketAddress> addresses_;
  std::size_t next_ = 0;
  std::optional<Socket> socket_;
  std::shared_ptr<void> timer_;
  CloseReason last_failure_ = CloseReason::unreachable;
};

}  // namespace

void connect(Reactor& reactor, const std::string& host, std::uint16_t port, const ClientTls& tls,
             Milliseconds timeout, std::unique_ptr<FrameHandler> handler) {
  auto& implementation = reactor.implementation();
  auto owner =
      std::make_shared<ClientOwner>(implementation, host, port, tls, timeout, std::move(handler));
  auto attempt = std::make_unique<Attempt>(implementation, std::move(owner),
                                           std::chrono::steady_clock::now() + timeout);
  auto& begun = *attempt;
  implementation.add(std::move(attempt));
  begun.begin(host, port);
}

}  // namespace martlet::net
