#include "process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/check.h"

namespace martlet::bench {
namespace {

void pin(bool to_first_core) {
  cpu_set_t all;
  CHECK(::sched_getaffinity(0, sizeof all, &all) == 0);
  if (CPU_COUNT(&all) < 2) return;
  int first = 0;
  while (!CPU_ISSET(first, &all)) ++first;
  cpu_set_t mine;
  CPU_ZERO(&mine);
  if (to_first_core) {
    CPU_SET(first, &mine);
  } else {
    mine = all;
    CPU_CLR(first, &mine);
  }
  CHECK(::sched_setaffinity(0, sizeof mine, &mine) == 0);
}

std::uint64_t kilobytes_in(const std::string& path, const std::string& name) {
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1)) * 1'024;
  }
  give_up("no memory figures of the server");
}

}  // namespace

void give_up(const std::string& why) {
  std::fprintf(stderr, "bench: failed: %s\n", why.c_str());
  std::exit(1);
}

std::string own_program() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

int spawn(const std::string& path, const std::vector<std::string>& words, bool on_servers_core,
          pid_t& pid) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) give_up("no pipe");
  std::vector<std::string> all = words;
  all.insert(all.begin(), path);
  std::vector<char*> pointers;
  for (auto& word : all) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid = ::fork();
  if (pid < 0) give_up("no process");
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (on_servers_core) pin(true);
    ::dup2(pipe[1], STDOUT_FILENO);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  ::close(pipe[1]);
  return pipe[0];
}

std::string read_until(int fd, const std::string& part) {
  std::string text;
  std::array<char, 4'096> some;
  for (;;) {
    const auto at = text.find(part);
    if (!part.empty() && at != std::string::npos && text.find('\n', at) != std::string::npos) break;
    const auto got = ::read(fd, some.data(), some.size());
    if (got <= 0) break;
    text.append(some.data(), static_cast<std::size_t>(got));
  }
  return text;
}

void leave_the_servers_core() { pin(false); }

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  CHECK(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  CHECK(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  return static_cast<std::size_t>(limit.rlim_cur);
}

double cpu_seconds_of(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::stringstream text;
  text << file.rdbuf();
  // Fields 14 and 15, counted behind the name, which may hold blanks (proc(5)).
  std::istringstream fields{text.str().substr(text.str().rfind(')') + 2)};
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::uint64_t memory_of(pid_t pid, const std::string& name) {
  return kilobytes_in("/proc/" + std::to_string(pid) + "/smaps_rollup", name);
}

std::uint64_t peak_rss_of(pid_t pid) {
  return kilobytes_in("/proc/" + std::to_string(pid) + "/status", "VmHWM");
}

}  // namespace martlet::bench
