#include "support/server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace martlet::bench {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "bench: {}\n", why);
  std::exit(1);
}

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) give_up("cannot run " + command);
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe))
    text.push_back(static_cast<char>(c));
  if (::pclose(pipe) != 0) give_up("failed: " + command);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

void raise_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void pin_to(int cpu) {
  if (cpu < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

Server::Server(const std::filesystem::path& programs, int cpu) {
  std::string pattern = (std::filesystem::temp_directory_path() / "martlet-bench.XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) give_up("no temporary folder");
  data_ = pattern;
  const auto program = (programs / "martletd").string();
  const auto log = data_ / "log";
  pid_ = ::fork();
  if (pid_ == 0) {
    pin_to(cpu);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ::dup2(out, 1);
    ::dup2(out, 2);
    const auto data = (data_ / "server").string();
    ::execl(program.c_str(), program.c_str(), "serve", "--data", data.c_str(), "--name",
            "localhost", "--listen", "127.0.0.1:0", nullptr);
    ::_exit(127);
  }
  const std::string sign = "listening on 127.0.0.1:";
  for (int tries = 0; port_ == 0; ++tries) {
    if (tries > 1000 || ::waitpid(pid_, nullptr, WNOHANG) == pid_)
      give_up("the server did not start: " + log.string());
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
    std::ifstream in{log};
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with(sign))
        port_ = static_cast<std::uint16_t>(std::stoi(line.substr(sign.size())));
    }
  }
  const auto url = output_of(
      fmt::format("'{}' invite --data '{}' --uses 10000", program, (data_ / "server").string()));
  const auto mark = url.rfind('#');
  const auto slash = url.rfind("/i/");
  if (mark == std::string::npos || slash == std::string::npos) give_up("not an invitation: " + url);
  token_ = url.substr(slash + 3, mark - slash - 3);
  const auto fingerprint = from_base64url(url.substr(mark + 1));
  if (!fingerprint.ok() || fingerprint.value().size() != fingerprint_.size())
    give_up("not a fingerprint: " + url);
  std::copy(fingerprint.value().begin(), fingerprint.value().end(), fingerprint_.begin());
}

Server::~Server() {
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(data_, ignored);
}

double Server::cpu_seconds() const {
  std::ifstream in{fmt::format("/proc/{}/stat", pid_)};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  std::istringstream fields{text.substr(text.rfind(')') + 2)};
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;  // state is the first; utime the twelfth
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::uint64_t Server::memory_line(const char* file, const char* name) const {
  std::ifstream in{fmt::format("/proc/{}/{}", pid_, file)};
  for (std::string word; in >> word;) {
    std::uint64_t kilobytes = 0;
    if (word == name && in >> kilobytes) return kilobytes * 1024;
  }
  give_up("no memory figures of the server");
}

std::uint64_t Server::pss_bytes() const { return memory_line("smaps_rollup", "Pss:"); }
std::uint64_t Server::rss_bytes() const { return memory_line("status", "VmRSS:"); }

}  // namespace martlet::bench
