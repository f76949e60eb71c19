#pragma once

#include <functional>
#include <memory>

#include "apps/martletd/doorman.h"
#include "apps/martletd/listen_address.h"
#include "net/listener.h"

namespace martlet::daemon {

/// Plain HTTP for programs and people on this machine: GET and HEAD, an answer, the end. Listens on
/// loopback addresses only, and serves only who calls it by one, so that no web page can have a
/// browser read it under another name. One connection at a time, each within kPatience, on a
/// thread of its own.
class MetricsListener {
 public:
  /// Takes the target of a request, such as "/metrics". Called on the listener's thread.
  using Serve = std::function<net::HttpResponse(std::string_view target)>;

  /// Port 0: any free one, see port().
  static Outcome<std::unique_ptr<MetricsListener>> open(const ListenAddress& address, Serve serve);
  std::uint16_t port() const { return port_; }

  static constexpr Milliseconds kPatience{5'000};
  static constexpr std::size_t kHeaderBytesMax = 8 * 1024;

 private:
  MetricsListener(std::unique_ptr<Doorman> doorman, std::uint16_t port)
      : doorman_{std::move(doorman)}, port_{port} {}

  const std::unique_ptr<Doorman> doorman_;
  const std::uint16_t port_;
};

/// 127.0.0.0/8 or ::1, written as an address.
bool is_loopback(const std::string& address);
/// A Host header's value that names this machine: localhost or a loopback address, with a port or
/// without.
bool is_loopback_host(std::string_view host);

}  // namespace martlet::daemon
