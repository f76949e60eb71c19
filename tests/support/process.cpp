#include "support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace martlet::support {
namespace {

using Pipe = std::array<int, 2>;  // read end, write end; -1: closed

Pipe make_pipe() {
  Pipe pipe{-1, -1};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error{"pipe"};
  return pipe;
}

void close_end(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text{*entry};
    if (!added.contains(text.substr(0, text.find('=')))) environment.push_back(text);
  }
  for (const auto& [name, value] : added) environment.push_back(name + "=" + value);
  return environment;
}

/// In the child, between fork and exec: system calls only.
[[noreturn]] void become(const char* folder, char* const* words, char* const* environment) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // so that a test that crashes leaves nobody behind
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (*folder != '\0' && ::chdir(folder) != 0) ::_exit(126);
  ::execvpe(words[0], words, environment);
  ::_exit(127);
}

}  // namespace

struct Process::State {
  pid_t pid = -1;
  int input = -1;
  int out_fd = -1;
  int err_fd = -1;
  bool on_terminal = false;
  std::string to_write;
  std::thread carrier;

  mutable std::mutex mutex;  // guards what follows
  mutable std::condition_variable changed;
  std::string out;
  std::string err;
  std::size_t lines_given = 0;  // bytes of `out` that wait_for_line has passed
  std::optional<int> status;

  void carry();
  void write_some();
  bool read_some(int& fd, std::string& into);
};

/// Carries bytes both ways until the child has closed its side, then collects its status.
void Process::State::carry() {
  if (to_write.empty() && !on_terminal) close_end(input);
  while (out_fd >= 0 || err_fd >= 0) {
    std::array<pollfd, 3> watched{{{out_fd, POLLIN, 0}, {err_fd, POLLIN, 0}, {-1, POLLOUT, 0}}};
    if (!to_write.empty()) watched[2].fd = input;
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[0].revents != 0 && !read_some(out_fd, out)) out_fd = -1;
    if (watched[1].revents != 0 && !read_some(err_fd, err)) err_fd = -1;
    if (watched[2].fd >= 0 && watched[2].revents != 0) write_some();
  }
  close_end(input);
  siginfo_t ended;
  while (::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  const std::lock_guard lock{mutex};  // signal() must not meet an id that is free again
  int how = 0;
  ::waitpid(pid, &how, 0);
  status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
  changed.notify_all();
}

void Process::State::write_some() {
  const auto written = ::write(input, to_write.data(), to_write.size());
  if (written > 0) {
    to_write.erase(0, static_cast<std::size_t>(written));
  } else if (errno != EINTR && errno != EAGAIN) {
    to_write.clear();  // it does not want the rest
  }
  if (to_write.empty() && !on_terminal) close_end(input);
}

bool Process::State::read_some(int& fd, std::string& into) {
  std::array<char, 16384> part;
  const auto got = ::read(fd, part.data(), part.size());
  if (got < 0 && errno == EINTR) return true;
  if (got <= 0) {  // a terminal whose child is gone says EIO
    close_end(fd);
    return false;
  }
  const std::lock_guard lock{mutex};
  into.append(part.data(), static_cast<std::size_t>(got));
  changed.notify_all();
  return true;
}

Process::Process(const ProcessOptions& options) : state_{std::make_unique<State>()} {
  auto words = options.words;
  auto environment = environment_with(options.added);
  const auto word_pointers = pointers_to(words);
  const auto environment_pointers = pointers_to(environment);
  state_->to_write = options.input;
  state_->on_terminal = options.on_terminal;
  if (options.on_terminal) {
    int terminal = -1;
    state_->pid = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    if (state_->pid == 0) {
      become(options.folder.c_str(), word_pointers.data(), environment_pointers.data());
    }
    state_->out_fd = terminal;
    state_->input = ::fcntl(terminal, F_DUPFD_CLOEXEC, 0);
    ::fcntl(terminal, F_SETFD, FD_CLOEXEC);
  } else {
    auto in = make_pipe();
    auto out = make_pipe();
    auto err = make_pipe();
    ::signal(SIGPIPE, SIG_IGN);
    state_->pid = ::fork();
    if (state_->pid == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      ::dup2(err[1], STDERR_FILENO);
      become(options.folder.c_str(), word_pointers.data(), environment_pointers.data());
    }
    close_end(in[0]);
    close_end(out[1]);
    close_end(err[1]);
    state_->input = in[1];
    state_->out_fd = out[0];
    state_->err_fd = err[0];
    ::fcntl(state_->input, F_SETFL, O_NONBLOCK);
  }
  if (state_->pid < 0) throw std::runtime_error{"fork"};
  state_->carrier = std::thread{[state = state_.get()] { state->carry(); }};
}

Process::Process(Process&&) noexcept = default;

Process::~Process() {
  if (state_ == nullptr) return;
  signal(SIGKILL);
  if (state_->carrier.joinable()) state_->carrier.join();
}

pid_t Process::pid() const { return state_->pid; }

void Process::signal(int number) const {
  const std::lock_guard lock{state_->mutex};
  if (!state_->status) ::kill(state_->pid, number);  // not reaped yet, so the id is still its own
}

std::optional<std::string> Process::wait_for_line(const std::string& part,
                                                  std::chrono::milliseconds patience) {
  std::unique_lock lock{state_->mutex};
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    for (;;) {
      const auto end = state_->out.find('\n', state_->lines_given);
      if (end == std::string::npos) break;
      const auto line = state_->out.substr(state_->lines_given, end - state_->lines_given);
      state_->lines_given = end + 1;
      if (line.find(part) != std::string::npos) return line;
    }
    if (state_->status) return std::nullopt;
    if (state_->changed.wait_until(lock, deadline) == std::cv_status::timeout) return std::nullopt;
  }
}

std::string Process::out() const {
  const std::lock_guard lock{state_->mutex};
  return state_->out;
}

bool Process::running() const {
  const std::lock_guard lock{state_->mutex};
  return !state_->status;
}

Outcome Process::wait(std::chrono::milliseconds patience) {
  std::unique_lock lock{state_->mutex};
  const auto ended = [this] { return state_->status.has_value(); };
  const bool timed_out = !state_->changed.wait_for(lock, patience, ended);
  if (timed_out) {
    ::kill(state_->pid, SIGKILL);
    // Grandchildren may keep the pipes open; the carrier ends with the last of them.
    state_->changed.wait(lock, ended);
  }
  return {*state_->status, timed_out, state_->out, state_->err};
}

Outcome run(const ProcessOptions& options, std::chrono::milliseconds patience) {
  return Process{options}.wait(patience);
}

}  // namespace martlet::support
