#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace martlet::bench {

/// What a parked connection costs OpenSSL alone: this program once more (`--bare-server`), which
/// accepts on a blocking socket with SSL_set_fd, shakes hands, and does nothing else. P-256
/// certificate and cipher as at martletd.
class BareServer {
 public:
  BareServer();
  ~BareServer();
  BareServer(const BareServer&) = delete;
  BareServer& operator=(const BareServer&) = delete;
  std::uint16_t port() const { return port_; }
  std::uint64_t pss_bytes() const;
  double cpu_seconds() const;

 private:
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

/// The child: says its port on stdout, serves until it is killed.
int run_bare_server();

}  // namespace martlet::bench
