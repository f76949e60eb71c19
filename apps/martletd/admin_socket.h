#pragma once

#include <functional>
#include <memory>

#include "apps/martletd/doorman.h"

namespace martlet::daemon {

/// DIR/admin.sock, mode 0600: the operator's way into a running server. One line in, one line out,
/// then the connection ends. One at a time, on a thread of its own.
class AdminSocket {
 public:
  /// Takes a line without its end, gives back the answer's. Called on the socket's thread.
  using Serve = std::function<std::string(std::string_view line)>;

  static Outcome<std::unique_ptr<AdminSocket>> open(const std::filesystem::path& folder,
                                                    Serve serve);

  static constexpr std::size_t kRequestBytesMax = 64 * 1024;

 private:
  explicit AdminSocket(std::unique_ptr<Doorman> doorman) : doorman_{std::move(doorman)} {}

  const std::unique_ptr<Doorman> doorman_;
};

/// The other side: sends `line`, gives back the answer's line. Nothing if no server listens there.
Outcome<std::optional<std::string>> ask_running_server(const std::filesystem::path& folder,
                                                       std::string_view line);

}  // namespace martlet::daemon
