#pragma once

#include "apps/martletd/metrics.h"
#include "apps/martletd/metrics_listener.h"
#include "apps/martletd/office_worker.h"
#include "server/member_limits.h"
#include "server/stranger_limits.h"

namespace martlet::daemon {

/// The parts of a server that count. All outlive the desk.
struct MetricParts {
  const net::Listener* listener = nullptr;
  std::size_t reactors = 0;
  const server::OfficeMeters* office = nullptr;
  const server::StrangerLimits* strangers = nullptr;
  const server::MemberLimits* members = nullptr;
  std::filesystem::path mailboxes;  ///< the store's folder
};

/// Tells what the server counts: to programs and people of this machine over HTTP, to the operator
/// over the admin socket. Thread-safe after listen().
class MetricsDesk {
 public:
  /// `reactors` are asked how soon they come to something new, as is `worker`.
  MetricsDesk(MetricParts parts, std::vector<Pulse::Post> reactors, OfficeWorker& worker);

  /// Serves /metrics, /metrics.json and a page of plots at / on a loopback address from now on.
  Outcome<void> listen(const ListenAddress& address);
  std::uint16_t port() const { return listener_ ? listener_->port() : std::uint16_t{0}; }

  std::string json() const { return metrics_json(now()); }
  net::HttpResponse answer(std::string_view target) const;

  static constexpr Milliseconds kPulse{500};

 private:
  Metrics now() const;

  const MetricParts parts_;
  OfficeWorker& worker_;
  Pulse pulse_;
  std::unique_ptr<MetricsListener> listener_;
};

}  // namespace martlet::daemon
