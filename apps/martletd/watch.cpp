#include "apps/martletd/watch.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

namespace martlet::daemon {
namespace {

using nlohmann::ordered_json;

/// A line of metrics_json. What is not there is zero: it may be of another version.
class Reading {
 public:
  static Result<Reading> parse(std::string_view line) {
    auto json = ordered_json::parse(line, nullptr, false);
    if (!json.is_object() || json.value("type", ordered_json{}) != "metrics") {
      return Error{Failure::malformed, "no line of metrics"};
    }
    return Reading{std::move(json)};
  }
  /// The value, or the sum over its labels.
  double number(const char* name) const {
    return fold(name, [](double a, double b) { return a + b; });
  }
  double largest(const char* name) const {
    return fold(name, [](double a, double b) { return std::max(a, b); });
  }
  /// A histogram, or several, one a label; empty if it is neither.
  std::vector<ordered_json> histograms(const char* name) const {
    std::vector<ordered_json> found;
    const auto at = json_.find(name);
    if (at == json_.end() || !at->is_object()) return found;
    if (at->contains("buckets")) return {*at};
    for (const auto& each : *at) found.push_back(each);
    return found;
  }

 private:
  // Braces would make an array of it.
  explicit Reading(ordered_json json) : json_(std::move(json)) {}
  template <class Fold>
  double fold(const char* name, Fold fold) const {
    const auto at = json_.find(name);
    if (at == json_.end()) return 0;
    if (at->is_number()) return at->get<double>();
    double all = 0;
    for (const auto& each : *at) {
      if (each.is_number()) all = fold(all, each.get<double>());
    }
    return all;
  }
  ordered_json json_;
};

double grown(double before, double now) { return now < before ? now : now - before; }

/// Cumulative counts by bound, of one histogram or of several together.
struct Distribution {
  std::vector<std::pair<double, double>> buckets;
  double count = 0;
  double sum = 0;

  static Distribution of(const std::vector<ordered_json>& histograms) {
    Distribution made;
    for (const auto& each : histograms) {
      if (!each.is_object()) continue;
      made.count += number_in(each, "count");
      made.sum += number_in(each, "sum");
      const auto buckets = each.value("buckets", ordered_json::array());
      if (!buckets.is_array()) return {};
      for (std::size_t i = 0; i < buckets.size(); ++i) {
        const auto& bucket = buckets[i];
        if (!bucket.is_array() || bucket.size() != 2 || !bucket[0].is_number() ||
            !bucket[1].is_number()) {
          return {};
        }
        if (i == made.buckets.size()) made.buckets.push_back({bucket[0].get<double>(), 0});
        made.buckets[i].second += bucket[1].get<double>();
      }
    }
    return made;
  }
  static double number_in(const ordered_json& json, const char* name) {
    const auto at = json.find(name);
    return at != json.end() && at->is_number() ? at->get<double>() : 0;
  }

  /// What was added since `before`; all of it if the server is another one.
  Distribution since(const Distribution& before) const {
    if (before.buckets.size() != buckets.size() || count < before.count) return *this;
    auto left = *this;
    left.count -= before.count;
    left.sum -= before.sum;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      left.buckets[i].second -= before.buckets[i].second;
    }
    return left;
  }
  /// Within a bucket taken as spread evenly; above the last bound, that bound.
  std::optional<double> quantile(double part) const {
    if (count <= 0 || buckets.empty()) return std::nullopt;
    const auto wanted = part * count;
    double from = 0;
    double below = 0;
    for (const auto& [bound, cumulative] : buckets) {
      if (cumulative >= wanted && cumulative > below) {
        return from + (bound - from) * (wanted - below) / (cumulative - below);
      }
      from = bound;
      below = cumulative;
    }
    return buckets.back().first;
  }
};

std::optional<double> in_ms(std::optional<double> seconds) {
  return seconds ? std::optional{*seconds * 1'000} : std::nullopt;
}

std::string bytes_text(double bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1'024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1'024;
  return unit == 0 ? fmt::format("{:.0f} B", bytes)
                   : fmt::format("{:.1f} {}", bytes, kUnits.at(unit));
}

std::string ms_text(const std::optional<double>& ms) {
  return ms ? fmt::format("{:.2f} ms", *ms) : "-";
}

ordered_json rounded(const std::optional<double>& value) {
  if (!value) return nullptr;
  return std::round(*value * 1'000) / 1'000;
}

std::uint64_t whole(double value) { return static_cast<std::uint64_t>(value); }

}  // namespace

Result<WatchLine> watch_line(std::string_view before_line, std::string_view now_line,
                             double seconds) {
  const auto before = TRY(Reading::parse(before_line));
  const auto now = TRY(Reading::parse(now_line));
  const auto rate = [&](const char* name) {
    return seconds > 0 ? grown(before.number(name), now.number(name)) / seconds : 0;
  };
  const auto lately = [&](const char* name) {
    return Distribution::of(now.histograms(name)).since(Distribution::of(before.histograms(name)));
  };
  const auto sync = lately("martlet_sync_seconds");
  const auto sync_sends = lately("martlet_sync_sends");
  WatchLine line;
  line.accepted = rate("martlet_envelopes_accepted_total");
  line.delivered = rate("martlet_envelopes_delivered_total");
  line.acknowledged = rate("martlet_envelopes_acknowledged_total");
  line.accepted_bytes = rate("martlet_envelope_bytes_accepted_total");
  line.refused = rate("martlet_sends_refused_total");
  line.limited = rate("martlet_rate_limited_total");
  line.logins = rate("martlet_logins_total");
  line.handshakes = rate("martlet_tls_handshakes_total");
  line.syncs = rate("martlet_syncs_total");
  line.cpu = rate("process_cpu_seconds_total");
  line.sync_p50_ms = in_ms(sync.quantile(0.5));
  line.sync_p99_ms = in_ms(sync.quantile(0.99));
  if (sync_sends.count > 0) line.sends_a_sync = sync_sends.sum / sync_sends.count;
  line.office_lag_p99_ms = in_ms(lately("martlet_office_lag_seconds").quantile(0.99));
  line.reactor_lag_p99_ms = in_ms(lately("martlet_reactor_lag_seconds").quantile(0.99));
  line.connections = now.number("martlet_connections");
  line.online = now.number("martlet_devices_online");
  line.waiting = now.number("martlet_waiting_envelopes");
  line.waiting_bytes = now.number("martlet_waiting_bytes");
  line.disk_bytes = now.number("martlet_mailbox_disk_bytes");
  line.queued = now.number("martlet_office_queue_requests");
  line.reactor_lag_ms = now.largest("martlet_reactor_lag_last_seconds") * 1'000;
  line.resident_bytes = now.number("process_resident_memory_bytes");
  return line;
}

std::string watch_text(const WatchLine& line) {
  return fmt::format(
      "connections  {:.0f}, {:.0f} devices online; {:.0f} logins/s, {:.0f} handshakes/s\n"
      "envelopes    {:.0f} accepted/s ({}/s), {:.0f} delivered/s, {:.0f} acknowledged/s\n"
      "refused      {:.0f} sends/s; {:.0f} requests/s over a limit\n"
      "waiting      {:.0f} sealed items, {}; {} on disk\n"
      "sync         p50 {}, p99 {}; {:.0f}/s, {} sends each\n"
      "office       {:.0f} requests queued, lag p99 {}\n"
      "reactors     lag {:.2f} ms, p99 {}\n"
      "process      {:.2f} cores, {}\n",
      line.connections, line.online, line.logins, line.handshakes, line.accepted,
      bytes_text(line.accepted_bytes), line.delivered, line.acknowledged, line.refused,
      line.limited, line.waiting, bytes_text(line.waiting_bytes), bytes_text(line.disk_bytes),
      ms_text(line.sync_p50_ms), ms_text(line.sync_p99_ms), line.syncs,
      line.sends_a_sync ? fmt::format("{:.1f}", *line.sends_a_sync) : "-", line.queued,
      ms_text(line.office_lag_p99_ms), line.reactor_lag_ms, ms_text(line.reactor_lag_p99_ms),
      line.cpu, bytes_text(line.resident_bytes));
}

std::string watch_json(const WatchLine& line, const std::string& at) {
  const ordered_json json{
      {"v", 1},
      {"type", "watch"},
      {"at", at},
      {"connections", whole(line.connections)},
      {"online", whole(line.online)},
      {"a_second",
       {{"accepted", rounded(line.accepted)},
        {"accepted_bytes", rounded(line.accepted_bytes)},
        {"delivered", rounded(line.delivered)},
        {"acknowledged", rounded(line.acknowledged)},
        {"refused", rounded(line.refused)},
        {"limited", rounded(line.limited)},
        {"logins", rounded(line.logins)},
        {"handshakes", rounded(line.handshakes)},
        {"syncs", rounded(line.syncs)},
        {"cpu", rounded(line.cpu)}}},
      {"waiting", {{"items", whole(line.waiting)}, {"bytes", whole(line.waiting_bytes)}}},
      {"disk_bytes", whole(line.disk_bytes)},
      {"sync_ms", {{"p50", rounded(line.sync_p50_ms)}, {"p99", rounded(line.sync_p99_ms)}}},
      {"sends_a_sync", rounded(line.sends_a_sync)},
      {"office", {{"queued", whole(line.queued)}, {"lag_p99_ms", rounded(line.office_lag_p99_ms)}}},
      {"reactor_lag_ms",
       {{"last", rounded(line.reactor_lag_ms)}, {"p99", rounded(line.reactor_lag_p99_ms)}}},
      {"resident_bytes", whole(line.resident_bytes)}};
  return json.dump() + "\n";
}

}  // namespace martlet::daemon
