#include "tls_line.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/time.h"
#include "crypto/certificate.h"
#include "process.h"

namespace martlet::bench {
namespace {

constexpr std::size_t kReadBufferBytes = 32 * 1'024;  ///< what one call of the system may bring

/// A BIO that keeps what OpenSSL writes in our own memory. (BIO_s_mem clears all of its memory each
/// time it is emptied.)
int keep_written(BIO* bio, const char* data, int size) {
  auto& out = *static_cast<Bytes*>(BIO_get_data(bio));
  const auto old = out.size();
  out.resize(old + static_cast<std::size_t>(size));
  std::copy_n(data, size, out.begin() + static_cast<std::ptrdiff_t>(old));
  return size;
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO* make_keeping_bio(Bytes& out) {
  static BIO_METHOD* const kMethod = [] {
    auto* method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "kept bytes");
    BIO_meth_set_write(method, keep_written);
    BIO_meth_set_ctrl(method, control);
    return method;
  }();
  BIO* bio = BIO_new(kMethod);
  BIO_set_data(bio, &out);
  BIO_set_init(bio, 1);
  return bio;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void do_not_delay(int descriptor) {
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

TlsContextPtr make_line_context() {
  TlsContextPtr context{SSL_CTX_new(TLS_method())};
  if (context == nullptr) give_up("no TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_default_read_buffer_len(context.get(), kReadBufferBytes);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  return context;
}

void use_fresh_certificate(SSL_CTX* context) {
  const auto files = crypto::make_self_signed("localhost", SystemClock{}.now(), 30);
  const auto bio_of = [](const auto& pem) {
    return BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  };
  BIO* bio = bio_of(files.certificate_pem);
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  bio = bio_of(files.key_pem);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  if (SSL_CTX_use_certificate(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey(context, key) != 1) {
    give_up("no certificate");
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
}

int listen_on_loopback(std::uint16_t& port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(descriptor, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(descriptor, SOMAXCONN) != 0 ||
      ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    give_up("cannot listen on loopback");
  }
  port = ntohs(address.sin_port);
  return descriptor;
}

int connect_on_loopback(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    give_up("cannot connect on loopback");
  }
  ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
  do_not_delay(descriptor);
  return descriptor;
}

int accept_without_blocking(int listener) {
  const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (descriptor >= 0) do_not_delay(descriptor);
  return descriptor;
}

TlsLine::TlsLine(SSL_CTX* context, int descriptor, Side side)
    : descriptor_{descriptor}, ssl_{SSL_new(context)} {
  if (ssl_ == nullptr) give_up("no TLS connection");
  SSL_set_bio(ssl_, BIO_new_socket(descriptor, BIO_NOCLOSE), make_keeping_bio(out_));
  if (side == Side::connects) {
    SSL_set_connect_state(ssl_);
    SSL_do_handshake(ssl_);
    flush();
  } else {
    SSL_set_accept_state(ssl_);
  }
}

TlsLine::~TlsLine() {
  SSL_free(ssl_);
  ::close(descriptor_);
}

std::span<std::uint8_t> TlsLine::read(std::span<std::uint8_t> room) {
  const int got = SSL_read(ssl_, room.data(), static_cast<int>(room.size()));
  if (got > 0) return room.first(static_cast<std::size_t>(got));
  const int why = SSL_get_error(ssl_, got);
  if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) gone_ = true;
  ERR_clear_error();
  return {};
}

void TlsLine::put(ByteView bytes) {
  if (gone_) return;
  if (SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) <= 0) give_up("TLS: write");
}

bool TlsLine::flush() {
  while (sent_ < out_.size()) {
    const auto more = ::send(descriptor_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0 && errno != EAGAIN) gone_ = true;
    if (more < 0) return gone_;
    sent_ += static_cast<std::size_t>(more);
  }
  out_.clear();
  sent_ = 0;
  return true;
}

}  // namespace martlet::bench
