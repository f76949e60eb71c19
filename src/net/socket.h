#pragma once

#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace martlet::net {

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
  /// Takes over `descriptor` in any case. `user` outlives the socket.
  Socket(boost::asio::io_context& io, int descriptor, SocketUser& user);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool is_open() const {
    return state_ != nullptr;
  }                        ///< false also if the system refused to watch it
  int descriptor() const;  ///< -1 when closed
  void await_readable();   ///< calls on_readable once, later; asking twice is asking once
  void await_writable();
  void close();
  int release();  ///< closes without closing the descriptor, which is the caller's again; -1 if it
                  ///< cannot

 private:
  struct State;
  static void await(const std::shared_ptr<State>& state, bool write);
  // Shared with the handlers in flight, which asio calls or destroys after we are gone.
  std::shared_ptr<State> state_;
};

/// Address without port of the other side; empty if it is gone already.
std::string remote_address(int descriptor);

/// Sets what every connection wants: non-blocking, no delay for small records.
void prepare(int descriptor);

}  // namespace martlet::net
