#include "peer_process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "base/time.h"
#include "crypto/certificate.h"
#include "loopback.h"
#include "process.h"

namespace martlet::bench {
namespace {

namespace fs = std::filesystem;
constexpr int kStartTries = 200;
constexpr Milliseconds kBetweenTries{50};

}  // namespace

std::string find_program(const std::string& name) {
  for (const char* folder : {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"}) {
    const auto path = fs::path{folder} / name;
    if (::access(path.c_str(), X_OK) == 0) return path.string();
  }
  return {};
}

PeerProcess::PeerProcess(const std::string& folder) : port_{free_port()} {
  const auto root = folder.empty() ? fs::temp_directory_path() : fs::path{folder};
  auto name = (root / "martlet-peer-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) give_up("no temporary folder");
  folder_ = name;
  const auto files = crypto::make_self_signed("localhost", SystemClock{}.now(), 2);
  write_file("certificate.pem", files.certificate_pem);
  write_file("key.pem", files.key_pem);
}

PeerProcess::~PeerProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void PeerProcess::write_file(const std::string& name, const std::string& text) const {
  std::ofstream file{folder_ / name};
  file << text;
  if (!file.flush()) give_up("cannot write " + name);
}

void PeerProcess::start(const std::string& program, const std::vector<std::string>& words) {
  ::close(spawn(program, words, true, pid_));
  for (int i = 0; i < kStartTries; ++i) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) break;
    if (somebody_listens(port_)) return;
    std::this_thread::sleep_for(kBetweenTries);
  }
  give_up(program + " does not start");
}

double PeerProcess::cpu_seconds() const { return cpu_seconds_of(pid_); }
std::uint64_t PeerProcess::pss_bytes() const { return memory_of(pid_, "Pss"); }

}  // namespace martlet::bench
