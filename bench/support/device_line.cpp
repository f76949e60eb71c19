#include "device_line.h"

#include "process.h"

namespace martlet::bench {
namespace {

constexpr Milliseconds kPatience = std::chrono::seconds{60};

}  // namespace

struct DeviceLine::State {
  const server::TestDevice& device;
  OnFrame on_frame;
  OnClosed on_closed;
  net::FrameConnection* connection = nullptr;
  std::array<std::uint8_t, 32> exporter{};
  bool logged_in = false;

  void say(std::uint64_t request, wire::Body body) {
    if (connection == nullptr) return;
    connection->send(wire::encode(wire::Frame{request, std::move(body)}));
  }
};

class DeviceLine::Handler final : public net::FrameHandler {
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
  void on_closed(net::CloseReason reason) override {
    state_->connection = nullptr;
    if (state_->on_closed) state_->on_closed(reason, state_->logged_in);
  }

 private:
  std::shared_ptr<State> state_;
};

DeviceLine::DeviceLine(net::Reactor& reactor, const ServerUnderLoad& server,
                       const server::TestDevice& device, OnFrame on_frame, OnClosed on_closed)
    : state_{std::make_shared<State>(State{device, std::move(on_frame), std::move(on_closed)})} {
  net::connect(reactor, "127.0.0.1", server.port(), {server.fingerprint()}, kPatience,
               std::make_unique<Handler>(state_));
}

void DeviceLine::say(std::uint64_t request, wire::Body body) {
  state_->say(request, std::move(body));
}
void DeviceLine::pause_reading() {
  if (state_->connection != nullptr) state_->connection->pause_reading();
}
void DeviceLine::close() {
  if (state_->connection != nullptr) state_->connection->close();
}
bool DeviceLine::logged_in() const { return state_->logged_in; }
const server::TestDevice& DeviceLine::device() const { return state_->device; }

}  // namespace martlet::bench
