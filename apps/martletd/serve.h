#pragma once

#include <filesystem>
#include <optional>

#include "apps/martletd/complaint.h"
#include "apps/martletd/listen_address.h"

namespace martlet::daemon {

/// What `martletd serve` was told. What is not given comes from the settings.
struct ServeOptions {
  std::filesystem::path data;
  std::filesystem::path config_file;  ///< empty: none
  std::optional<std::string> name;
  std::optional<ListenAddress> listen;
};

/// Runs the server until SIGTERM or SIGINT, then lets every device know and ends. Blocks these
/// signals in the calling thread: call it before there are others.
Outcome<void> serve(const ServeOptions& options);

}  // namespace martlet::daemon
