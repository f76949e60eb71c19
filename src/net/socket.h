#pragma once

#include <cstdint>
#include <string>

namespace martlet::net {

class Poller;

/// Told when a socket is ready; at most once for each time it was asked for.
class SocketUser {
 public:
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;

 protected:
  ~SocketUser() = default;
};

/// An open TCP socket, non-blocking, on a reactor. Owns the descriptor. After close() or
/// destruction the user is not called any more.
class Socket {
 public:
  /// Takes over `descriptor` in any case. `poller` and `user` outlive the socket.
  Socket(Poller& poller, int descriptor, SocketUser& user);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// False also if the system refused to watch it.
  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }  ///< -1 when closed
  /// Calls on_readable once, later; asking twice is asking once. Costs a call of the system only
  /// after something came that nobody had asked for.
  void await_readable();
  void await_writable();
  void close();
  int release();  ///< closes without closing the descriptor, which is the caller's again; -1 if it
                  ///< cannot

 private:
  friend class Poller;
  void serve(std::uint32_t events);
  void watch(std::uint32_t events);

  Poller& poller_;
  SocketUser& user_;
  int descriptor_;
  std::uint32_t watched_;  ///< what the system reports, for as long as it holds
  bool is_watched_ = true;
  bool awaits_read_ = false;
  bool awaits_write_ = false;
};

/// Address without port of the other side; empty if it is gone already.
std::string remote_address(int descriptor);

/// The other side has closed, or the network broke, though bytes may be left to read.
bool peer_has_gone(int descriptor);

/// Sets what every connection wants: non-blocking, no delay for small records.
void prepare(int descriptor);

}  // namespace martlet::net
