#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "tls_ptr.h"

namespace martlet::bench {

/// A context for load clients. `alpn` may be empty.
TlsContextPtr make_client_context(const std::string& alpn);

/// One connection of the load, straight on OpenSSL, so that every server in a run sees the same
/// client: what a turn writes leaves at its end, in as few records as it fits. Whatever fails
/// before `close_is_fine` ends the benchmark. Owned by one thread.
class Line {
 public:
  /// Connects (connect_from_many_addresses) and shakes hands, blocking. `greeted_in_clear`: the
  /// server first says a line without TLS.
  Line(SSL_CTX* context, std::uint16_t port, bool greeted_in_clear = false);
  ~Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  /// While blocking: exactly so many bytes. An end of the connection ends the benchmark.
  Bytes read_exactly(std::size_t size);
  void write_now(ByteView bytes);
  void export_key(const char* label, std::span<std::uint8_t> into);

  /// What waits to be written; append to it, and flush() at the end of the turn.
  Bytes out;
  /// Bytes that came and were not used yet.
  Bytes in;

  /// From here on nothing blocks.
  void stop_blocking();
  /// Reads what there is into `in`; false: the connection is over.
  bool fill();
  /// Writes what it can; false: the connection is over.
  bool flush();
  int descriptor() const { return descriptor_; }
  bool open() const { return open_; }
  void close();

 private:
  int descriptor_;
  SslPtr ssl_;
  std::size_t written_ = 0;  ///< of `out`
  bool open_ = true;
};

}  // namespace martlet::bench
