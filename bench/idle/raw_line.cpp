#include "raw_line.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "net/connection.h"
#include "server_under_load.h"

namespace martlet::bench {
namespace {

constexpr std::size_t kLinesAnAddress = 10'000;
constexpr std::chrono::seconds kPingAfter{60};
constexpr unsigned char kAlpn[] = "\x09martlet/1";

sockaddr_in loopback(std::uint8_t last_byte, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(0x7F000000U | last_byte);
  return address;
}

int connect_from(std::uint8_t last_byte, std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) give_up("no socket: descriptors");
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto from = loopback(last_byte, 0);
  const auto to = loopback(1, port);
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
      ::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    give_up("the server cannot be reached");
  }
  return descriptor;
}

}  // namespace

SslContextPtr make_bare_context() {
  SslContextPtr context{SSL_CTX_new(TLS_method())};
  if (context == nullptr) give_up("no TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  return context;
}

RawLine::RawLine(SSL_CTX* context, std::uint16_t port, std::size_t number)
    : descriptor_{connect_from(static_cast<std::uint8_t>(2 + number / kLinesAnAddress), port)},
      ssl_{SSL_new(context)},
      last_word_{std::chrono::steady_clock::now()} {
  SSL_set_fd(ssl_.get(), descriptor_);
  SSL_set_alpn_protos(ssl_.get(), kAlpn, sizeof kAlpn - 1);
  if (SSL_connect(ssl_.get()) != 1) give_up("a handshake failed");
}

RawLine::RawLine(RawLine&& other) noexcept
    : descriptor_{std::exchange(other.descriptor_, -1)},
      ssl_{std::move(other.ssl_)},
      last_word_{other.last_word_} {}

RawLine::~RawLine() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void RawLine::log_in(const server::TestDevice& device) {
  const auto first = receive();
  const auto* challenge = std::get_if<wire::Challenge>(&first.body);
  if (challenge == nullptr) give_up("no challenge");
  std::array<std::uint8_t, 32> exporter{};
  SSL_export_keying_material(ssl_.get(), exporter.data(), exporter.size(), net::kExporterLabel,
                             std::strlen(net::kExporterLabel), nullptr, 0, 0);
  send({1, device.authenticate(challenge->nonce, exporter)});
  if (!std::holds_alternative<wire::Welcome>(receive().body)) give_up("a login was refused");
}

void RawLine::ping_if_due(std::chrono::steady_clock::time_point now) {
  if (now - last_word_ < kPingAfter) return;
  send({2, wire::Ping{}});
  if (!std::holds_alternative<wire::Pong>(receive().body)) give_up("no answer to a ping");
}

void RawLine::send(const wire::Frame& frame) {
  const auto bytes = wire::encode(frame);
  const auto size = static_cast<std::uint32_t>(bytes.size());
  Bytes framed{static_cast<std::uint8_t>(size >> 24U), static_cast<std::uint8_t>(size >> 16U),
               static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
  framed = concat({framed, bytes});
  last_word_ = std::chrono::steady_clock::now();
  if (SSL_write(ssl_.get(), framed.data(), static_cast<int>(framed.size())) <= 0) {
    give_up("the server has closed a connection");
  }
}

wire::Frame RawLine::receive() {
  std::array<std::uint8_t, 4> length{};
  read_exactly(length.data(), length.size());
  Bytes bytes((std::size_t{length[0]} << 24U) | (std::size_t{length[1]} << 16U) |
              (std::size_t{length[2]} << 8U) | length[3]);
  read_exactly(bytes.data(), bytes.size());
  auto frame = wire::parse_frame(bytes);
  if (!frame.ok()) give_up("the server sent what is no frame");
  return std::move(frame).take();
}

void RawLine::read_exactly(std::uint8_t* into, std::size_t size) {
  for (std::size_t got = 0; got < size;) {
    const int more = SSL_read(ssl_.get(), into + got, static_cast<int>(size - got));
    if (more <= 0) give_up("the server has closed a connection");
    got += static_cast<std::size_t>(more);
  }
}

}  // namespace martlet::bench
