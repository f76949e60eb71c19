#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>

#include "base/ids.h"
#include "net/connection.h"
#include "net/ticket_keys.h"

struct bio_method_st;
struct bio_st;
struct ssl_ctx_st;
struct ssl_st;

namespace martlet::net {

inline constexpr char kFramesProtocol[] = "martlet/1";
inline constexpr char kHttpProtocol[] = "http/1.1";

struct ReleaseTls {
  void operator()(ssl_st* handle) const noexcept;
  void operator()(ssl_ctx_st* handle) const noexcept;
  void operator()(bio_method_st* handle) const noexcept;
};

enum class TlsOutcome : std::uint8_t {
  done,
  want_read,   ///< call again when the socket is readable
  want_write,  ///< call again when the socket is writable
  ended,       ///< the other side closed, or the network broke
  failed,      ///< not TLS as we speak it
};

/// One side of one TLS 1.3 connection over a non-blocking socket that it does not own. Holds no
/// buffers while nothing is half read or half written.
class TlsSession {
 public:
  TlsSession() = default;
  explicit operator bool() const { return ssl_ != nullptr; }

  TlsOutcome handshake();
  /// `read` is set when done. At most one record is read.
  TlsOutcome read(std::span<std::uint8_t> into, std::size_t& read);
  /// `written` is set when done; may be less than all. After want_write the next call has to
  /// begin with the same bytes.
  TlsOutcome write(ByteView bytes, std::size_t& written);
  bool has_unread() const;  ///< bytes that left the socket and wait for read()
  void say_goodbye();       ///< close_notify, if it can leave at once

  std::string protocol() const;  ///< by ALPN; empty: none was negotiated
  std::array<std::uint8_t, 32> exporter() const;
  bool resumed() const;
  CloseReason handshake_failure() const;  ///< why handshake() failed

 private:
  friend class TlsContext;
  /// What OpenSSL reads from, and how often it still may within one call.
  struct SocketIo {
    int descriptor;
    int reads_left;
  };
  TlsOutcome outcome_of(int result) const;
  static int socket_read(bio_st* bio, char* into, int size);
  static int socket_write(bio_st* bio, const char* bytes, int size);
  std::unique_ptr<SocketIo> io_;
  std::unique_ptr<ssl_st, ReleaseTls> ssl_;
};

/// Whom a client's session is to reach, and what it remembers of him.
struct TlsPeer {
  ServerIdentity server;
  std::shared_ptr<Resumption> resumption;  ///< null: nothing
};

/// Keys, authorities and settings that many sessions share. Thread-safe; outlives its sessions.
class TlsContext {
 public:
  /// Fails with `malformed`: not a certificate, not a key, or not of each other.
  static Result<std::shared_ptr<const TlsContext>> server(const std::string& certificate_pem,
                                                          const std::string& key_pem);
  /// Trusts whom connect() names by fingerprint, and nobody else.
  static std::shared_ptr<const TlsContext> pinned_client();
  /// Trusts the system's authorities.
  static std::shared_ptr<const TlsContext> public_client();

  /// Empty if memory ran out.
  TlsSession accept(int descriptor) const;
  /// `peer` outlives the session; with a fingerprint for pinned_client, without for public_client.
  TlsSession connect(int descriptor, const TlsPeer& peer) const;

 private:
  TlsContext();
  TlsSession session(int descriptor) const;
  void remember_sessions();
  std::unique_ptr<TicketKeys> ticket_keys_;  ///< a server's
  std::unique_ptr<bio_method_st, ReleaseTls> socket_method_;
  std::unique_ptr<ssl_ctx_st, ReleaseTls> context_;
};

}  // namespace martlet::net
