#include "net/test_support.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "base/check.h"

namespace martlet::net::test {
namespace {

constexpr std::chrono::seconds kPatience{30};

std::string text_and_free(BIO* bio) {
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio, &text);
  std::string copy{text, static_cast<std::size_t>(size)};
  BIO_free(bio);
  return copy;
}

class Handler final : public FrameHandler {
 public:
  Handler(std::shared_ptr<Watch> watch, Script script)
      : watch_{std::move(watch)}, script_{std::move(script)} {}
  void on_open(FrameConnection& connection, const Established& established) override {
    connection_ = &connection;
    watch_->change([&](Seen& seen) {
      ++seen.opened_calls;
      seen.established = established;
      seen.connection = &connection;
    });
    if (script_.on_open) script_.on_open(connection, established);
  }
  void on_frame(ByteView frame) override {
    watch_->change([&](Seen& seen) { seen.frames.push_back(copy_of(frame)); });
    if (script_.on_frame) script_.on_frame(*connection_, frame);
  }
  void on_closed(CloseReason reason) override {
    watch_->change([&](Seen& seen) {
      ++seen.closed_calls;
      seen.closed = reason;
      seen.connection = nullptr;
    });
  }

 private:
  std::shared_ptr<Watch> watch_;
  Script script_;
  FrameConnection* connection_ = nullptr;
};

HttpResponse repeat(const HttpRequest& request) {
  HttpResponse response;
  response.body = request.method + " " + request.target + " " + request.body;
  return response;
}

}  // namespace

Certificate make_certificate() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* x509 = X509_new();
  CHECK(key != nullptr && x509 != nullptr);
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509), 86'400);
  const unsigned char name[] = "localhost";
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC, name, -1, -1, 0);
  X509_set_issuer_name(x509, X509_get_subject_name(x509));
  X509_set_pubkey(x509, key);
  CHECK(X509_sign(x509, key, EVP_sha256()) > 0);

  Certificate made;
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, x509);
  made.certificate_pem = text_and_free(out);
  out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  made.key_pem = text_and_free(out);
  unsigned char* spki = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
  EVP_Digest(spki, static_cast<std::size_t>(size), made.fingerprint.data(), nullptr, EVP_sha256(),
             nullptr);
  OPENSSL_free(spki);
  X509_free(x509);
  EVP_PKEY_free(key);
  return made;
}

const Certificate& certificate() {
  static const Certificate made = make_certificate();
  return made;
}

void Watch::change(const std::function<void(Seen&)>& how) {
  const std::lock_guard lock{mutex_};
  how(seen_);
  changed_.notify_all();
}

Seen Watch::now() const {
  const std::lock_guard lock{mutex_};
  return seen_;
}

Seen Watch::wait(const std::function<bool(const Seen&)>& what) const {
  std::unique_lock lock{mutex_};
  EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return what(seen_); })) << "waited in vain";
  return seen_;
}

CloseReason Watch::wait_closed() const {
  return wait([](const Seen& seen) { return seen.closed.has_value(); })
      .closed.value_or(CloseReason::local);
}

std::unique_ptr<FrameHandler> make_handler(std::shared_ptr<Watch> watch, Script script) {
  return std::make_unique<Handler>(std::move(watch), std::move(script));
}

Script echo() {
  return {nullptr,
          [](FrameConnection& connection, ByteView frame) { connection.send(copy_of(frame)); }};
}

Server::Server(ServerOptions options) {
  std::signal(SIGPIPE, SIG_IGN);
  std::vector<Reactor*> pointers;
  for (std::size_t i = 0; i < options.reactors; ++i) {
    pointers.push_back(reactors_.emplace_back(std::make_unique<Reactor>()).get());
  }
  ListenerConfig config;
  config.certificate_pem = certificate().certificate_pem;
  config.key_pem = certificate().key_pem;
  config.handshake_timeout = options.handshake_timeout;
  config.idle_timeout = options.idle_timeout;
  config.write_stall_timeout = options.write_stall_timeout;
  config.connections_max = options.connections_max;
  config.handshakes_under_way_max = options.handshakes_under_way_max;
  config.handshake_patience = options.handshake_patience;
  ListenerCallbacks callbacks;
  callbacks.on_frames = [this, script = options.script](std::size_t index) {
    auto watch = std::make_shared<Watch>();
    watch->change([&](Seen& seen) { seen.reactor = index; });
    const std::lock_guard lock{mutex_};
    watches_.push_back(watch);
    changed_.notify_all();
    return make_handler(watch, script);
  };
  callbacks.on_http = [answer = options.on_http ? options.on_http : repeat](
                          std::size_t, const HttpRequest& request, const HttpAnswer& done) {
    done(answer(request));
  };
  if (options.on_http_later) callbacks.on_http = options.on_http_later;
  auto opened = Listener::open(pointers, config, std::move(callbacks));
  CHECK(opened.ok());
  listener_ = std::move(opened).take();
  for (auto* reactor : pointers) threads_.emplace_back([reactor] { reactor->run(); });
}

Server::~Server() { stop(); }

void Server::stop() {
  for (auto& reactor : reactors_) reactor->stop();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  listener_.reset();
}

Watch& Server::connection(std::size_t index) {
  std::unique_lock lock{mutex_};
  CHECK(changed_.wait_for(lock, kPatience, [&] { return watches_.size() > index; }));
  return *watches_[index];
}

void Client::connect(std::uint16_t port, const std::string& host) {
  connect(port, host, ClientTls{certificate().fingerprint}, Milliseconds{20'000});
}

void Client::connect(std::uint16_t port, const std::string& host, const ClientTls& tls,
                     Milliseconds timeout) {
  watch_ = std::make_shared<Watch>();
  net::connect(reactor_, host, port, tls, timeout, make_handler(watch_, script_));
}

bool Client::run_until(const std::function<bool(const Seen&)>& what) {
  return reactor_.run_until([&] { return what(watch_->now()); }, kPatience);
}

bool Client::run_until_open() {
  return run_until([](const Seen& seen) { return seen.opened_calls > 0; });
}

bool Client::run_until_frames(std::size_t count) {
  return run_until([&](const Seen& seen) { return seen.frames.size() >= count; });
}

CloseReason Client::run_until_closed() {
  EXPECT_TRUE(run_until([](const Seen& seen) { return seen.closed.has_value(); }))
      << "waited in vain";
  return watch_->now().closed.value_or(CloseReason::local);
}

struct RawPeer::Tls {
  explicit Tls(int version) {
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    ssl = SSL_new(context);
  }
  ~Tls() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = nullptr;
};

// Its TLS writes with OpenSSL's own socket code; Server ignores SIGPIPE for it.
RawPeer::RawPeer() : descriptor_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  const timeval patience{kPatience.count(), 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

void RawPeer::connect(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

RawPeer::~RawPeer() {
  tls_.reset();
  ::close(descriptor_);
}

bool RawPeer::start_tls(const std::string& alpn, int version) {
  tls_ = std::make_unique<Tls>(version);
  if (!alpn.empty()) {
    SSL_set_alpn_protos(tls_->ssl, reinterpret_cast<const unsigned char*>(alpn.data()),
                        static_cast<unsigned>(alpn.size()));
  }
  SSL_set_fd(tls_->ssl, descriptor_);
  const bool done = SSL_connect(tls_->ssl) == 1;
  ERR_clear_error();
  return done;
}

std::string RawPeer::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls_->ssl, &name, &size);
  return std::string{reinterpret_cast<const char*>(name), size};
}

bool RawPeer::update_keys(bool both) {
  const int kind = both ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
  return SSL_key_update(tls_->ssl, kind) == 1 && SSL_do_handshake(tls_->ssl) == 1;
}

void RawPeer::send_plain(ByteView bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

void RawPeer::send(ByteView bytes) {
  std::size_t written = 0;
  SSL_write_ex(tls_->ssl, bytes.data(), bytes.size(), &written);
  ERR_clear_error();
}

Bytes RawPeer::receive(std::size_t size) {
  Bytes bytes(size);
  std::size_t have = 0;
  while (have < size) {
    std::size_t got = 0;
    if (SSL_read_ex(tls_->ssl, bytes.data() + have, size - have, &got) != 1) break;
    have += got;
  }
  ERR_clear_error();
  bytes.resize(have);
  return bytes;
}

Bytes RawPeer::receive_record() {
  Bytes bytes(16 * 1024);
  std::size_t got = 0;
  SSL_read_ex(tls_->ssl, bytes.data(), bytes.size(), &got);
  ERR_clear_error();
  bytes.resize(got);
  return bytes;
}

std::string RawPeer::receive_until(const std::string& mark) {
  std::string text;
  while (text.find(mark) == std::string::npos) {
    const auto byte = receive(1);
    if (byte.empty()) break;
    text += text_of(byte);
  }
  return text;
}

std::string RawPeer::receive_all() {
  std::string text;
  for (auto part = receive(4096); !part.empty(); part = receive(4096)) text += text_of(part);
  return text;
}

bool RawPeer::ended() {
  std::uint8_t byte = 0;
  if (tls_ != nullptr) {
    std::size_t got = 0;
    const int result = SSL_read_ex(tls_->ssl, &byte, 1, &got);
    const int error = SSL_get_error(tls_->ssl, result);
    ERR_clear_error();
    return result != 1 && error != SSL_ERROR_WANT_READ;
  }
  const auto got = ::recv(descriptor_, &byte, 1, 0);
  return got == 0 || (got < 0 && errno != EAGAIN);
}

void RawPeer::shut_down_writing() { ::shutdown(descriptor_, SHUT_WR); }

Bytes framed(ByteView content) {
  const auto size = static_cast<std::uint32_t>(content.size());
  const std::array<std::uint8_t, 4> length{
      static_cast<std::uint8_t>(size >> 24U), static_cast<std::uint8_t>(size >> 16U),
      static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
  return concat({length, content});
}

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  return bytes;
}

}  // namespace martlet::net::test
