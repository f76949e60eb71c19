#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "net/connection.h"
#include "net/listener.h"

/// For the tests of net/ alone: a server on its own threads, a client on the test's, and a peer
/// that does what a decent one would not.
namespace martlet::net::test {

/// What a peer offers that speaks our protocol alone, as on the wire (RFC 7301).
inline const std::string kAlpn = "\x09martlet/1";

/// A fresh self-signed certificate (P-256) for `localhost`.
struct Certificate {
  std::string certificate_pem;
  std::string key_pem;
  Digest fingerprint;  ///< SHA-256 of the SubjectPublicKeyInfo
};
Certificate make_certificate();

/// The same for the whole program, because making one takes time.
const Certificate& certificate();

/// What one side saw of one connection.
struct Seen {
  std::optional<Established> established;
  std::vector<Bytes> frames;
  std::optional<CloseReason> closed;
  int opened_calls = 0, closed_calls = 0;
  std::size_t reactor = 0;
  FrameConnection* connection = nullptr;  ///< for its own reactor alone; null once closed
};

/// A Seen that one thread writes and another waits for. Thread-safe.
class Watch {
 public:
  void change(const std::function<void(Seen&)>& how);
  Seen now() const;
  /// Waits until `what` holds; after half a minute gives up, and gives back what there is.
  Seen wait(const std::function<bool(const Seen&)>& what) const;
  CloseReason wait_closed() const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Seen seen_;
};

struct Script {
  std::function<void(FrameConnection&, const Established&)> on_open = nullptr;
  std::function<void(FrameConnection&, ByteView)> on_frame = nullptr;
};
std::unique_ptr<FrameHandler> make_handler(std::shared_ptr<Watch> watch, Script script);

/// A script that sends every frame back.
Script echo();

struct ServerOptions {
  std::size_t reactors = 1;
  Script script = echo();
  Milliseconds handshake_timeout{20'000}, idle_timeout{20'000}, write_stall_timeout{20'000};
  std::size_t connections_max = 10'000;
  std::size_t handshakes_under_way_max = 1'000;
  Milliseconds handshake_patience{20'000};
  std::function<HttpResponse(const HttpRequest&)> on_http =
      nullptr;                     ///< default: says what it was asked
  OnHttp on_http_later = nullptr;  ///< comes before on_http
};

class Server {
 public:
  explicit Server(ServerOptions options = {});
  ~Server();  ///< stops; open connections and all
  std::uint16_t port() const { return listener_->port(); }
  Listener& listener() { return *listener_; }
  Reactor& reactor(std::size_t index) { return *reactors_[index]; }
  /// The connection of frames that came as number `index`, from 0; waits for it.
  Watch& connection(std::size_t index);
  void stop();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Watch>> watches_;
  std::vector<std::unique_ptr<Reactor>> reactors_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::thread> threads_;
};

/// A connection made with connect(), on a reactor of its own that runs inside run_until.
class Client {
 public:
  explicit Client(Script script = {}) : script_{std::move(script)} {}
  void connect(std::uint16_t port, const std::string& host = "127.0.0.1");
  void connect(std::uint16_t port, const std::string& host, const ClientTls& tls,
               Milliseconds timeout);
  /// Runs until `what` holds, at most half a minute; true if it does.
  bool run_until(const std::function<bool(const Seen&)>& what);
  bool run_until_open();
  bool run_until_frames(std::size_t count);
  CloseReason run_until_closed();
  Seen seen() const { return watch_->now(); }
  FrameConnection& connection() { return *watch_->now().connection; }
  Reactor& reactor() { return reactor_; }

 private:
  Script script_;
  std::shared_ptr<Watch> watch_ = std::make_shared<Watch>();
  Reactor reactor_;
};

/// A blocking socket, with or without TLS, under the test's full control.
class RawPeer {
 public:
  RawPeer();  ///< a socket, not connected
  explicit RawPeer(std::uint16_t port) : RawPeer{} { connect(port); }
  ~RawPeer();
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;
  void connect(std::uint16_t port);
  /// `alpn` in wire form ("\x09martlet/1"); empty: none. False: the handshake failed.
  bool start_tls(const std::string& alpn, int version = 0x0304);
  std::string protocol() const;
  /// One record that changes our key, and asks for a new one of the server's too, or not.
  bool update_keys(bool both);
  void send_plain(ByteView bytes);
  void send(ByteView bytes);        ///< one TLS record
  Bytes receive(std::size_t size);  ///< less only at the end
  Bytes receive_record();           ///< what the next record holds, as far as not yet received
  std::string receive_until(const std::string& mark);
  std::string receive_all();  ///< up to the end
  bool ended();  ///< waits for the other side to close; false if bytes come or nothing happens for
                 ///< half a minute
  void shut_down_writing();
  int descriptor() const { return descriptor_; }

 private:
  struct Tls;
  int descriptor_;
  std::unique_ptr<Tls> tls_;
};

Bytes framed(ByteView content);
Bytes pattern(std::size_t size);  ///< bytes that differ from their neighbours

}  // namespace martlet::net::test
