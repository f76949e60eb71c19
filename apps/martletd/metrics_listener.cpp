#include "apps/martletd/metrics_listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstring>

#include "net/http_parser.h"

namespace martlet::daemon {
namespace {

namespace http = boost::beast::http;
using Steady = std::chrono::steady_clock;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const ListenAddress& from) {
  SocketAddress made;
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&made.storage);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&made.storage);
  if (::inet_pton(AF_INET, from.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(from.port);
    made.size = sizeof *v4;
  } else if (::inet_pton(AF_INET6, from.address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(from.port);
    made.size = sizeof *v6;
  }
  return made;
}

/// What ends waiting for a peer: time, or that we are told to stop.
struct Patience {
  Steady::time_point deadline;
  int stop;

  /// False: it is over.
  bool wait_for(int fd, short events) const {
    for (;;) {
      const auto left = std::chrono::ceil<Milliseconds>(deadline - Steady::now());
      if (left.count() <= 0) return false;
      std::array<pollfd, 2> entries{{{fd, events, 0}, {stop, POLLIN, 0}}};
      const int got = ::poll(entries.data(), entries.size(), static_cast<int>(left.count()));
      if (got == 0 || (got < 0 && errno != EINTR) || entries[1].revents != 0) return false;
      if (got > 0) return true;
    }
  }
};

using Parser = http::request_parser<http::empty_body>;

/// One request; the status to refuse it with otherwise. 0: there is nobody to answer.
unsigned read_request(int fd, Parser& parser, const Patience& patience) {
  parser.header_limit(MetricsListener::kHeaderBytesMax);
  std::array<char, MetricsListener::kHeaderBytesMax> bytes;
  std::size_t size = 0;
  while (!parser.is_done()) {
    if (size > 0) {
      boost::beast::error_code error;
      const auto used = parser.put(boost::asio::buffer(bytes.data(), size), error);
      if (error == http::error::header_limit) return 431;
      if (error && error != http::error::need_more) return 400;
      std::memmove(bytes.data(), bytes.data() + used, size - used);
      size -= used;
      if (used > 0) continue;
    }
    if (size == bytes.size()) return 431;
    if (!patience.wait_for(fd, POLLIN)) return 0;
    const auto got = ::recv(fd, bytes.data() + size, bytes.size() - size, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return 0;
    size += static_cast<std::size_t>(got);
  }
  return 200;
}

std::string encode(const net::HttpResponse& response, bool with_body) {
  auto text = "HTTP/1.1 " + std::to_string(response.status) + " " +
              net::reason_of(response.status) + "\r\nContent-Type: " + response.content_type +
              "\r\nContent-Length: " + std::to_string(response.body.size()) +
              "\r\nConnection: close\r\nCache-Control: no-store\r\n"
              "X-Content-Type-Options: nosniff\r\n";
  for (const auto& [name, value] : response.headers) text += name + ": " + value + "\r\n";
  return text + "\r\n" + (with_body ? response.body : "");
}

void write_all(int fd, std::string_view rest, const Patience& patience) {
  while (!rest.empty() && patience.wait_for(fd, POLLOUT)) {
    const auto sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent < 0) return;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
}

net::HttpResponse refusal(unsigned status) {
  return {status, "text/plain; charset=utf-8", net::reason_of(status) + "\n", {}};
}

void serve_one(int connection, const Patience& patience, const MetricsListener::Serve& serve) {
  Parser parser;
  const auto status = read_request(connection, parser, patience);
  if (status == 0) return;
  if (status != 200) return write_all(connection, encode(refusal(status), true), patience);
  const auto& request = parser.get();
  const auto method = request.method();
  net::HttpResponse response;
  if (method != http::verb::get && method != http::verb::head) {
    response = refusal(405);
    response.headers.emplace_back("Allow", "GET, HEAD");
  } else if (request.count(http::field::host) != 1 ||
             !is_loopback_host(std::string_view{request[http::field::host].data(),
                                                request[http::field::host].size()})) {
    response = refusal(403);
  } else {
    response = serve({request.target().data(), request.target().size()});
  }
  write_all(connection, encode(response, method != http::verb::head), patience);
}

Complaint cannot_serve(const std::string& where) {
  return {Exit::network, "cannot serve metrics on " + where + ": " + std::strerror(errno),
          "another port in `admin.metrics` may do"};
}

}  // namespace

bool is_loopback(const std::string& address) {
  in_addr v4{};
  if (::inet_pton(AF_INET, address.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, address.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool is_loopback_host(std::string_view host) {
  auto name = std::string{host};
  if (name.starts_with('[')) {
    const auto end = name.find(']');
    if (end == std::string::npos) return false;
    const auto rest = name.substr(end + 1);
    if (!rest.empty() && (rest.front() != ':' || !parse_port(rest.substr(1)))) return false;
    name = name.substr(1, end - 1);
  } else if (const auto colon = name.find(':'); colon != std::string::npos) {
    if (!parse_port(name.substr(colon + 1))) return false;
    name.resize(colon);
  }
  return name == "localhost" || is_loopback(name);
}

Outcome<std::unique_ptr<MetricsListener>> MetricsListener::open(const ListenAddress& address,
                                                                Serve serve) {
  const auto where = address.text();
  if (!is_loopback(address.address)) {
    return Complaint{Exit::usage, "metrics are for this machine alone: " + where + " is not of it",
                     "choose 127.0.0.1:PORT or [::1]:PORT"};
  }
  auto socket_at = socket_address(address);
  Descriptor listener{
      ::socket(socket_at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const int on = 1;
  if (!listener || ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(listener.get(), socket_at.get(), socket_at.size) != 0 ||
      ::listen(listener.get(), 16) != 0 ||
      ::getsockname(listener.get(), socket_at.get(), &socket_at.size) != 0) {
    return cannot_serve(where);
  }
  const auto port = ntohs(socket_at.storage.ss_family == AF_INET
                              ? reinterpret_cast<sockaddr_in&>(socket_at.storage).sin_port
                              : reinterpret_cast<sockaddr_in6&>(socket_at.storage).sin6_port);
  auto doorman = Doorman::start(std::move(listener), [serve = std::move(serve)](int fd, int stop) {
    serve_one(fd, {Steady::now() + kPatience, stop}, serve);
  });
  if (doorman == nullptr) return cannot_serve(where);
  return std::unique_ptr<MetricsListener>{new MetricsListener{std::move(doorman), port}};
}

}  // namespace martlet::daemon
