#pragma once

#include <filesystem>

#include "apps/martletd/identity.h"
#include "apps/martletd/office_worker.h"
#include "apps/martletd/operator_protocol.h"

namespace martlet::daemon {

/// Answers operators' requests from inside a running server. Thread-safe.
class OperatorDesk {
 public:
  /// `worker` outlives the desk. `metrics` gives a line of metrics_json.
  OperatorDesk(OfficeWorker& worker, InvitationUrls urls, std::function<std::string()> metrics)
      : worker_{worker}, urls_{std::move(urls)}, metrics_{std::move(metrics)} {}
  /// A line of the admin socket to its answer's line.
  std::string serve(std::string_view line);
  Outcome<std::string> answer(const OperatorRequest& request);

 private:
  OfficeWorker& worker_;
  InvitationUrls urls_;
  std::function<std::string()> metrics_;
};

/// `martletd status --watch`: says each second what the server does, until SIGINT or SIGTERM comes
/// or nobody reads on. The screen is drawn again if stdout is a terminal and `json` is not asked.
/// The server has to run.
Outcome<void> watch_server(const std::filesystem::path& folder, bool json);

/// `martletd invite`, `status` and `user`: gives back the answer's line, from the running server,
/// or from the data folder itself (which is locked meanwhile) if none runs.
Outcome<std::string> ask_as_operator(const std::filesystem::path& folder,
                                     const std::filesystem::path& config_file,
                                     const OperatorRequest& request);

/// The settings of a data folder, with those of `config_file`, if given, before them. Needs no
/// lock.
Outcome<Config> load_config(const std::filesystem::path& settings,
                            const std::filesystem::path& config_file);

}  // namespace martlet::daemon
