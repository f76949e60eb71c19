#include "support/device.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/check.h"
#include "base/limits.h"

namespace martlet::bench {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "bench: {}\n", why);
  std::exit(1);
}

Bytes shaped_key(Random& random) {
  Bytes key{0x30, 0x81, 0xa9, 0x02, 0x81, 0xa1, 0x00};
  key.resize(7 + 160);
  random.fill(std::span{key}.subspan(7));
  key[7] |= 0x80;
  key.back() |= 1;
  for (const std::uint8_t byte : {0x02, 0x03, 0x01, 0x00, 0x01}) key.push_back(byte);
  return key;
}

Bytes make_genesis(const crypto::SigningKey& key, Random& random) {
  std::array<std::uint8_t, 16> nonce{};
  random.fill(nonce);
  return transparency::create_genesis(
      key, transparency::classic_device_entry(transparency::Role::admin, shaped_key(random)),
      AccountId{}, nonce, SystemClock{}.now());
}

}  // namespace

/// Hands a connection's frames to its device; net owns it.
class Device::Handler final : public net::FrameHandler {
 public:
  explicit Handler(Device& device) : device_{device} {}
  void on_open(net::FrameConnection& connection, const net::Established& established) override {
    device_.connection_ = &connection;
    device_.exporter_ = established.exporter;
  }
  void on_frame(ByteView bytes) override {
    const auto frame = wire::parse_frame(bytes);
    if (!frame.ok()) give_up("the server sent no frame");
    if (device_.online_) {
      if (device_.on_frame) device_.on_frame(frame.value());
    } else {
      device_.on_greeting(frame.value());
    }
  }
  void on_closed(net::CloseReason reason) override {
    device_.connection_ = nullptr;
    device_.online_ = false;
    if (reason != net::CloseReason::local)
      give_up(std::string{"connection closed: "} + net::name_of(reason));
  }

 private:
  Device& device_;
};

Device::Device(Random& random)
    : key_{crypto::SigningKey::generate()},
      genesis_{make_genesis(key_, random)},
      chain_{transparency::AccountChain::from_genesis(genesis_).take()},
      id_{transparency::device_id_of(key_.verifying_key())},
      handle_{"d" + id_.hex().substr(0, 20) + "@localhost"} {}

void Device::connect(net::Reactor& reactor, const Server& server, std::function<void()> ready) {
  ready_ = std::move(ready);
  token_ = server.token();
  net::connect(reactor, "127.0.0.1", server.port(), {server.fingerprint()},
               std::chrono::seconds{30}, std::make_unique<Handler>(*this));
}

void Device::send(std::uint64_t request, wire::Body body) {
  if (connection_ != nullptr) connection_->send(wire::encode({request, std::move(body)}));
}

void Device::on_greeting(const wire::Frame& frame) {
  if (const auto* challenge = std::get_if<wire::Challenge>(&frame.body)) {
    nonce_ = challenge->nonce;
    if (!enrolled_) return send(1, wire::Enrol{token_, handle_, {genesis_}});
  } else if (std::holds_alternative<wire::Enrolled>(frame.body)) {
    enrolled_ = true;
  } else if (std::holds_alternative<wire::Welcome>(frame.body)) {
    online_ = true;
    return ready_();
  } else if (const auto* refusal = std::get_if<wire::Refusal>(&frame.body)) {
    give_up(std::string{"the server refused: "} + wire::name_of(refusal->code));
  }
  wire::Authenticate login;
  login.device = id_;
  login.signature = key_.sign(wire::kLoginContext, concat({nonce_, exporter_}));
  send(2, login);
}

}  // namespace martlet::bench
