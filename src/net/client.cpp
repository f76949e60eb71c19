#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/limits.h"
#include "net/connection.h"
#include "net/frame_connection.h"

namespace martlet::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// What a client's stream needs to know of its server.
class ClientOwner final : public StreamOwner {
 public:
  ClientOwner(Reactor::Implementation& reactor, std::string host, const ClientTls& tls,
              Milliseconds timeout, std::unique_ptr<FrameHandler> who)
      : StreamOwner{{timeout, limits::kIdleTimeout, limits::kWriteStallTimeout}},
        handler{std::move(who)},
        host_{std::move(host)},
        fingerprint_{tls.fingerprint} {
    auto& context = fingerprint_.has_value() ? reactor.pinned_client : reactor.public_client;
    if (context == nullptr) {
      context =
          fingerprint_.has_value() ? TlsContext::pinned_client() : TlsContext::public_client();
    }
    context_ = context;
  }
  TlsSession start_tls(int descriptor) const override {
    return context_->connect(descriptor, host_,
                             fingerprint_.has_value() ? &*fingerprint_ : nullptr);
  }
  std::unique_ptr<StreamUser> client_for(Stream& stream) override {
    return std::make_unique<FrameUser>(stream, std::move(handler), limits::kFrameBytesMax);
  }
  std::unique_ptr<StreamUser> server_for(Stream&, std::string_view) override { return nullptr; }

  std::unique_ptr<FrameHandler> handler;  ///< until the stream has it

 private:
  const std::string host_;
  const std::optional<Digest> fingerprint_;
  std::shared_ptr<const TlsContext> context_;
};

/// From a name to an open socket: resolves, tries one address after the other, makes the stream.
class Attempt final : public Resident {
 public:
  Attempt(Reactor::Implementation& reactor, std::shared_ptr<ClientOwner> owner, SteadyTime deadline)
      : reactor_{reactor},
        owner_{std::move(owner)},
        deadline_{deadline},
        resolver_{reactor.io()},
        socket_{reactor.io()} {}

  void begin(const std::string& host, std::uint16_t port) {
    const auto left = std::chrono::ceil<Milliseconds>(deadline_ - std::chrono::steady_clock::now());
    timer_ = reactor_.start_timer(left, [this] { fail(CloseReason::timed_out); });
    if (host.empty()) return fail(CloseReason::unresolved);  // to the resolver it is this machine
    error_code error;
    if (const auto address = asio::ip::make_address(host, error); !error) {
      // Not worth the resolver, which starts a thread.
      return connect_to(
          tcp::resolver::results_type::create(tcp::endpoint{address, port}, host, {}));
    }
    resolver_.async_resolve(host, std::to_string(port), tcp::resolver::numeric_service,
                            [self = weak()](const error_code& failed, const auto& found) {
                              if (self.expired()) return;
                              if (failed) return (*self.lock())->fail(CloseReason::unresolved);
                              (*self.lock())->connect_to(found);
                            });
  }

 private:
  std::weak_ptr<Attempt*> weak() const { return self_; }
  void connect_to(const tcp::resolver::results_type& endpoints) {
    asio::async_connect(socket_, endpoints, [self = weak()](const error_code& failed, const auto&) {
      if (self.expired()) return;
      auto& attempt = **self.lock();
      if (failed) return attempt.fail(CloseReason::unreachable);
      attempt.finish();
    });
  }
  void finish() {
    error_code error;
    const int descriptor = socket_.release(error);
    if (error) return fail(CloseReason::out_of_resources);
    timer_.reset();
    prepare(descriptor);
    Stream::start(reactor_, descriptor, std::exchange(owner_, nullptr), deadline_);
    reactor_.schedule(*this);
  }
  void fail(CloseReason reason) {
    timer_.reset();
    self_.reset();  // what still comes in is too late
    reason_ = reason;
    reactor_.schedule(*this);
  }
  bool turn() override {
    if (owner_ != nullptr) owner_->handler->on_closed(reason_);
    return false;
  }

  Reactor::Implementation& reactor_;
  std::shared_ptr<ClientOwner> owner_;  ///< null: handed over to the stream
  const SteadyTime deadline_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  std::shared_ptr<void> timer_;
  CloseReason reason_ = CloseReason::local;
  std::shared_ptr<Attempt*> self_ = std::make_shared<Attempt*>(this);
};

}  // namespace

void connect(Reactor& reactor, const std::string& host, std::uint16_t port, const ClientTls& tls,
             Milliseconds timeout, std::unique_ptr<FrameHandler> handler) {
  auto& implementation = reactor.implementation();
  auto owner =
      std::make_shared<ClientOwner>(implementation, host, tls, timeout, std::move(handler));
  auto attempt = std::make_unique<Attempt>(implementation, std::move(owner),
                                           std::chrono::steady_clock::now() + timeout);
  auto& begun = *attempt;
  implementation.add(std::move(attempt));
  begun.begin(host, port);
}

}  // namespace martlet::net
