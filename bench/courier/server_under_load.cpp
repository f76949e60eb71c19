#include "server_under_load.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/check.h"

namespace martlet::bench {
namespace {

namespace fs = std::filesystem;

std::string program() {
  return (fs::read_symlink("/proc/self/exe").parent_path() / "martletd").string();
}

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

/// Runs martletd with its stdout in a pipe; gives back the pipe's end.
int spawn(const std::vector<std::string>& words, bool on_servers_core, pid_t& pid) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) give_up("no pipe");
  std::vector<std::string> all = words;
  all.insert(all.begin(), program());
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

std::string output_of(const std::vector<std::string>& words) {
  pid_t pid = -1;
  const auto fd = spawn(words, false, pid);
  auto text = read_until(fd, "");
  ::close(fd);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) give_up("martletd " + words.front());
  return text;
}

std::uint64_t kilobytes(pid_t pid, const std::string& name) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/smaps_rollup"};
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

void leave_the_servers_core() { pin(false); }

void raise_descriptor_limit() {
  rlimit limit{};
  CHECK(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

ServerUnderLoad::ServerUnderLoad(const std::string& folder) {
  const auto root = folder.empty() ? fs::temp_directory_path() : fs::path{folder};
  auto name = (root / "martlet-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) give_up("no temporary folder");
  data_ = name;
  start();
}

ServerUnderLoad::~ServerUnderLoad() {
  stop();
  std::error_code ignored;
  fs::remove_all(data_, ignored);
}

void ServerUnderLoad::restart() {
  stop();
  start();
}

void ServerUnderLoad::start() {
  const auto listen = "127.0.0.1:" + std::to_string(port_);
  const auto out = spawn(
      {"serve", "--data", (data_ / "server").string(), "--name", "localhost", "--listen", listen},
      true, pid_);
  const auto said = read_until(out, "listening on ");
  if (said.find("listening on ") == std::string::npos) give_up("the server does not start");
  port_ = static_cast<std::uint16_t>(std::stoi(said.substr(said.find(':') + 1)));
  ::close(out);
  const auto url = output_of({"invite", "--data", (data_ / "server").string()});
  const auto bytes = from_base64url(url.substr(url.find('#') + 1, 43));
  if (!bytes.ok() || bytes.value().size() != fingerprint_.size()) give_up("no fingerprint");
  std::ranges::copy(bytes.value(), fingerprint_.begin());
}

void ServerUnderLoad::stop() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string ServerUnderLoad::invite(std::size_t uses) const {
  const auto url =
      output_of({"invite", "--data", (data_ / "server").string(), "--uses", std::to_string(uses)});
  const auto token = url.find("/i/") + 3;
  return url.substr(token, url.find('#') - token);
}

double ServerUnderLoad::cpu_seconds() const {
  std::ifstream file{"/proc/" + std::to_string(pid_) + "/stat"};
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

std::uint64_t ServerUnderLoad::pss_bytes() const { return kilobytes(pid_, "Pss"); }
std::uint64_t ServerUnderLoad::rss_bytes() const { return kilobytes(pid_, "Rss"); }

std::uint64_t ServerUnderLoad::waiting_items() const {
  const auto line = output_of({"status", "--data", (data_ / "server").string(), "--json"});
  return nlohmann::json::parse(line)["waiting"]["items"].get<std::uint64_t>();
}

}  // namespace martlet::bench
