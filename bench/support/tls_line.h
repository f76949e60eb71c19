#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "tls_ptr.h"

namespace martlet::bench {

/// A context for lines: it reads ahead.
TlsContextPtr make_line_context();

/// A TLS connection on a non-blocking socket with as little above OpenSSL as can be: what is put
/// leaves with one call of the system. Owned by one thread.
class TlsLine {
 public:
  enum class Side : std::uint8_t { connects, accepts };

  /// Takes the descriptor.
  TlsLine(SSL_CTX* context, int descriptor, Side side);
  ~TlsLine();
  TlsLine(const TlsLine&) = delete;
  TlsLine& operator=(const TlsLine&) = delete;

  /// The content of one record at most. Empty: nothing more for now, or gone.
  std::span<std::uint8_t> read(std::span<std::uint8_t> room);
  /// One record (more if longer than 16 KB) behind what waits to be flushed. Once the handshake is
  /// done only.
  void put(ByteView bytes);
  /// Sends what the socket takes, handshake included. True: nothing is left.
  bool flush();

  /// Before the handshake is done reading drives it.
  bool is_ready() const { return SSL_is_init_finished(ssl_) == 1; }
  bool is_gone() const { return gone_; }
  /// OpenSSL has read bytes that read() did not give yet.
  bool has_more() const { return SSL_has_pending(ssl_) == 1; }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
  SSL* ssl_;
  Bytes out_;
  std::size_t sent_ = 0;
  bool gone_ = false;
};

}  // namespace martlet::bench
