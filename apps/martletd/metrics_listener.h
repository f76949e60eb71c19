#pragma once

#include <functional>
#include <thread>

#include "apps/martletd/data_folder.h"
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
  ~MetricsListener();
  std::uint16_t port() const { return port_; }

  static constexpr Milliseconds kPatience{5'000};
  static constexpr std::size_t kHeaderBytesMax = 8 * 1024;

 private:
  MetricsListener(Descriptor listener, Descriptor stop_read, Descriptor stop_write,
                  std::uint16_t port, Serve serve);
  void run();
  void serve_one(int connection);

  Descriptor listener_;
  Descriptor stop_read_;
  Descriptor stop_write_;
  std::uint16_t port_;
  Serve serve_;
  std::thread thread_;
};

/// 127.0.0.0/8 or ::1, written as an address.
bool is_loopback(const std::string& address);
/// A Host header's value that names this machine: localhost or a loopback address, with a port or
/// without.
bool is_loopback_host(std::string_view host);

}  // namespace martlet::daemon
