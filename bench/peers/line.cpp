#include "line.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include "process.h"

namespace martlet::bench {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;  ///< a record
constexpr int kEventsATurn = 1'024;
constexpr std::int64_t kLongestWaitNs = 20'000'000;

int connect_to(std::uint16_t port) {
  static unsigned number = 0;
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) give_up("no socket: descriptors");
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(0x7F000002U + number++ % 200);
  sockaddr_in to = from;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(port);
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
      ::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    give_up("a server cannot be reached");
  }
  return descriptor;
}

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

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds{1};
}

LineContext make_line_context(const std::string& alpn) {
  LineContext context{SSL_CTX_new(TLS_client_method())};
  if (context == nullptr) give_up("no TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
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
    : descriptor_{connect_to(port)}, ssl_{SSL_new(context)} {
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

Loop::Loop() : epoll_{::epoll_create1(EPOLL_CLOEXEC)} {
  if (epoll_ < 0) give_up("no epoll");
}

Loop::~Loop() { ::close(epoll_); }

void Loop::add(Talker& talker) {
  talker.line().stop_blocking();
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLET;
  event.data.ptr = &talker;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, talker.line().descriptor(), &event);
}

void Loop::turn(std::int64_t wait_nanoseconds) {
  std::array<epoll_event, kEventsATurn> events;
  const auto wait = std::clamp<std::int64_t>(wait_nanoseconds, 0, kLongestWaitNs);
  const timespec most{0, static_cast<long>(touched_.empty() ? wait : 0)};
  const int count = ::epoll_pwait2(epoll_, events.data(), kEventsATurn, &most, nullptr);
  for (int i = 0; i < count; ++i) {
    auto& talker = *static_cast<Talker*>(events[static_cast<std::size_t>(i)].data.ptr);
    auto& line = talker.line();
    if (!line.open()) continue;
    const bool alive = line.fill();
    const auto used = talker.take(line.in);
    line.in.erase(line.in.begin(), line.in.begin() + static_cast<std::ptrdiff_t>(used));
    talker.end_turn();
    touched_.push_back(&talker);
    if (!alive) give_up("a server has closed a connection");
  }
  const auto touched = std::exchange(touched_, {});
  for (auto* talker : touched) {
    if (!talker->line().flush()) give_up("a server has closed a connection");
  }
}

bool Loop::run_until(const std::function<bool()>& done, double seconds,
                     const std::function<std::int64_t()>& each_turn) {
  const auto end = now_ns() + static_cast<std::int64_t>(seconds * 1e9);
  for (;;) {
    if (done()) return true;
    const auto left = end - now_ns();
    if (left <= 0) return false;
    const auto wait = each_turn ? each_turn() : kLongestWaitNs;
    turn(std::min(left, wait));
  }
}

}  // namespace martlet::bench
