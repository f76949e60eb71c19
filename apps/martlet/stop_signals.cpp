#include "apps/martlet/stop_signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"

namespace martlet::cli {
namespace {

sigset_t stopping_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  return set;
}

}  // namespace

StopSignals::StopSignals(std::function<void()> on_stop) {
  const auto set = stopping_signals();
  CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  signal_fd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  end_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  CHECK(signal_fd_ >= 0 && end_fd_ >= 0);
  watcher_ = std::thread{[this, on_stop = std::move(on_stop)] { watch(on_stop); }};
}

StopSignals::~StopSignals() {
  const eventfd_t one = 1;
  CHECK(eventfd_write(end_fd_, one) == 0);
  watcher_.join();
  // Taken off the queue, so that unblocking does not deliver what was already heeded.
  signalfd_siginfo info;
  while (::read(signal_fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
  }
  ::close(signal_fd_);
  ::close(end_fd_);
  const auto set = stopping_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void StopSignals::watch(const std::function<void()>& on_stop) {
  // Does not read the signal: whoever polls fd() has to see it, too.
  pollfd watched[2] = {{signal_fd_, POLLIN, 0}, {end_fd_, POLLIN, 0}};
  while (::poll(watched, 2, -1) < 0 && errno == EINTR) {
  }
  if ((watched[0].revents & POLLIN) == 0) return;
  arrived_ = true;
  on_stop();
}

}  // namespace martlet::cli
