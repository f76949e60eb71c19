#include "apps/martletd/metrics_desk.h"

#include "apps/martletd/watch_page.h"

namespace martlet::daemon {
namespace {

/// The threads that are asked: the reactors, and last the office's.
std::vector<Pulse::Post> with_office(std::vector<Pulse::Post> reactors, OfficeWorker& worker) {
  reactors.emplace_back([&worker](const std::function<void()>& work) {
    return worker.ask_for_page(server::Probe{}, [work](const server::OfficeAnswer&) { work(); });
  });
  return reactors;
}

}  // namespace

MetricsDesk::MetricsDesk(MetricParts parts, std::vector<Pulse::Post> reactors, OfficeWorker& worker)
    : parts_{std::move(parts)},
      worker_{worker},
      pulse_{with_office(std::move(reactors), worker), kPulse} {}

Outcome<void> MetricsDesk::listen(const ListenAddress& address) {
  listener_ = TRY(
      MetricsListener::open(address, [this](std::string_view target) { return answer(target); }));
  return {};
}

net::HttpResponse MetricsDesk::answer(std::string_view target) const {
  if (target == "/metrics") {
    return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(now()), {}};
  }
  if (target == "/metrics.json") return {200, "application/json", json() + "\n", {}};
  return watch_page(target);
}

Metrics MetricsDesk::now() const {
  MetricSources sources;
  sources.connections = parts_.listener->connections();
  for (std::size_t i = 0; i < parts_.reactors; ++i) {
    sources.listener.push_back(&parts_.listener->meters(i));
  }
  sources.office = parts_.office;
  sources.worker = &worker_.meters();
  sources.strangers = {parts_.strangers->lookups_refused(), parts_.strangers->enrolments_refused()};
  sources.members = parts_.members;
  sources.pulse = &pulse_;
  sources.mailboxes = parts_.mailboxes;
  return collect(sources);
}

}  // namespace martlet::daemon
