#include "floor.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "loopback.h"
#include "process.h"
#include "wire/frames.h"

namespace martlet::bench {
namespace {

constexpr std::size_t kRecordBytes = 16'384;
constexpr std::size_t kFrameLengthBytes = 4;
constexpr double kPatienceSeconds = 30;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::size_t size_of(wire::Body body) {
  return wire::encode(wire::Frame{1'000'000, std::move(body)}).size() + kFrameLengthBytes;
}

}  // namespace

FloorSizes FloorSizes::of(std::size_t envelope_bytes) {
  const Bytes sealed(envelope_bytes, 1);
  wire::Deliver deliver;
  deliver.sequence = 1'000'000;
  deliver.accepted = UnixMillis{std::chrono::hours{24 * 365 * 55}};
  deliver.suite = 1;
  deliver.sealed = sealed;
  wire::Acknowledge acknowledge;
  acknowledge.sequences = {1'000'000};
  return {size_of(wire::Send{{}, {{{}, {}}}, {{{}, 1, sealed}}}), size_of(wire::Accepted{}),
          size_of(std::move(deliver)), size_of(std::move(acknowledge))};
}

struct Floor::End {
  End(SSL_CTX* context, std::uint16_t port, bool sends)
      : line{context, connect_on_loopback(port), TlsLine::Side::connects}, is_sender{sends} {}
  TlsLine line;
  bool is_sender;
  std::size_t part = 0;  ///< bytes of a frame that has not come as a whole
  std::size_t came = 0;  ///< frames of this round
  std::size_t unanswered = 0;
  bool waits = false;
};

Floor::Floor(std::size_t pairs, std::size_t window, std::size_t envelope_bytes, bool batched)
    : sizes_{FloorSizes::of(envelope_bytes)},
      window_{window},
      batched_{batched},
      poller_{::epoll_create1(EPOLL_CLOEXEC)},
      context_{make_line_context()} {
  const auto words = std::to_string(sizes_.send) + "," + std::to_string(sizes_.accepted) + "," +
                     std::to_string(sizes_.deliver) + "," + (batched ? "1" : "0");
  const int out = spawn(own_program(), {"--floor-server", words}, true, pid_);
  const auto said = read_until(out, "listening on :");
  ::close(out);
  const auto at = said.find(':');
  if (at == std::string::npos) give_up("the floor's server does not start");
  const auto port = static_cast<std::uint16_t>(std::stoi(said.substr(at + 1)));
  for (std::size_t i = 0; i < 2 * pairs; ++i) {
    const bool sends = i < pairs;
    ends_.push_back(std::make_unique<End>(context_.get(), port, sends));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = ends_.back().get();
    ::epoll_ctl(poller_, EPOLL_CTL_ADD, ends_.back()->line.descriptor(), &event);
    const auto pair = sends ? i : i - pairs;
    const auto started = now();
    while (!ends_.back()->line.is_ready()) {
      serve(1'000);
      if (now() - started > kPatienceSeconds) give_up("the floor's handshakes");
    }
    const std::uint8_t hello[3] = {static_cast<std::uint8_t>(sends ? 1 : 0),
                                   static_cast<std::uint8_t>(pair / 256),
                                   static_cast<std::uint8_t>(pair % 256)};
    ends_.back()->line.put(hello);
    ends_.back()->line.flush();
  }
  ::usleep(100'000);  // the last hello is there before the first message
}

Floor::~Floor() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ends_.clear();
  ::close(poller_);
}

Json Floor::measure(double warm_up_seconds, double seconds) {
  sending_ = true;
  for (auto& end : ends_) {
    if (!end->is_sender) continue;
    end->came = window_;
    answer(*end);
    end->unanswered = window_;
  }
  const auto serve_until = [&](double when) {
    while (now() < when) serve(10);
  };
  serve_until(now() + warm_up_seconds);
  const auto cpu_before = cpu_seconds_of(pid_);
  const auto count_before = delivered_;
  const auto started = now();
  serve_until(started + seconds);
  const auto took = now() - started;
  const auto cpu = cpu_seconds_of(pid_) - cpu_before;
  const auto count = static_cast<double>(delivered_ - count_before);
  sending_ = false;
  const auto give_up_at = now() + kPatienceSeconds;
  const auto open = [&] {
    std::size_t sum = 0;
    for (const auto& end : ends_) sum += end->unanswered;
    return sum;
  };
  while (open() > 0) {
    serve(10);
    if (now() > give_up_at) give_up("the floor lost messages");
  }
  return {{"cpu_us_a_message", count > 0 ? cpu * 1e6 / count : 0},
          {"messages_a_second", count / took}};
}

void Floor::serve(int timeout_ms) {
  std::array<epoll_event, 64> events;
  const int count = ::epoll_wait(poller_, events.data(), events.size(), timeout_ms);
  for (int i = 0; i < count; ++i) {
    read(*static_cast<End*>(events[static_cast<std::size_t>(i)].data.ptr));
  }
  for (auto* end : to_answer_) answer(*end);
  to_answer_.clear();
}

void Floor::read(End& end) {
  std::array<std::uint8_t, kRecordBytes> room;
  const auto frame = end.is_sender ? sizes_.accepted : sizes_.deliver;
  const bool was_ready = end.line.is_ready();
  do {
    const auto got = end.line.read(room);
    if (end.line.is_gone()) give_up("the floor's server is gone");
    if (got.empty()) break;
    end.part += got.size();
    end.came += end.part / frame;
    end.part %= frame;
  } while (end.line.has_more());
  if (!was_ready) end.line.flush();
  if (end.came == 0 || end.waits) return;
  end.waits = true;
  to_answer_.push_back(&end);
}

void Floor::answer(End& end) {
  end.waits = false;
  const auto count = end.came;
  end.came = 0;
  if (!end.is_sender) {
    delivered_ += count;
    const auto records = batched_ ? 1 : count;
    for (std::size_t i = 0; i < records; ++i) {
      end.line.put(ByteView{blank_}.first(sizes_.acknowledge));
    }
  } else {
    end.unanswered -= std::min(count, end.unanswered);
    if (!sending_) return;
    end.unanswered += count;
    // Whole frames in a record: the server counts them by the size of what it reads.
    const auto frames_a_record =
        batched_ ? std::max<std::size_t>(1, kRecordBytes / sizes_.send) : 1;
    for (std::size_t left = count; left > 0;) {
      const auto some = std::min(left, frames_a_record);
      end.line.put(ByteView{blank_}.first(some * sizes_.send));
      left -= some;
    }
  }
  end.line.flush();
}

}  // namespace martlet::bench
