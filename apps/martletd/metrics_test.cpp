#include "apps/martletd/metrics.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace martlet::daemon {
namespace {

namespace fs = std::filesystem;

struct MetricsTest : ::testing::Test {
  MetricSources sources() {
    MetricSources made;
    made.connections = 3;
    made.listener = {&listeners[0], &listeners[1]};
    made.office = &office;
    made.worker = &worker;
    made.strangers = {4, 5};
    return made;
  }
  std::string text() { return metrics_text(collect(sources())); }
  nlohmann::json json() { return nlohmann::json::parse(metrics_json(collect(sources()))); }

  std::array<net::ListenerMeters, 2> listeners;
  server::OfficeMeters office;
  WorkerMeters worker;
};

TEST_F(MetricsTest, AllReactorsAreAddedUp) {
  listeners[0].accepted.add(10);
  listeners[0].refused_full.add(2);
  listeners[0].handshakes.add(4);
  listeners[1].handshakes.add(5);
  listeners[0].ended.at(static_cast<std::size_t>(net::CloseReason::slow)).add();
  listeners[1].ended.at(static_cast<std::size_t>(net::CloseReason::slow)).add();
  listeners[1].shut.at(static_cast<std::size_t>(net::CloseReason::tls)).add();
  const auto all = json();
  EXPECT_EQ(all["martlet_connections"], 3);
  EXPECT_EQ(all["martlet_connections_accepted_total"], 10);
  EXPECT_EQ(all["martlet_connections_refused_total"]["full"], 2);
  EXPECT_EQ(all["martlet_tls_handshakes_total"], 9);
  EXPECT_EQ(all["martlet_connections_ended_total"], (nlohmann::json{{"slow", 2}}));
  EXPECT_EQ(all["martlet_tls_failures_total"], (nlohmann::json{{"tls", 1}}));
}

TEST_F(MetricsTest, HistogramsAreCumulativeAndInSeconds) {
  for (const std::uint64_t us : {40U, 60U, 70U, 900U, 20'000'000U}) office.sync_us.observe(us);
  const auto lines = text();
  for (const auto* line :
       {"# TYPE martlet_sync_seconds histogram\n", "martlet_sync_seconds_count 5\n",
        "martlet_sync_seconds_bucket{le=\"+Inf\"} 5\n",
        "martlet_sync_seconds_bucket{le=\"10\"} 4\n",
        "martlet_sync_seconds_bucket{le=\"0.001\"} 4\n",
        "martlet_sync_seconds_bucket{le=\"0.0005\"} 3\n"}) {
    EXPECT_NE(lines.find(line), std::string::npos) << line << lines;
  }
  const auto sync = json()["martlet_sync_seconds"];
  EXPECT_EQ(sync["count"], 5);
  EXPECT_DOUBLE_EQ(sync["sum"].get<double>(), 20.00107);
  EXPECT_EQ(sync["buckets"].size(), DurationHistogram::kBounds.size());
  EXPECT_EQ(sync["buckets"][0], (nlohmann::json{50e-6, 1}));
  EXPECT_EQ(sync["buckets"].back(), (nlohmann::json{10.0, 4}));
}

TEST_F(MetricsTest, EveryKindOfLimitIsThereFromTheStart) {
  office.limited.at(static_cast<std::size_t>(server::RateKind::bytes)).add(7);
  const auto limited = json()["martlet_rate_limited_total"];
  EXPECT_EQ(limited.size(), server::kRateKinds + 2);
  EXPECT_EQ(limited["bytes"], 7);
  EXPECT_EQ(limited["sends"], 0);
  EXPECT_EQ(limited["stranger_lookups"], 4);
  EXPECT_EQ(limited["stranger_enrolments"], 5);
}

TEST_F(MetricsTest, LagsAreThoseOfEachReactorAndOfTheOffice) {
  const Pulse::Post at_once = [](const std::function<void()>& work) {
    work();
    return true;
  };
  Pulse pulse{{at_once, at_once, at_once}, Milliseconds{1}};
  auto from = sources();
  from.pulse = &pulse;
  for (int i = 0; i < 3'000 && pulse.lag(2).counts().counts[0] == 0; ++i) {
    std::this_thread::sleep_for(Milliseconds{1});
  }
  const auto all = nlohmann::json::parse(metrics_json(collect(from)));
  EXPECT_EQ(all["martlet_reactor_lag_seconds"].size(), 2U);
  EXPECT_GE(all["martlet_reactor_lag_seconds"]["1"]["count"], 1);
  EXPECT_GE(all["martlet_office_lag_seconds"]["count"], 1);
  EXPECT_TRUE(all["martlet_reactor_lag_last_seconds"]["0"].is_number());
}

TEST_F(MetricsTest, NamesFollowTheRulesOfPrometheus) {
  for (const auto& family : collect(sources())) {
    SCOPED_TRACE(family.name);
    EXPECT_FALSE(family.help.empty());
    EXPECT_EQ(family.name.ends_with("_total"), family.type == prometheus::MetricType::Counter);
    EXPECT_EQ(family.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos);
  }
}

TEST(DiskBytes, AreWhatTheFilesBelowTake) {
  auto name = (fs::temp_directory_path() / "martletd-metrics-XXXXXX").string();
  const fs::path folder = ::mkdtemp(name.data());
  EXPECT_EQ(disk_bytes(folder), 0U);
  EXPECT_EQ(disk_bytes(folder / "none"), 0U);
  fs::create_directory(folder / "below");
  std::ofstream{folder / "below" / "file"} << std::string(100'000, 'x');
  EXPECT_GE(disk_bytes(folder), 100'000U);
  EXPECT_LT(disk_bytes(folder), 200'000U);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace martlet::daemon
