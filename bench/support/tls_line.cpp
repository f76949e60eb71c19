#include "tls_line.h"

#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

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

}  // namespace

TlsContextPtr make_line_context() {
  auto context = make_tls_context();
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_default_read_buffer_len(context.get(), kReadBufferBytes);
  return context;
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
