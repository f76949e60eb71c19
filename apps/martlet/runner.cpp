#include "apps/martlet/runner.h"

#include <algorithm>

#include "base/limits.h"

namespace martlet::cli {
namespace {

using client::ApiError;
using client::ErrorCode;
using net::CloseReason;

constexpr Milliseconds kConnectTimeout = limits::kHandshakeTimeout;
constexpr Milliseconds kCloseTimeout{1'500};  ///< net sends what is queued for at most a second
constexpr Milliseconds kNapMax = std::chrono::hours{1};

ApiError describe(CloseReason reason) {
  switch (reason) {
    case CloseReason::wrong_fingerprint:
      return {
          ErrorCode::wrong_fingerprint,
          "the server that answers is not the one that the invitation names: its key is another",
          "somebody may be listening in; ask the operator for the fingerprint before you go on"};
    case CloseReason::untrusted:
      return {ErrorCode::identity, "no authority that this system trusts vouches for the server",
              "ask the operator for an invitation that carries the server's fingerprint (#...)"};
    case CloseReason::unresolved:
      return {ErrorCode::network, "the server's name has no address",
              "check the name and the network"};
    case CloseReason::unreachable:
      return {ErrorCode::network, "the server cannot be reached: nothing answers at its address",
              "check that it runs, and the network"};
    case CloseReason::timed_out:
      return {ErrorCode::network, "the server does not answer", "check the network, or try later"};
    case CloseReason::tls:
      return {ErrorCode::network, "what answers does not speak Martlet's protocol",
              "check the server's address and port"};
    case CloseReason::out_of_resources:
      return {ErrorCode::network, "this machine has no room for another connection", "try later"};
    case CloseReason::local:
    case CloseReason::peer:
    case CloseReason::idle:
    case CloseReason::slow:
    case CloseReason::frame_too_large:
      break;
  }
  return {ErrorCode::network, "the connection to the server broke", "try again"};
}

}  // namespace

/// Connections belong to the reactor and may end after the runner: then `runner` is null.
struct Runner::Handle {
  Runner* runner;
};

class Runner::Handler final : public net::FrameHandler {
 public:
  explicit Handler(std::shared_ptr<Handle> handle) : handle_{std::move(handle)} {}

  void on_open(net::FrameConnection& connection, const net::Established& established) override {
    auto* const runner = handle_->runner;
    if (runner == nullptr) return;
    runner->connecting_ = false;
    runner->connection_ = &connection;
    runner->client_.on_connected(established.exporter, runner->clock_.now());
    runner->pump();
  }

  void on_frame(ByteView frame) override {
    auto* const runner = handle_->runner;
    if (runner == nullptr) return;
    ++runner->frames_;
    runner->client_.on_frame(frame, runner->clock_.now());
    runner->pump();
  }

  void on_closed(CloseReason reason) override {
    auto* const runner = handle_->runner;
    if (runner == nullptr) return;
    runner->connecting_ = false;
    runner->connection_ = nullptr;
    runner->close_reason_ = reason;
    runner->client_.on_disconnected(runner->clock_.now());
    runner->pump();
  }

 private:
  std::shared_ptr<Handle> handle_;
};

Runner::Runner(client::NetworkClient& client, net::Reactor& reactor, const Clock& clock)
    : client_{client},
      reactor_{reactor},
      clock_{clock},
      handle_{std::make_shared<Handle>(Handle{this})} {}

Runner::~Runner() { handle_->runner = nullptr; }

bool Runner::run_until(const std::function<bool()>& done, Milliseconds timeout) {
  pump();
  const auto finished = [&] { return done() || problem().has_value(); };
  const auto deadline = clock_.now() + timeout;
  while (!finished()) {
    const auto left = deadline - clock_.now();
    if (left <= Milliseconds{0}) break;
    reactor_.run_until(finished, std::min<Milliseconds>(left, kNapMax));
  }
  return done();
}

bool Runner::run_while_moving(const std::function<bool()>& done, Milliseconds timeout) {
  for (auto before = frames_; !run_until(done, timeout); before = frames_) {
    if (frames_ == before || problem()) return false;
  }
  return true;
}

void Runner::leave() {
  leaving_ = true;
  timer_.reset();
  if (connection_ != nullptr) {
    connection_->close();
    reactor_.run_until([this] { return connection_ == nullptr; }, kCloseTimeout);
  }
  leaving_ = false;
}

std::optional<ApiError> Runner::problem() const {
  if (client_.fatal().has_value()) return client_.fatal();
  if (close_reason_ == CloseReason::wrong_fingerprint || close_reason_ == CloseReason::untrusted) {
    return describe(*close_reason_);
  }
  return std::nullopt;
}

std::optional<ApiError> Runner::unreachable() const {
  if (connection_ != nullptr) return std::nullopt;
  if (close_reason_.has_value()) return describe(*close_reason_);
  if (connecting_) return describe(CloseReason::timed_out);
  return std::nullopt;
}

void Runner::pump() {
  const auto now = clock_.now();
  if (client_.link() == client::Link::online) was_online_ = true;
  if (connection_ != nullptr) {
    for (auto& frame : client_.take_frames()) connection_->send(std::move(frame));
    if (client_.take_close_wish()) connection_->close();
  } else if (!connecting_ && !leaving_ && !problem() && client_.wants_connection(now)) {
    connect();
  }
  arm_timer(now);
}

void Runner::connect() {
  const auto& server = client_.server();
  connecting_ = true;
  net::connect(reactor_, server.host, server.port, net::ClientTls{server.fingerprint, resumption_},
               kConnectTimeout, std::make_unique<Handler>(handle_));
}

void Runner::arm_timer(UnixMillis now) {
  timer_.reset();
  if (leaving_) return;
  const auto wake = client_.wake_at();
  const auto delay = wake <= now ? Milliseconds{1} : std::min<Milliseconds>(wake - now, kNapMax);
  timer_ = reactor_.after(delay, [this] {
    const auto own = std::move(timer_);  // pump() arms the next one; this one is still running
    client_.on_tick(clock_.now());
    pump();
  });
}

}  // namespace martlet::cli
