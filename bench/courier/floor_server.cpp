#include <sys/epoll.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <deque>

#include "floor.h"
#include "loopback.h"
#include "process.h"

namespace martlet::bench {
namespace {

constexpr std::size_t kRecordBytes = 16'384;

/// One connection; the first record says which: pair number and whether it is the sender's.
struct Place {
  Place(SSL_CTX* context, int descriptor) : line{context, descriptor, TlsLine::Side::accepts} {}
  TlsLine line;
  Place* peer = nullptr;
  bool known = false;
  bool is_sender = false;
  std::size_t part = 0;  ///< bytes of a frame that has not come as a whole
  std::size_t due = 0;   ///< frames that this round owes to it
  bool waits = false;    ///< among those to flush
};

class FloorServer {
 public:
  FloorServer(const FloorSizes& sizes, bool batched)
      : sizes_{sizes}, batched_{batched}, context_{make_line_context()} {
    use_fresh_certificate(context_.get());
    listener_ = listen_on_loopback(port_, Blocking::no);
    watch(listener_, nullptr);
  }
  std::uint16_t port() const { return port_; }

  void serve() {
    std::array<epoll_event, 64> events;
    for (;;) {
      const int count = ::epoll_wait(poller_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        auto* place = static_cast<Place*>(events[static_cast<std::size_t>(i)].data.ptr);
        place == nullptr ? take_newcomers() : read(*place);
      }
      for (auto* place : to_flush_) flush(*place);
      to_flush_.clear();
    }
  }

 private:
  void watch(int descriptor, Place* place) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = place;
    ::epoll_ctl(poller_, EPOLL_CTL_ADD, descriptor, &event);
  }
  void take_newcomers() {
    for (int descriptor; (descriptor = accept_without_blocking(listener_)) >= 0;) {
      places_.emplace_back(context_.get(), descriptor);
      watch(descriptor, &places_.back());
    }
  }
  void owe(Place& place, std::size_t frames) {
    place.due += frames;
    if (!place.waits) to_flush_.push_back(&place);
    place.waits = true;
  }

  void read(Place& place) {
    do {
      const auto got = place.line.read(room_);
      if (place.line.is_gone()) std::exit(0);  // the load is over
      if (got.empty()) break;
      if (!place.known) {
        introduce(place, got);
      } else if (place.is_sender) {
        place.part += got.size();
        const auto frames = place.part / sizes_.send;
        place.part %= sizes_.send;
        owe(place, frames);
        owe(*place.peer, frames);
      }
    } while (place.line.has_more());
    if (!place.line.is_ready()) owe(place, 0);
  }

  void introduce(Place& place, ByteView hello) {
    const std::size_t pair = hello[1] * std::size_t{256} + hello[2];
    place.known = true;
    place.is_sender = hello[0] == 1;
    if (waiting_.size() <= pair) waiting_.resize(pair + 1);
    if (waiting_[pair] == nullptr) {
      waiting_[pair] = &place;
    } else {
      place.peer = waiting_[pair];
      place.peer->peer = &place;
    }
  }

  void flush(Place& place) {
    const auto frame = place.is_sender ? sizes_.accepted : sizes_.deliver;
    auto bytes = place.due * frame;
    while (bytes > 0) {
      const auto some = batched_ ? std::min(bytes, kRecordBytes) : frame;
      place.line.put(ByteView{blank_}.first(some));
      bytes -= some;
    }
    place.due = 0;
    place.waits = false;
    // What does not fit into the socket leaves with the next round; windows are far smaller.
    place.line.flush();
  }

  FloorSizes sizes_;
  bool batched_;
  TlsContextPtr context_;
  int poller_ = ::epoll_create1(EPOLL_CLOEXEC);
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::deque<Place> places_;
  std::vector<Place*> waiting_;
  std::vector<Place*> to_flush_;
  std::array<std::uint8_t, kRecordBytes> room_{};
  Bytes blank_ = Bytes(65'536);
};

}  // namespace

int run_floor_server(const std::string& words) {
  FloorSizes sizes;
  int batched = 0;
  if (std::sscanf(words.c_str(), "%zu,%zu,%zu,%d", &sizes.send, &sizes.accepted, &sizes.deliver,
                  &batched) != 4) {
    give_up("the floor's server is for bench-courier alone");
  }
  raise_descriptor_limit();
  FloorServer server{sizes, batched == 1};
  std::printf("listening on :%u\n", unsigned{server.port()});
  std::fflush(stdout);
  server.serve();
  return 0;
}

}  // namespace martlet::bench
