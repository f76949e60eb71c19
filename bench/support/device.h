#pragma once

#include <functional>
#include <string>

#include "net/connection.h"
#include "support/server.h"
#include "transparency/account_chain.h"
#include "wire/frames.h"

namespace martlet::bench {

/// A device that speaks the protocol and nothing else: no vault, and what it sends is not sealed.
/// Its encryption key has the right shape only, since making 10,000 RSA keys takes long.
class Device {
 public:
  explicit Device(Random& random);

  /// Connects; enrols by the server's invitation at the first time; `ready` when logged in.
  void connect(net::Reactor& reactor, const Server& server, std::function<void()> ready);
  void send(std::uint64_t request, wire::Body body);
  const DeviceId& id() const { return id_; }
  wire::ChainHead head() const { return {chain_.account(), chain_.head()}; }

  std::function<void(const wire::Frame&)> on_frame;  ///< what comes once it is logged in

 private:
  class Handler;
  void on_greeting(const wire::Frame& frame);

  crypto::SigningKey key_;
  Bytes genesis_;
  transparency::AccountChain chain_;
  DeviceId id_;
  std::string handle_;
  std::string token_;
  std::array<std::uint8_t, 32> exporter_{};
  std::array<std::uint8_t, wire::kNonceBytes> nonce_{};
  net::FrameConnection* connection_ = nullptr;
  std::function<void()> ready_;
  bool enrolled_ = false;
  bool online_ = false;
};

}  // namespace martlet::bench
