#include "server_under_load.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

namespace martlet::bench {
namespace {

namespace fs = std::filesystem;

std::string program() { return (fs::path{own_program()}.parent_path() / "martletd").string(); }

std::string output_of(const std::vector<std::string>& words) {
  pid_t pid = -1;
  const auto fd = spawn(program(), words, false, pid);
  auto text = read_until(fd, "");
  ::close(fd);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) give_up("martletd " + words.front());
  return text;
}

}  // namespace

ServerUnderLoad::ServerUnderLoad(const std::string& folder, const std::string& settings) {
  const auto root = folder.empty() ? fs::temp_directory_path() : fs::path{folder};
  auto name = (root / "martlet-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) give_up("no temporary folder");
  data_ = name;
  std::ofstream{data_ / "settings.toml"} << settings;
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

void ServerUnderLoad::crash() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void ServerUnderLoad::start() {
  const auto started = std::chrono::steady_clock::now();
  const auto listen = "127.0.0.1:" + std::to_string(port_);
  const auto out = spawn(program(),
                         {"serve", "--data", (data_ / "server").string(), "--name", "localhost",
                          "--listen", listen, "--config", (data_ / "settings.toml").string()},
                         true, pid_);
  const auto said = read_until(out, "listening on ");
  if (said.find("listening on ") == std::string::npos) give_up("the server does not start");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  seconds_to_listen_ = took.count();
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

double ServerUnderLoad::cpu_seconds() const { return cpu_seconds_of(pid_); }
std::uint64_t ServerUnderLoad::pss_bytes() const { return memory_of(pid_, "Pss"); }
std::uint64_t ServerUnderLoad::rss_bytes() const { return memory_of(pid_, "Rss"); }
std::uint64_t ServerUnderLoad::peak_rss_bytes() const { return peak_rss_of(pid_); }

std::uint64_t ServerUnderLoad::waiting_items() const {
  const auto line = output_of({"status", "--data", (data_ / "server").string(), "--json"});
  return nlohmann::json::parse(line)["waiting"]["items"].get<std::uint64_t>();
}

}  // namespace martlet::bench
