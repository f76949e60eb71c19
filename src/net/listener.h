#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/connection.h"
#include "net/limits.h"
#include "net/listener_meters.h"

namespace martlet::net {

/// HEAD arrives as GET; the answer is sent without its body.
struct HttpRequest {
  std::string method;  ///< upper case
  std::string target;  ///< as sent, starts with '/'
  std::string body;
};
struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct ListenerConfig {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;       ///< 0: any free one, see Listener::port
  std::string certificate_pem;  ///< chain, the server's own first
  std::string key_pem;
  Milliseconds handshake_timeout;  ///< TLS handshake, from when it is this client's turn
  /// The same while others wait for their turn.
  Milliseconds handshake_patience = limits::kHandshakePatience;
  /// TLS handshakes at a time, for each reactor; others wait unread, in the order in which they
  /// came.
  std::size_t handshakes_under_way_max = limits::kHandshakesUnderWayMax;
  Milliseconds idle_timeout;  ///< no byte from the peer for so long: closed
  Milliseconds write_stall_timeout;
  std::size_t connections_max;
};

/// Takes the response to one request. Called at most once, on the connection's reactor, inside
/// on_http or later; does nothing if the connection is gone meanwhile. Until then the connection
/// waits, however long that is.
using HttpAnswer = std::function<void(HttpResponse)>;
using OnHttp =
    std::function<void(std::size_t reactor_index, const HttpRequest& request, HttpAnswer answer)>;

/// What the listener's owner does with new connections. Called on the reactor of the connection,
/// from several threads at once if there are several reactors.
struct ListenerCallbacks {
  std::function<std::unique_ptr<FrameHandler>(std::size_t reactor_index)>
      on_frames;   ///< ALPN martlet/1
  OnHttp on_http;  ///< ALPN http/1.1 or none; must not block
};

/// Accepts on one port and spreads the connections over the reactors. Destroy it on no reactor's
/// thread, after the reactors stopped.
class Listener {
 public:
  /// Fails with `in_use` (address), `malformed` (certificate, key or address) or `unavailable`.
  static Result<std::unique_ptr<Listener>> open(const std::vector<Reactor*>& reactors,
                                                const ListenerConfig& config,
                                                ListenerCallbacks callbacks);
  virtual ~Listener() = default;
  virtual std::uint16_t port() const = 0;
  virtual std::size_t connections() const = 0;  ///< open now; thread-safe
  /// Of the reactor with this index. Thread-safe.
  virtual const ListenerMeters& meters(std::size_t reactor_index) const = 0;
  /// Stops accepting. Thread-safe.
  virtual void stop_accepting() = 0;
};

}  // namespace martlet::net
