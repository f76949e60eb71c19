#pragma once

#include <prometheus/metric_family.h>

#include <filesystem>
#include <string>

#include "apps/martletd/pulse.h"
#include "apps/martletd/worker_meters.h"
#include "net/listener_meters.h"
#include "server/member_limits.h"
#include "server/office_meters.h"

namespace martlet::daemon {

/// Whatever strangers were refused for having asked too often.
struct StrangerRefusals {
  std::uint64_t lookups = 0, enrolments = 0;
};

/// All that the running server counts. Read only; every part is safe to read from any thread.
struct MetricSources {
  std::uint64_t connections = 0;                     ///< open now
  std::vector<const net::ListenerMeters*> listener;  ///< of each reactor
  const server::OfficeMeters* office = nullptr;
  const WorkerMeters* worker = nullptr;
  StrangerRefusals strangers;
  const server::MemberLimits* members = nullptr;
  const Pulse* pulse = nullptr;     ///< of each reactor in turn, then of the office
  std::filesystem::path mailboxes;  ///< the store's folder
};

using Metrics = std::vector<prometheus::MetricFamily>;

/// The metrics as they stand. No name, label or value belongs to an account, a device or a handle.
/// Looks at the disk, so not for a reactor.
Metrics collect(const MetricSources& sources);

/// The text format of Prometheus, version 0.0.4.
std::string metrics_text(const Metrics& metrics);
/// One line of JSON: {"v":1,"type":"metrics",NAME:VALUE,...}. What has a label is an object by its
/// value; a histogram is {"count":N,"sum":S,"buckets":[[UPPER_BOUND,CUMULATIVE_COUNT],...]},
/// without the last, infinite one.
std::string metrics_json(const Metrics& metrics);

/// Bytes that the files below `folder` take on the disk.
std::uint64_t disk_bytes(const std::filesystem::path& folder);

}  // namespace martlet::daemon
