#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "apps/martletd/complaint.h"

/// `martletd status --watch`: what the server does, second by second.
namespace martlet::daemon {

/// What happened between two readings of the metrics, and how things stand after the second.
struct WatchLine {
  // --- A second ---
  double accepted = 0, delivered = 0, acknowledged = 0;  ///< envelopes
  double accepted_bytes = 0;
  double refused = 0;  ///< Sends
  double limited = 0;
  double logins = 0, handshakes = 0;
  double syncs = 0;
  double cpu = 0;  ///< cores

  // --- In that time; nothing if nothing of it happened ---
  std::optional<double> sync_p50_ms, sync_p99_ms;
  std::optional<double> sends_a_sync;
  std::optional<double> office_lag_p99_ms;
  std::optional<double> reactor_lag_p99_ms;  ///< of all reactors

  // --- Now ---
  double connections = 0, online = 0;
  double waiting = 0, waiting_bytes = 0, disk_bytes = 0;
  double queued = 0;
  double reactor_lag_ms = 0;  ///< the last, of the reactor that is worst off
  double resident_bytes = 0;
};

/// From two lines of metrics_json, `seconds` apart. If a counter has gone back, because the server
/// was restarted, it counts from zero. `malformed` if one is no such line.
Result<WatchLine> watch_line(std::string_view before, std::string_view now, double seconds);

/// For people: some lines.
std::string watch_text(const WatchLine& line);
/// One line, with its end; `at` is RFC 3339.
std::string watch_json(const WatchLine& line, const std::string& at);

}  // namespace martlet::daemon
