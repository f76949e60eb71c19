#include "loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "process.h"

namespace martlet::bench {
namespace {

constexpr int kEventsATurn = 1'024;
constexpr std::int64_t kLongestWaitNs = 20'000'000;

}  // namespace

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds{1};
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
