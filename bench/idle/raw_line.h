#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <optional>

#include "base/ids.h"
#include "server/test_device.h"

namespace martlet::bench {

struct ReleaseSsl {
  void operator()(SSL* handle) const noexcept { SSL_free(handle); }
  void operator()(SSL_CTX* handle) const noexcept { SSL_CTX_free(handle); }
};
using SslPtr = std::unique_ptr<SSL, ReleaseSsl>;
using SslContextPtr = std::unique_ptr<SSL_CTX, ReleaseSsl>;

/// TLS 1.3 and buffers released while idle; no tickets, no cache of sessions.
SslContextPtr make_bare_context();

/// One blocking connection straight on OpenSSL, so that 50,000 of them load the machine as little
/// as they can. Whatever fails ends the benchmark. Owned by one thread.
class RawLine {
 public:
  /// Connects from a loopback address of the `number`-th ten thousand (127.0.0.2, ...: one address
  /// has too few ports for all), and shakes hands.
  RawLine(SSL_CTX* context, std::uint16_t port, std::size_t number);
  RawLine(RawLine&& other) noexcept;
  RawLine& operator=(RawLine&&) = delete;
  ~RawLine();

  void log_in(const server::TestDevice& device);
  /// Whom nobody hears of is thrown out, so each says a word from time to time.
  void ping_if_due(std::chrono::steady_clock::time_point now);

 private:
  void send(const wire::Frame& frame);
  wire::Frame receive();
  void read_exactly(std::uint8_t* into, std::size_t size);

  int descriptor_;
  SslPtr ssl_;
  std::chrono::steady_clock::time_point last_word_;
};

}  // namespace martlet::bench
