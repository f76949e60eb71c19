#pragma once

#include <array>
#include <optional>
#include <vector>

#include "client/api.h"

namespace martlet::client {

/// The longest pause between two attempts to connect.
inline constexpr Milliseconds kPauseMax = std::chrono::hours{1};
/// When a question that the server refused is asked again.
inline constexpr Milliseconds kAskAgainMin = std::chrono::seconds{1};
inline constexpr Milliseconds kAskAgainMax = std::chrono::minutes{5};

/// Where a client stands with its server.
enum class Link : std::uint8_t {
  offline,   ///< no connection
  greeting,  ///< connected; challenge, login or enrolment under way
  online     ///< the server answers requests: logged in, or a stranger who needs no login
};

/// What speaks to the server over one connection at a time, without owning the socket. Pure: bytes
/// and time come in, frames go out. Whoever owns the socket drives it:
///
///   when wants_connection(now): connect, then on_connected, on_frame..., on_disconnected
///   after every call: send take_frames(), close if take_close_wish(); call on_tick(now) at
///   wake_at()
///
/// Owned by one thread.
class NetworkClient {
 public:
  virtual ~NetworkClient() = default;
  virtual bool wants_connection(UnixMillis now) const = 0;
  virtual const store::ServerAddress& server() const = 0;
  virtual void on_connected(const std::array<std::uint8_t, 32>& exporter, UnixMillis now) = 0;
  virtual void on_frame(ByteView frame, UnixMillis now) = 0;
  virtual void on_disconnected(UnixMillis now) = 0;
  virtual void on_tick(UnixMillis now) = 0;
  virtual UnixMillis wake_at() const = 0;  ///< when on_tick or wants_connection may have news
  virtual std::vector<Bytes> take_frames() = 0;
  virtual bool take_close_wish() = 0;
  virtual Link link() const = 0;
  /// Set when going on is of no use: further connecting helps nothing.
  virtual const std::optional<ApiError>& fatal() const = 0;
};

}  // namespace martlet::client
