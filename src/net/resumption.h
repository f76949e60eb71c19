#pragma once

#include <compare>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/ids.h"

struct ssl_session_st;

namespace martlet::net {

struct ReleaseTlsSession {
  void operator()(ssl_session_st* handle) const noexcept;
};
using TlsSessionPtr = std::unique_ptr<ssl_session_st, ReleaseTlsSession>;

/// Which server a client means, and how it knows it: a session is good for exactly this.
struct ServerIdentity {
  std::string host;
  std::uint16_t port = 0;
  std::optional<Digest> fingerprint;  ///< none: the system's authorities vouch for the name
  bool operator==(const ServerIdentity&) const = default;
};

/// What a client remembers of its last TLS session with each server, so that its next handshake is
/// a short one. In memory only. The session was made with a server that had proven itself, and is
/// used for that same identity alone; at most once, so that nobody who watches can tell two
/// connections of one client by it (RFC 8446 appendix C.4). Of the last kResumptionsMax servers.
/// Belongs to one reactor.
class Resumption {
 public:
  void keep(const ServerIdentity& server, TlsSessionPtr session);
  TlsSessionPtr take(const ServerIdentity& server);  ///< null: there is none
  std::size_t size() const { return kept_.size(); }

 private:
  std::list<std::pair<ServerIdentity, TlsSessionPtr>> kept_;  ///< the last one first
};

}  // namespace martlet::net
