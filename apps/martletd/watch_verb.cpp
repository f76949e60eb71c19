#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "apps/martletd/admin_socket.h"
#include "apps/martletd/operator_verbs.h"
#include "apps/martletd/watch.h"

namespace martlet::daemon {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Milliseconds kEvery{1'000};
constexpr const char* kClearScreen = "\x1b[H\x1b[2J";

Outcome<std::string> ask_for_metrics(const std::filesystem::path& folder) {
  const auto answer = TRY(ask_running_server(folder, kMetricsRequest));
  if (!answer) {
    return Complaint{Exit::network, "no server runs on this folder", "martletd serve starts one"};
  }
  return accept_answer(*answer);
}

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

/// True: we are told to stop before that.
bool stopped_within(const sigset_t& signals, Steady::duration time) {
  const auto left = std::max(std::chrono::nanoseconds{time}, std::chrono::nanoseconds{0});
  const auto seconds = std::chrono::floor<Seconds>(left);
  timespec wait{seconds.count(), static_cast<long>((left - seconds).count())};
  int got = 0;
  do {
    got = ::sigtimedwait(&signals, nullptr, &wait);
  } while (got < 0 && errno == EINTR);
  return got > 0;
}

}  // namespace

Outcome<void> watch_server(const std::filesystem::path& folder, bool json) {
  if (!is_data_folder(folder)) {
    return Complaint{Exit::data_folder, "no server has used this folder: " + folder.string(),
                     "martletd serve --data DIR makes one"};
  }
  const auto signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  const bool draws = !json && ::isatty(STDOUT_FILENO) == 1;
  auto before = TRY(ask_for_metrics(folder));
  auto taken = Steady::now();
  for (auto next = taken + kEvery;; next += kEvery) {
    if (stopped_within(signals, next - Steady::now())) return {};
    auto now = TRY(ask_for_metrics(folder));
    const auto at = Steady::now();
    const auto line = watch_line(before, now, std::chrono::duration<double>(at - taken).count());
    if (!line.ok()) return Complaint{Exit::bug, "the server's answer makes no sense"};
    const auto text = json ? watch_json(line.value(), rfc3339(SystemClock{}.now()))
                           : watch_text(line.value()) + (draws ? "" : "\n");
    if (draws) std::fputs(kClearScreen, stdout);
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) return {};
    before = std::move(now);
    taken = at;
    if (at > next + kEvery) next = at;  // it was stopped for a while
  }
}

}  // namespace martlet::daemon
