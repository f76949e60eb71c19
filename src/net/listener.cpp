#include "net/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "net/frame_connection.h"
#include "net/http_connection.h"

namespace martlet::net {
namespace {

constexpr int kAcceptsATurn = 64;  ///< then others have their turn
constexpr Milliseconds kAcceptBackOff{
    100};  ///< without descriptors or memory, accepting at once would spin

/// Closed unless released.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_{number} {}
  Descriptor(Descriptor&& other) noexcept : number_{other.release()} {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

/// What the listener's parts on all reactors share.
struct Shared {
  StreamTimes times;
  std::size_t connections_max = 0;
  ListenerCallbacks callbacks;
  std::shared_ptr<const TlsContext> context;
  std::atomic<std::size_t> connections{0};
  std::atomic<bool> stopped{false};
  std::atomic<bool> destroyed{false};
  Resident* acceptor = nullptr;  ///< for the first reactor alone
};

/// The listener on one reactor: owner of the streams there.
class Branch final : public StreamOwner {
 public:
  Branch(std::shared_ptr<Shared> common, Reactor& where, std::size_t index)
      : StreamOwner{common->times},
        shared{std::move(common)},
        reactor{where.implementation()},
        alive{reactor.alive()},
        index_{index} {}

  TlsSession start_tls(int descriptor) const override {
    return shared->context->accept(descriptor);
  }
  std::unique_ptr<StreamUser> server_for(Stream& stream, std::string_view protocol) override {
    if (protocol != kFramesProtocol)
      return make_http_user(stream, index_, shared->callbacks.on_http, times.idle);
    auto handler = shared->callbacks.on_frames(index_);
    if (handler == nullptr) return nullptr;
    return std::make_unique<FrameUser>(stream, std::move(handler), limits::kStrangerFrameBytesMax);
  }
  void on_shaken_hands() override { meters.handshakes.add(); }
  void on_stream_end(CloseReason reason, bool was_open) override {
    (was_open ? meters.ended : meters.shut).at(static_cast<std::size_t>(reason)).add();
  }
  void on_stream_gone() override { --shared->connections; }

  const std::shared_ptr<Shared> shared;
  Reactor::Implementation& reactor;
  const std::weak_ptr<const Reactor::Implementation> alive;  ///< expired: `reactor` is gone
  ListenerMeters meters;

 private:
  const std::size_t index_;
};

/// A counted connection on its way to its reactor; closed if it never gets there.
class Accepted {
 public:
  Accepted(std::shared_ptr<Branch> branch, Descriptor descriptor)
      : branch_{std::move(branch)}, descriptor_{std::move(descriptor)} {}
  Accepted(const Accepted&) = delete;
  Accepted& operator=(const Accepted&) = delete;
  ~Accepted() {
    if (branch_ != nullptr) branch_->on_stream_gone();
  }
  void start() {
    if (branch_->shared->destroyed) return;
    auto branch = std::exchange(branch_, nullptr);
    const auto deadline = std::chrono::steady_clock::now() + branch->times.handshake;
    Stream::start(branch->reactor, descriptor_.release(), branch, deadline);
  }

 private:
  std::shared_ptr<Branch> branch_;
  Descriptor descriptor_;
};

/// Accepts on the first reactor and hands out in turn.
class Acceptor final : public Resident, private SocketUser {
 public:
  Acceptor(Descriptor descriptor, std::vector<std::shared_ptr<Branch>> branches)
      : branches_{std::move(branches)},
        shared_{*branches_.front()->shared},
        meters_{branches_.front()->meters},
        home_{branches_.front()->reactor},
        socket_{home_.poller, descriptor.release(), *this} {
    shared_.acceptor = this;
    socket_.await_readable();
  }
  ~Acceptor() override { shared_.acceptor = nullptr; }
  bool turn() override { return false; }  // scheduled only to end
  const void* group() const override { return branches_.front().get(); }

 private:
  void on_writable() override {}
  void on_readable() override {
    for (int i = 0; i < kAcceptsATurn; ++i) {
      const int descriptor = ::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
      if (descriptor >= 0) {
        hand_out(Descriptor{descriptor});
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        meters_.refused_resources.add();
        back_off_ = home_.start_timer(kAcceptBackOff, [this] { socket_.await_readable(); });
        return;
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        break;
      }  // else it was that connection's own error (accept(2)): on to the next
    }
    socket_.await_readable();
  }
  void hand_out(Descriptor descriptor) {
    if (shared_.connections >= shared_.connections_max)
      return meters_.refused_full.add();  // closes
    meters_.accepted.add();
    ++shared_.connections;
    prepare(descriptor.get());
    const auto& branch = branches_[next_++ % branches_.size()];
    const auto accepted = std::make_shared<Accepted>(branch, std::move(descriptor));
    if (&branch->reactor == &home_) return accepted->start();
    branch->reactor.post([accepted] { accepted->start(); });
  }

  const std::vector<std::shared_ptr<Branch>> branches_;
  Shared& shared_;
  ListenerMeters& meters_;
  Reactor::Implementation& home_;
  Socket socket_;
  std::shared_ptr<void> back_off_;
  std::size_t next_ = 0;
};

class ListenerImplementation final : public Listener {
 public:
  ListenerImplementation(std::vector<std::shared_ptr<Branch>> branches, std::uint16_t port)
      : branches_{std::move(branches)}, port_{port} {}
  ~ListenerImplementation() override {
    shared().destroyed = true;
    for (const auto& branch : branches_) {
      if (!branch->alive.expired()) branch->reactor.drop_group(branch.get());
    }
  }
  std::uint16_t port() const override { return port_; }
  std::size_t connections() const override { return shared().connections; }
  const ListenerMeters& meters(std::size_t reactor_index) const override {
    return branches_.at(reactor_index)->meters;
  }
  void stop_accepting() override {
    const auto& home = *branches_.front();
    if (shared().stopped.exchange(true) || home.alive.expired()) return;
    home.reactor.post([shared = home.shared, &reactor = home.reactor] {
      if (shared->acceptor != nullptr) reactor.schedule(*shared->acceptor);
    });
  }

 private:
  Shared& shared() const { return *branches_.front()->shared; }
  const std::vector<std::shared_ptr<Branch>> branches_;
  const std::uint16_t port_;
};

Result<Descriptor> bind_to(const std::string& address, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &list) != 0) {
    return Error{Failure::malformed, "not an address to listen on"};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found{list, ::freeaddrinfo};
  Descriptor descriptor{::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int on = 1;
  ::setsockopt(descriptor.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(descriptor.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(descriptor.get(), SOMAXCONN) != 0) {
    if (errno == EADDRINUSE) return Error{Failure::in_use, "another program listens there"};
    return Error{Failure::unavailable, "the system does not let us listen there"};
  }
  prepare(descriptor.get());
  return descriptor;
}

std::uint16_t port_of(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(address).sin_port
                                            : reinterpret_cast<sockaddr_in6&>(address).sin6_port);
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(const std::vector<Reactor*>& reactors,
                                                 const ListenerConfig& config,
                                                 ListenerCallbacks callbacks) {
  CHECK(!reactors.empty());
  const auto shared = std::make_shared<Shared>();
  shared->context = TRY(TlsContext::server(config.certificate_pem, config.key_pem));
  shared->times = {config.handshake_timeout, config.handshake_patience, config.idle_timeout,
                   config.write_stall_timeout};
  shared->connections_max = config.connections_max;
  shared->callbacks = std::move(callbacks);
  auto descriptor = TRY(bind_to(config.address, config.port));
  const auto port = port_of(descriptor.get());
  std::vector<std::shared_ptr<Branch>> branches;
  for (auto* reactor : reactors) {
    branches.push_back(std::make_shared<Branch>(shared, *reactor, branches.size()));
    auto& where = branches.back()->reactor;
    where.post([&where, most = config.handshakes_under_way_max] {
      where.admission.set_under_way_max(most);
    });
  }
  // The acceptor begins on its own thread, wherever we are called.
  auto holder = std::make_shared<Descriptor>(std::move(descriptor));
  branches.front()->reactor.post([branches, holder] {
    const auto& shared_now = *branches.front()->shared;
    if (shared_now.destroyed || shared_now.stopped) return;
    branches.front()->reactor.add(std::make_unique<Acceptor>(std::move(*holder), branches));
  });
  return std::unique_ptr<Listener>{
      std::make_unique<ListenerImplementation>(std::move(branches), port)};
}

}  // namespace martlet::net
