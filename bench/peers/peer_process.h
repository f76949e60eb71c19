#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace martlet::bench {

/// Another server of this machine, run for the benchmark: a temporary folder with a fresh
/// certificate, a free port, pinned to the server's core. Ends, by its process id, and takes its
/// folder along, with the object.
class PeerProcess {
 public:
  /// `folder`: where the temporary folder is made; empty: the system's.
  explicit PeerProcess(const std::string& folder);
  ~PeerProcess();
  PeerProcess(const PeerProcess&) = delete;
  PeerProcess& operator=(const PeerProcess&) = delete;

  std::filesystem::path folder() const { return folder_; }
  std::string certificate_file() const { return (folder_ / "certificate.pem").string(); }
  std::string key_file() const { return (folder_ / "key.pem").string(); }
  std::uint16_t port() const { return port_; }

  void write_file(const std::string& name, const std::string& text) const;
  /// Runs `program`, and waits until somebody listens on the port.
  void start(const std::string& program, const std::vector<std::string>& words);
  double cpu_seconds() const;
  std::uint64_t pss_bytes() const;

 private:
  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

/// Path of a program that Debian put into a bin or sbin folder; empty: it is not installed.
std::string find_program(const std::string& name);

}  // namespace martlet::bench
