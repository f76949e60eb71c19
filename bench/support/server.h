#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "base/ids.h"

namespace martlet::bench {

/// A real martletd on loopback with a data folder of its own, both gone with the object.
class Server {
 public:
  /// `cpu`: the core it is pinned to; -1: any. Ends the program with a message if it does not
  /// start.
  Server(const std::filesystem::path& programs, int cpu);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const { return port_; }
  const Digest& fingerprint() const { return fingerprint_; }
  const std::string& token() const { return token_; }  ///< of an invitation for many local names
  double cpu_seconds() const;                          ///< user and system, so far
  std::uint64_t pss_bytes() const;                     ///< proportional share of memory, now
  std::uint64_t rss_bytes() const;

 private:
  std::uint64_t memory_line(const char* file, const char* name) const;
  std::filesystem::path data_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
  Digest fingerprint_{};
  std::string token_;
};

/// Raises the number of open files of this process, and of servers it starts, to what is allowed.
void raise_file_limit();
/// Pins this process to one core; -1: does nothing.
void pin_to(int cpu);

}  // namespace martlet::bench
