#include "comer.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "server_under_load.h"

namespace martlet::bench {
namespace {

/// While nobody listens, trying in a loop would only burn the load's own core.
constexpr Milliseconds kHostilePause{20};

}  // namespace

class Comer::Handler final : public net::FrameHandler {
 public:
  explicit Handler(Comer& comer) : comer_{comer} {}
  void on_open(net::FrameConnection& connection, const net::Established& established) override {
    comer_.connection_ = &connection;
    comer_.exporter_ = established.exporter;
  }
  void on_frame(ByteView bytes) override { comer_.on_frame(bytes); }
  void on_closed(net::CloseReason) override { comer_.on_closed(); }

 private:
  Comer& comer_;
};

void Comer::begin() {
  ++world_.attempts;
  net::connect(world_.reactor, "127.0.0.1", world_.port, {world_.fingerprint, resumption_},
               limits::kHandshakeTimeout, std::make_unique<Handler>(*this));
}

void Comer::say(std::uint64_t request, wire::Body body) {
  if (connection_ != nullptr) {
    connection_->send(wire::encode(wire::Frame{request, std::move(body)}));
  }
}

void Comer::leave() {
  leaving_ = true;
  timer_.reset();
  if (connection_ != nullptr) connection_->close();
}

void Comer::on_frame(ByteView bytes) {
  auto frame = wire::parse_frame(bytes);
  if (!frame.ok()) give_up("the server sent what is no frame");
  auto& body = frame.value().body;
  if (const auto* challenge = std::get_if<wire::Challenge>(&body)) {
    say(1, device_.authenticate(challenge->nonce, exporter_));
  } else if (std::holds_alternative<wire::Welcome>(body)) {
    in_ = true;
    failures_ = 0;
    came_in_ = Steady::now();
  } else if (const auto* refusal = std::get_if<wire::Refusal>(&body)) {
    told_ = refusal->retry_after;
  } else {
    world_.on_frame(*this, frame.value());
  }
}

void Comer::on_closed() {
  connection_ = nullptr;
  if (!std::exchange(in_, false)) ++world_.refused;
  if (leaving_) return;
  failures_ = std::min(failures_ + 1, 16U);
  auto delay = kHostilePause;
  if (world_.manners == Manners::decent) {
    const auto ceiling =
        std::min(limits::kReconnectDelayMin * (1U << failures_), limits::kReconnectDelayMax);
    const auto spread = static_cast<std::uint64_t>((ceiling - limits::kReconnectDelayMin).count());
    delay = limits::kReconnectDelayMin +
            Milliseconds{static_cast<std::int64_t>(world_.random.below(spread + 1))};
    delay = std::max(delay, std::exchange(told_, Milliseconds{0}));
  }
  timer_ = world_.reactor.after(delay, [this] { begin(); });
}

}  // namespace martlet::bench
