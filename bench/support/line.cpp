#include "line.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "loopback.h"
#include "process.h"

namespace martlet::bench {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;  ///< a record

/// Byte by byte, as what follows belongs to TLS.
void skip_line(int descriptor) {
  for (char byte = 0; byte != '\n';) {
    if (::recv(descriptor, &byte, 1, 0) != 1) give_up("a server that was to greet did not");
  }
}

/// SSL_read and SSL_write in one word: bytes, 0 for "later", -1 for "over".
int outcome(SSL* ssl, int result) {
  if (result > 0) return result;
  const int reason = SSL_get_error(ssl, result);
  return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

}  // namespace

TlsContextPtr make_client_context(const std::string& alpn) {
  auto context = make_tls_context();
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (!alpn.empty()) {
    Bytes offered{static_cast<std::uint8_t>(alpn.size())};
    offered.insert(offered.end(), alpn.begin(), alpn.end());
    SSL_CTX_set_alpn_protos(context.get(), offered.data(), static_cast<unsigned>(offered.size()));
  }
  return context;
}

Line::Line(SSL_CTX* context, std::uint16_t port, bool greeted_in_clear)
    : descriptor_{connect_from_many_addresses(port)}, ssl_{SSL_new(context)} {
  if (greeted_in_clear) skip_line(descriptor_);
  SSL_set_fd(ssl_.get(), descriptor_);
  if (SSL_connect(ssl_.get()) != 1) give_up("a handshake failed");
}

Line::~Line() { close(); }

void Line::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  open_ = false;
}

Bytes Line::read_exactly(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t got = 0; got < size;) {
    const int more = SSL_read(ssl_.get(), bytes.data() + got, static_cast<int>(size - got));
    if (more <= 0) give_up("a server has closed a connection before it began");
    got += static_cast<std::size_t>(more);
  }
  return bytes;
}

void Line::write_now(ByteView bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const int more =
        SSL_write(ssl_.get(), bytes.data() + sent, static_cast<int>(bytes.size() - sent));
    if (more <= 0) give_up("a server has closed a connection before it began");
    sent += static_cast<std::size_t>(more);
  }
}

void Line::export_key(const char* label, std::span<std::uint8_t> into) {
  if (SSL_export_keying_material(ssl_.get(), into.data(), into.size(), label,
                                 std::char_traits<char>::length(label), nullptr, 0, 0) != 1) {
    give_up("no exporter");
  }
}

void Line::stop_blocking() {
  ::fcntl(descriptor_, F_SETFL, ::fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
}

bool Line::fill() {
  if (!open_) return false;
  std::array<std::uint8_t, kReadBytes> record;
  for (;;) {
    const int got = outcome(ssl_.get(), SSL_read(ssl_.get(), record.data(), kReadBytes));
    if (got < 0) open_ = false;
    // With read-ahead OpenSSL may hold further records that epoll does not know of.
    if (got <= 0) return open_;
    in.insert(in.end(), record.begin(), record.begin() + got);
  }
}

bool Line::flush() {
  while (open_ && written_ < out.size()) {
    const int sent = outcome(ssl_.get(), SSL_write(ssl_.get(), out.data() + written_,
                                                   static_cast<int>(out.size() - written_)));
    if (sent < 0) open_ = false;
    if (sent <= 0) return open_;
    written_ += static_cast<std::size_t>(sent);
  }
  out.clear();
  written_ = 0;
  return open_;
}

}  // namespace martlet::bench
