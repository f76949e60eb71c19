#include "apps/martletd/watch.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace martlet::daemon {
namespace {

using nlohmann::json;

std::string line(json metrics) {
  metrics["v"] = 1;
  metrics["type"] = "metrics";
  return metrics.dump();
}
WatchLine between(const json& before, const json& now, double seconds = 2) {
  const auto made = watch_line(line(before), line(now), seconds);
  EXPECT_TRUE(made.ok());
  return made.value();
}
json histogram(std::uint64_t count, double sum, const json& buckets) {
  return {{"count", count}, {"sum", sum}, {"buckets", buckets}};
}

TEST(WatchLine, CountersBecomeRates) {
  const auto made = between({{"martlet_envelopes_accepted_total", 100},
                             {"martlet_rate_limited_total", {{"sends", 1}, {"bytes", 0}}}},
                            {{"martlet_envelopes_accepted_total", 400},
                             {"martlet_rate_limited_total", {{"sends", 5}, {"bytes", 6}}},
                             {"martlet_connections", 9}});
  EXPECT_DOUBLE_EQ(made.accepted, 150);
  EXPECT_DOUBLE_EQ(made.limited, 5);
  EXPECT_DOUBLE_EQ(made.delivered, 0);
  EXPECT_DOUBLE_EQ(made.connections, 9);
}

TEST(WatchLine, AfterARestartCountersBeginAtZero) {
  const auto made =
      between({{"martlet_logins_total", 1'000},
               {"martlet_sync_seconds", histogram(1'000, 1, {{0.001, 1'000}, {0.01, 1'000}})}},
              {{"martlet_logins_total", 10},
               {"martlet_sync_seconds", histogram(10, 0.05, {{0.001, 0}, {0.01, 10}})}});
  EXPECT_DOUBLE_EQ(made.logins, 5);
  EXPECT_NEAR(*made.sync_p99_ms, 9.91, 0.01);
}

TEST(WatchLine, QuantilesAreOfTheTimeBetween) {
  const auto before = histogram(1'000, 9, {{0.001, 0}, {0.01, 1'000}, {0.1, 1'000}});
  struct Case {
    const char* name;
    json now;
    std::optional<double> p50, p99;
  };
  const Case kCases[] = {
      {"nothing happened", before, std::nullopt, std::nullopt},
      {"all in the first", histogram(1'100, 9, {{0.001, 100}, {0.01, 1'100}, {0.1, 1'100}}), 0.5,
       0.99},
      {"half and half", histogram(1'100, 9, {{0.001, 50}, {0.01, 1'050}, {0.1, 1'100}}), 1.0, 98.2},
      {"beyond all", histogram(1'100, 9, {{0.001, 0}, {0.01, 1'000}, {0.1, 1'000}}), 100.0, 100.0},
  };
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.name);
    const auto made =
        between({{"martlet_sync_seconds", before}}, {{"martlet_sync_seconds", each.now}});
    ASSERT_EQ(made.sync_p50_ms.has_value(), each.p50.has_value());
    if (!each.p50) continue;
    EXPECT_NEAR(*made.sync_p50_ms, *each.p50, 1e-6);
    EXPECT_NEAR(*made.sync_p99_ms, *each.p99, 1e-6);
  }
}

TEST(WatchLine, ReactorsAreTakenTogetherAndTheWorstIsShown) {
  const auto made =
      between({}, {{"martlet_reactor_lag_seconds",
                    {{"0", histogram(99, 0, {{0.001, 99}, {0.1, 99}})},
                     {"1", histogram(101, 0, {{0.001, 0}, {0.1, 101}})}}},
                   {"martlet_reactor_lag_last_seconds", {{"0", 0.0001}, {"1", 0.05}}}});
  EXPECT_DOUBLE_EQ(made.reactor_lag_ms, 50);
  EXPECT_GT(*made.reactor_lag_p99_ms, 90);
}

TEST(WatchLine, WhatIsNoLineOfMetricsIsRefused) {
  const auto good = line({});
  for (const auto* bad : {"", "x", "[]", "{}", "null", R"({"type":"status"})", R"({"type":7})"}) {
    SCOPED_TRACE(bad);
    EXPECT_FALSE(watch_line(bad, good, 1).ok());
    EXPECT_FALSE(watch_line(good, bad, 1).ok());
  }
}

TEST(WatchLine, OddMetricsOfAnotherVersionAreZero) {
  for (const auto& odd : {json("text"), json(nullptr), json::array({1, 2}), json{{"buckets", 7}},
                          json{{"buckets", {1, 2}}, {"count", "many"}}, json{{"0", "x"}}}) {
    SCOPED_TRACE(odd.dump());
    const auto made = between({{"martlet_sync_seconds", odd}},
                              {{"martlet_sync_seconds", odd}, {"martlet_waiting_bytes", odd}});
    EXPECT_FALSE(made.sync_p50_ms.has_value());
  }
}

TEST(WatchText, IsForPeople) {
  WatchLine busy;
  busy.connections = 1'200;
  busy.online = 1'199;
  busy.logins = 3;
  busy.handshakes = 4;
  busy.accepted = 20'000.4;
  busy.accepted_bytes = 20.5 * 1024 * 1024;
  busy.delivered = 19'999;
  busy.acknowledged = 19'998;
  busy.waiting = 12;
  busy.waiting_bytes = 1'000;
  busy.disk_bytes = 64.0 * 1024 * 1024 * 1024;
  busy.sync_p50_ms = 1.25;
  busy.sync_p99_ms = 4;
  busy.syncs = 400;
  busy.sends_a_sync = 50.04;
  busy.queued = 7;
  busy.office_lag_p99_ms = 3.333;
  busy.reactor_lag_ms = 0.25;
  busy.reactor_lag_p99_ms = 0.5;
  busy.cpu = 0.876;
  busy.resident_bytes = 90e6;
  EXPECT_EQ(watch_text(busy),
            "connections  1200, 1199 devices online; 3 logins/s, 4 handshakes/s\n"
            "envelopes    20000 accepted/s (20.5 MiB/s), 19999 delivered/s, 19998 acknowledged/s\n"
            "refused      0 sends/s; 0 requests/s over a limit\n"
            "waiting      12 sealed items, 1000 B; 64.0 GiB on disk\n"
            "sync         p50 1.25 ms, p99 4.00 ms; 400/s, 50.0 sends each\n"
            "office       7 requests queued, lag p99 3.33 ms\n"
            "reactors     lag 0.25 ms, p99 0.50 ms\n"
            "process      0.88 cores, 85.8 MiB\n");
  EXPECT_NE(watch_text({}).find("sync         p50 -, p99 -; 0/s, - sends each\n"),
            std::string::npos);
}

TEST(WatchJson, IsOneLineAndWhatDidNotHappenIsNull) {
  WatchLine quiet;
  quiet.connections = 2;
  quiet.accepted = 1.23456;
  const auto text = watch_json(quiet, "2026-11-24T18:00:00.000Z");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_TRUE(text.ends_with("}\n"));
  const auto parsed = json::parse(text);
  EXPECT_EQ(parsed["type"], "watch");
  EXPECT_EQ(parsed["at"], "2026-11-24T18:00:00.000Z");
  EXPECT_EQ(parsed["connections"], 2);
  EXPECT_EQ(parsed["a_second"]["accepted"], 1.235);
  EXPECT_TRUE(parsed["sync_ms"]["p99"].is_null());
  EXPECT_TRUE(parsed["office"]["lag_p99_ms"].is_null());
}

}  // namespace
}  // namespace martlet::daemon
