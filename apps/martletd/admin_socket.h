#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "apps/martletd/data_folder.h"

namespace martlet::daemon {

/// DIR/admin.sock, mode 0600: the operator's way into a running server. One line in, one line out,
/// then the connection ends. One at a time, on a thread of its own.
class AdminSocket {
 public:
  /// Takes a line without its end, gives back the answer's. Called on the socket's thread.
  using Serve = std::function<std::string(std::string_view line)>;

  static Outcome<std::unique_ptr<AdminSocket>> open(const std::filesystem::path& folder,
                                                    Serve serve);
  ~AdminSocket();

  static constexpr std::size_t kRequestBytesMax = 64 * 1024;

 private:
  AdminSocket(Descriptor listener, Descriptor stop_read, Descriptor stop_write, Serve serve);
  void run();
  void serve_one(int connection);

  Descriptor listener_;
  Descriptor stop_read_;
  Descriptor stop_write_;
  Serve serve_;
  std::thread thread_;
};

/// The other side: sends `line`, gives back the answer's line. Nothing if no server listens there.
Outcome<std::optional<std::string>> ask_running_server(const std::filesystem::path& folder,
                                                       std::string_view line);

}  // namespace martlet::daemon
