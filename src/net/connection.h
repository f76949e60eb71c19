#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/time.h"
#include "net/reactor.h"
#include "net/resumption.h"

namespace martlet::net {

/// Why a connection is no more. For logs and for what to tell the user.
enum class CloseReason : std::uint8_t {
  local,              ///< we closed it
  peer,               ///< the other side closed it, or the network broke
  unresolved,         ///< no address for this name
  unreachable,        ///< refused, or no route
  timed_out,          ///< no connection or handshake in time
  idle,               ///< silent for longer than kIdleTimeout
  slow,               ///< does not read what waits for it
  frame_too_large,    ///< announced a longer frame than allowed
  wrong_fingerprint,  ///< not the server that the invitation names
  untrusted,          ///< no public authority vouches for it, or for another name
  tls,                ///< not TLS 1.3, no common ALPN, garbage
  out_of_resources,   ///< descriptors, memory, kConnectionsMax
};
const char* name_of(CloseReason reason);

/// The label of Established::exporter, as spec/wire.md gives it; no context, 32 bytes.
inline constexpr char kExporterLabel[] = "EXPORTER-martlet-login-v1";

/// What TLS established.
struct Established {
  std::array<std::uint8_t, 32>
      exporter{};        ///< RFC 8446 section 7.5; same on both sides, secret to others
  std::string remote;    ///< address without port
  bool resumed = false;  ///< by what both remembered of an earlier session
};

class FrameConnection;

/// The owner's side of a connection of frames. Called on the connection's reactor. Destroyed after
/// on_closed.
class FrameHandler {
 public:
  virtual ~FrameHandler() = default;
  /// `connection` lives until after on_closed.
  virtual void on_open(FrameConnection& connection, const Established& established) = 0;
  /// One frame without its length prefix; the bytes live for the call only.
  virtual void on_frame(ByteView frame) = 0;
  /// Once, also when on_open was never called. Nothing is called after it.
  virtual void on_closed(CloseReason reason) = 0;
};

/// Frames of a 4-byte big-endian length and that many bytes, over TLS 1.3. Owned by net/; its
/// methods may be called on its reactor only.
class FrameConnection {
 public:
  virtual ~FrameConnection() = default;
  /// Queues a copy of one frame; all that is queued in one turn of the reactor leaves in as few TLS
  /// records as possible. More than kWriteQueueBytesMax waiting closes the connection as `slow`.
  virtual void send(ByteView frame) = 0;
  virtual std::size_t queued_bytes() const = 0;
  /// Longer frames close the connection. Starts at kStrangerFrameBytesMax on accepted connections
  /// and kFrameBytesMax on made ones.
  virtual void set_frame_bytes_max(std::size_t bytes) = 0;
  /// Stops and goes on reading from the socket: back-pressure by TCP. Not nested. Frames already
  /// read are held back as well.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;
  /// Sends what is queued (for about a second at most), then closes. on_closed follows, not inside
  /// the call.
  virtual void close() = 0;
};

struct ClientTls {
  /// SHA-256 of the server's SubjectPublicKeyInfo, pinned; none: the system's authorities and the
  /// host name decide.
  std::optional<Digest> fingerprint = {};
  /// Where the client remembers its last session with this server; null: each handshake is a full
  /// one.
  std::shared_ptr<Resumption> resumption = {};
};

/// Connects, shakes hands (ALPN martlet/1) and reports to `handler`, which lives until on_closed.
/// Call on the reactor's thread or before it runs.
void connect(Reactor& reactor, const std::string& host, std::uint16_t port, const ClientTls& tls,
             Milliseconds timeout, std::unique_ptr<FrameHandler> handler);

}  // namespace martlet::net
