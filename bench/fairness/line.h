#pragma once

#include <optional>

#include "crowd.h"

namespace martlet::bench {

/// One device's logged-in connection, for benchmarks that want every frame, refusals too. Owned by
/// one reactor, and goes before it.
class Line {
 public:
  using OnFrame = std::function<void(wire::Frame& frame)>;

  Line(net::Reactor& reactor, const ServerUnderLoad& server, const server::TestDevice& device,
       OnFrame on_frame)
      : state_{std::make_shared<State>(State{device, std::move(on_frame)})} {
    net::connect(reactor, "127.0.0.1", server.port(), {server.fingerprint()},
                 std::chrono::seconds{60}, std::make_unique<Handler>(state_));
  }
  bool logged_in() const { return state_->logged_in; }
  void say(std::uint64_t request, wire::Body body) { state_->say(request, std::move(body)); }
  void pause_reading() {
    if (state_->connection != nullptr) state_->connection->pause_reading();
  }
  void close() {
    if (state_->connection != nullptr) state_->connection->close();
  }
  const server::TestDevice& device() const { return state_->device; }

 private:
  struct State {
    const server::TestDevice& device;
    OnFrame on_frame;
    net::FrameConnection* connection = nullptr;
    std::array<std::uint8_t, 32> exporter{};
    bool logged_in = false;

    void say(std::uint64_t request, wire::Body body) {
      if (connection != nullptr) {
        connection->send(wire::encode(wire::Frame{request, std::move(body)}));
      }
    }
  };
  class Handler final : public net::FrameHandler {
   public:
    explicit Handler(std::shared_ptr<State> state) : state_{std::move(state)} {}
    void on_open(net::FrameConnection& connection, const net::Established& established) override {
      state_->connection = &connection;
      state_->exporter = established.exporter;
    }
    void on_frame(ByteView bytes) override {
      auto frame = wire::parse_frame(bytes);
      if (!frame.ok()) give_up("the server sent what is no frame");
      if (const auto* challenge = std::get_if<wire::Challenge>(&frame.value().body)) {
        state_->say(1, state_->device.authenticate(challenge->nonce, state_->exporter));
      } else if (std::holds_alternative<wire::Welcome>(frame.value().body)) {
        state_->logged_in = true;
      } else {
        state_->on_frame(frame.value());
      }
    }
    void on_closed(net::CloseReason) override { state_->connection = nullptr; }

   private:
    std::shared_ptr<State> state_;
  };
  std::shared_ptr<State> state_;
};

}  // namespace martlet::bench
