#include "apps/martletd/metrics.h"

#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace martlet::daemon {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

constexpr double kMicroseconds = 1e6;  ///< in a second

/// Adds families to a list, one by one.
class Writer {
 public:
  explicit Writer(Metrics& out) : out_{out} {}

  void counter(const char* name, const char* help, double value) {
    begin(name, help, MetricType::Counter);
    add("", "", value);
  }
  void gauge(const char* name, const char* help, double value) {
    begin(name, help, MetricType::Gauge);
    add("", "", value);
  }
  template <class Buckets>
  void histogram(const char* name, const char* help, const Histogram<Buckets>& histogram,
                 double per_unit) {
    begin(name, help, MetricType::Histogram);
    add("", "", histogram, per_unit);
  }

  void begin(const char* name, const char* help, MetricType type) {
    out_.push_back({name, help, type, {}});
  }
  void add(const char* label, const std::string& of, double value) {
    auto& metric = metric_with(label, of);
    metric.counter.value = value;
    metric.gauge.value = value;
  }
  template <class Buckets>
  void add(const char* label, const std::string& of, const Histogram<Buckets>& histogram,
           double per_unit) {
    auto& into = metric_with(label, of).histogram;
    const auto read = histogram.counts();
    const auto& bounds = Histogram<Buckets>::kBounds;
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      so_far += read.counts[i];
      into.bucket.push_back({so_far, static_cast<double>(bounds[i]) / per_unit});
    }
    so_far += read.counts[bounds.size()];
    into.bucket.push_back({so_far, std::numeric_limits<double>::infinity()});
    into.sample_count = so_far;
    into.sample_sum = static_cast<double>(read.sum) / per_unit;
  }

 private:
  ClientMetric& metric_with(const char* label, const std::string& of) {
    auto& metric = out_.back().metric.emplace_back();
    if (label[0] != '\0') metric.label.push_back({label, of});
    return metric;
  }
  Metrics& out_;
};

double number(const Meter& meter) { return static_cast<double>(meter.get()); }

void add_reasons(Writer& out, const MetricSources& sources, const char* name, const char* help,
                 std::array<Meter, net::kCloseReasons> net::ListenerMeters::*meters) {
  out.begin(name, help, MetricType::Counter);
  for (std::size_t i = 0; i < net::kCloseReasons; ++i) {
    double all = 0;
    for (const auto* listener : sources.listener) all += number((listener->*meters).at(i));
    // A client's reasons never come up at a server.
    if (all > 0) out.add("reason", net::name_of(static_cast<net::CloseReason>(i)), all);
  }
}

void collect_connections(Writer& out, const MetricSources& sources) {
  double accepted = 0;
  double full = 0;
  double resources = 0;
  double handshakes = 0;
  for (const auto* listener : sources.listener) {
    accepted += number(listener->accepted);
    full += number(listener->refused_full);
    resources += number(listener->refused_resources);
    handshakes += number(listener->handshakes);
  }
  out.gauge("martlet_connections", "Connections that are open.",
            static_cast<double>(sources.connections));
  out.counter("martlet_connections_accepted_total", "Connections accepted.", accepted);
  out.begin("martlet_connections_refused_total", "Connections turned away at once.",
            MetricType::Counter);
  out.add("reason", "full", full);
  out.add("reason", "resources", resources);
  out.counter("martlet_tls_handshakes_total", "TLS handshakes that ended well.", handshakes);
  add_reasons(out, sources, "martlet_tls_failures_total",
              "Connections that ended before their TLS handshake did.", &net::ListenerMeters::shut);
  add_reasons(out, sources, "martlet_connections_ended_total",
              "Connections that ended after their TLS handshake.", &net::ListenerMeters::ended);
}

void collect_limits(Writer& out, const MetricSources& sources) {
  out.begin("martlet_rate_limited_total", "Requests refused for coming too often.",
            MetricType::Counter);
  for (std::size_t i = 0; i < server::kRateKinds; ++i) {
    const auto kind = static_cast<server::RateKind>(i);
    const auto asked = sources.members != nullptr ? sources.members->refused(kind) : 0;
    out.add("kind", name_of(kind),
            number(sources.office->limited.at(i)) + static_cast<double>(asked));
  }
  out.add("kind", "stranger_lookups", static_cast<double>(sources.strangers.lookups));
  out.add("kind", "stranger_enrolments", static_cast<double>(sources.strangers.enrolments));
}

void collect_messages(Writer& out, const server::OfficeMeters& office) {
  out.gauge("martlet_devices_online", "Devices that are logged in.", number(office.online));
  out.counter("martlet_logins_total", "Logins of devices.", number(office.logins));
  out.counter("martlet_sends_accepted_total", "Sends accepted: durable, or already acknowledged.",
              number(office.accepted_sends));
  out.counter("martlet_sends_refused_total", "Sends refused, for whatever reason.",
              number(office.refused_sends));
  out.counter("martlet_envelopes_accepted_total", "New envelopes accepted.",
              number(office.accepted_envelopes));
  out.counter("martlet_envelope_bytes_accepted_total", "Sealed bytes of those.",
              number(office.accepted_bytes));
  out.counter("martlet_envelopes_delivered_total",
              "Envelopes and notices given to devices; those given again count again.",
              number(office.delivered_envelopes));
  out.counter("martlet_envelope_bytes_delivered_total", "Sealed bytes of those.",
              number(office.delivered_bytes));
  out.counter("martlet_envelopes_acknowledged_total",
              "Envelopes and notices that devices acknowledged.",
              number(office.acknowledged_envelopes));
  out.counter("martlet_envelope_bytes_acknowledged_total", "Sealed bytes of those.",
              number(office.acknowledged_bytes));
  out.counter("martlet_envelopes_expired_total", "Envelopes that nobody fetched in time.",
              number(office.expired_envelopes));
  out.gauge("martlet_waiting_envelopes", "Envelopes and notices in all mailboxes.",
            number(office.waiting_items));
  out.gauge("martlet_waiting_bytes", "Sealed bytes of those.", number(office.waiting_bytes));
}

void collect_office(Writer& out, const MetricSources& sources) {
  const auto& office = *sources.office;
  out.counter("martlet_syncs_total", "Syncs of the mailbox store.", number(office.syncs));
  out.counter("martlet_sync_failures_total", "Syncs that the disk refused.",
              number(office.failed_syncs));
  out.histogram("martlet_sync_seconds", "How long a sync of the mailbox store takes.",
                office.sync_us, kMicroseconds);
  out.histogram("martlet_sync_sends", "Sends that waited for one sync.", office.sync_sends, 1);
  out.gauge("martlet_mailbox_disk_bytes", "What the mailbox store takes on the disk.",
            static_cast<double>(disk_bytes(sources.mailboxes)));
  if (sources.worker == nullptr) return;
  out.gauge("martlet_office_queue_requests", "Requests that wait for the office.",
            number(sources.worker->queued));
  out.histogram("martlet_office_batch_requests", "Requests that one turn of the office served.",
                sources.worker->requests, 1);
}

void collect_lags(Writer& out, const Pulse& pulse) {
  const auto office = pulse.size() - 1;
  out.histogram("martlet_office_lag_seconds", "How long a request to the office takes.",
                pulse.lag(office), kMicroseconds);
  out.begin("martlet_reactor_lag_seconds", "How long work that is handed to a reactor lies there.",
            MetricType::Histogram);
  for (std::size_t i = 0; i < office; ++i) {
    out.add("reactor", std::to_string(i), pulse.lag(i), kMicroseconds);
  }
  out.begin("martlet_reactor_lag_last_seconds", "The same, of the last such work.",
            MetricType::Gauge);
  for (std::size_t i = 0; i < office; ++i) {
    out.add("reactor", std::to_string(i), static_cast<double>(pulse.lag_now(i)) / kMicroseconds);
  }
}

void collect_process(Writer& out) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / kMicroseconds;
  };
  out.counter("process_cpu_seconds_total", "CPU time of the server, of user and system.",
              seconds(usage.ru_utime) + seconds(usage.ru_stime));
  double pages = 0;
  double resident = 0;
  std::ifstream{"/proc/self/statm"} >> pages >> resident;
  out.gauge("process_resident_memory_bytes", "Memory of the server.",
            resident * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  out.begin("martlet_build_info", "Always 1; the label tells the version.", MetricType::Gauge);
  out.add("version", MARTLET_VERSION, 1);
}

nlohmann::ordered_json value_json(MetricType type, const ClientMetric& metric) {
  if (type == MetricType::Counter) return metric.counter.value;
  if (type == MetricType::Gauge) return metric.gauge.value;
  auto buckets = nlohmann::ordered_json::array();
  for (const auto& bucket : metric.histogram.bucket) {
    if (std::isfinite(bucket.upper_bound)) {
      buckets.push_back({bucket.upper_bound, bucket.cumulative_count});
    }
  }
  return {{"count", metric.histogram.sample_count},
          {"sum", metric.histogram.sample_sum},
          {"buckets", buckets}};
}

}  // namespace

Metrics collect(const MetricSources& sources) {
  Metrics metrics;
  Writer out{metrics};
  collect_connections(out, sources);
  collect_limits(out, sources);
  collect_messages(out, *sources.office);
  collect_office(out, sources);
  if (sources.pulse != nullptr) collect_lags(out, *sources.pulse);
  collect_process(out);
  return metrics;
}

std::string metrics_text(const Metrics& metrics) {
  return prometheus::TextSerializer{}.Serialize(metrics);
}

std::string metrics_json(const Metrics& metrics) {
  nlohmann::ordered_json json{{"v", 1}, {"type", "metrics"}};
  for (const auto& family : metrics) {
    auto& entry = json[family.name];
    entry = nlohmann::ordered_json::object();
    for (const auto& metric : family.metric) {
      auto value = value_json(family.type, metric);
      if (metric.label.empty()) {
        entry = std::move(value);
      } else {
        entry[metric.label.front().value] = std::move(value);
      }
    }
  }
  return json.dump();
}

std::uint64_t disk_bytes(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  // The store makes and deletes files meanwhile: what is gone counts nothing.
  for (std::filesystem::recursive_directory_iterator at{folder, error}, end; !error && at != end;
       at.increment(error)) {
    struct stat status {};
    if (::lstat(at->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  return bytes;
}

}  // namespace martlet::daemon
