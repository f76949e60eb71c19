// Other servers of this machine on the same work as martletd, in turns within one run: the same
// connections, sizes and window, the same client code up to the protocol, the server alone on its
// core. What counts is the ratio within a run.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "martlet_courier.h"
#include "mosquitto.h"
#include "nats.h"
#include "report.h"

namespace martlet::bench {
namespace {

struct Options {
  std::vector<std::size_t> pairs{50, 200};
  std::size_t window = 16;
  std::size_t bytes = 1'024;
  double seconds = 3;
  double rate = 10'000;
  std::size_t idle = 1'000;
  std::vector<std::string> servers{"mosquitto", "nats-server"};
  std::string data;
  ReportOptions report;
};

/// martletd first; it is what the others are compared with.
using Couriers = std::vector<std::unique_ptr<Courier>>;

constexpr double kRateIsKept = 0.97;  ///< from this part of the intended messages on

/// What was not measured is left out, and no goal is held against it: 0 would meet every "at most".
void put_if_measured(Json& into, const std::string& name, double value) {
  if (value > 0) into[name] = value;
}
void put_ratio(Json& into, const std::string& name, double a, double b) {
  if (a > 0 && b > 0) into[name] = a / b;
}

Json json_of(const Measured& found) {
  Json json{{"messages_a_second", static_cast<double>(found.messages) / found.seconds}};
  put_if_measured(json, "cpu_us_a_message", found.cpu_us_a_message);
  put_if_measured(json["accepted_ms"], "p50", found.accepted_p50_ms);
  put_if_measured(json["accepted_ms"], "p99", found.accepted_p99_ms);
  put_if_measured(json["delivered_ms"], "p50", found.delivered_p50_ms);
  put_if_measured(json["delivered_ms"], "p99", found.delivered_p99_ms);
  return json;
}

Shape shape_of(const Options& options, std::size_t pairs) {
  Shape shape;
  shape.pairs = pairs;
  shape.window = options.window;
  shape.bytes = options.bytes;
  shape.seconds = options.seconds;
  return shape;
}

/// Whole windows: what a message costs.
Json compare_cpu(Couriers& couriers, const Shape& shape) {
  Json found;
  double ours = 0;
  for (auto& courier : couriers) {
    const auto measured = measure(*courier, shape);
    if (courier == couriers.front()) ours = measured.cpu_us_a_message;
    found[courier->name()] = json_of(measured);
    if (courier == couriers.front()) continue;
    put_ratio(found, "cpu_" + courier->name() + "_to_martletd", measured.cpu_us_a_message, ours);
  }
  return found;
}

/// So many messages a second: how late they are. Who does not keep up is the later the longer the
/// run is, so such a run has no ratio.
Json compare_latency(Couriers& couriers, Shape shape, double rate) {
  shape.messages_a_second = rate;
  Json found{{"messages_a_second", rate}};
  Measured ours;
  for (auto& courier : couriers) {
    const auto measured = measure(*courier, shape);
    if (courier == couriers.front()) ours = measured;
    found[courier->name()] = json_of(measured);
    found[courier->name()]["rate_kept"] = measured.rate_kept;
    if (courier == couriers.front()) continue;
    put_ratio(found, "cpu_" + courier->name() + "_to_martletd", measured.cpu_us_a_message,
              ours.cpu_us_a_message);
    if (std::min(ours.rate_kept, measured.rate_kept) < kRateIsKept) continue;
    put_ratio(found, "p99_martletd_to_" + courier->name(), ours.delivered_p99_ms,
              measured.delivered_p99_ms);
  }
  return found;
}

/// Before anything else has been in their memory.
Json compare_idle(Couriers& couriers, std::size_t connections) {
  Json found{{"connections", connections}};
  double ours = 0;
  for (auto& courier : couriers) {
    const auto before = static_cast<double>(courier->pss_bytes());
    std::vector<std::unique_ptr<Line>> lines;
    for (std::size_t i = 0; i < connections; ++i) lines.push_back(courier->idle_line(i));
    const auto each =
        (static_cast<double>(courier->pss_bytes()) - before) / static_cast<double>(connections);
    found[courier->name()]["pss_bytes_a_connection"] = each;
    if (courier == couriers.front()) {
      ours = each;
    } else {
      put_ratio(found, "pss_martletd_to_" + courier->name(), ours, each);
    }
  }
  return found;
}

Couriers start_all(const Options& options) {
  const auto most = *std::ranges::max_element(options.pairs);
  Couriers couriers;
  couriers.push_back(std::make_unique<MartletCourier>(
      options.data, std::max(2 * most, options.idle), options.bytes));
  for (const auto& name : options.servers) {
    if (find_program(name).empty()) {
      give_up(name + " is not installed (./dev bench peers installs it)");
    }
    if (name == "mosquitto") {
      couriers.push_back(std::make_unique<Mosquitto>(options.data, options.bytes));
    } else {
      couriers.push_back(std::make_unique<Nats>(options.data, options.bytes));
    }
  }
  return couriers;
}

int run(const Options& options) {
  raise_descriptor_limit();
  leave_the_servers_core();
  auto couriers = start_all(options);
  Json idle;
  if (options.idle > 0) idle = compare_idle(couriers, options.idle);
  std::vector<Json> runs;
  for (std::size_t i = 0; i < options.report.runs; ++i) {
    Json found;
    if (!idle.is_null()) found["idle"] = idle;
    for (const auto pairs : options.pairs) {
      found["by_pairs"][std::to_string(pairs)] = compare_cpu(couriers, shape_of(options, pairs));
    }
    if (options.rate > 0) {
      found["at_rate"] =
          compare_latency(couriers, shape_of(options, options.pairs.front()), options.rate);
    }
    runs.push_back(std::move(found));
  }
  const std::vector<Goal> goals{{"/by_pairs/50/cpu_mosquitto_to_martletd", false, 2},
                                {"/by_pairs/200/cpu_mosquitto_to_martletd", false, 2},
                                {"/at_rate/martletd/delivered_ms/p99", true, 5},
                                {"/at_rate/p99_martletd_to_mosquitto", true, 1},
                                {"/idle/pss_martletd_to_mosquitto", true, 1}};
  print_report("peers",
               {{"pairs", options.pairs},
                {"window", options.window},
                {"envelope_bytes", options.bytes},
                {"seconds", options.seconds}},
               runs, goals, options.report);
  return 0;
}

}  // namespace
}  // namespace martlet::bench

int main(int argc, char** argv) {
  martlet::bench::Options options;
  CLI::App app{"martletd and other servers on the same work, in turns. JSON on stdout."};
  app.add_option("--pairs", options.pairs, "senders, and as many receivers; several: 50,200")
      ->delimiter(',')
      ->check(CLI::Range(1, 2'500));
  app.add_option("--window", options.window, "unanswered messages of a sender")
      ->check(CLI::Range(1, 20));  // mosquitto's own window is 20
  app.add_option("--bytes", options.bytes, "of a message")->check(CLI::Range(8, 60'000));
  app.add_option("--seconds", options.seconds, "of one turn")->check(CLI::Range(0.1, 600.0));
  app.add_option("--rate", options.rate, "messages a second for the latency; 0: not measured");
  app.add_option("--idle", options.idle, "idle connections; 0: not measured");
  app.add_option("--servers", options.servers, "beside martletd")
      ->delimiter(',')
      ->check(CLI::IsMember({"mosquitto", "nats-server"}));
  app.add_option("--data", options.data, "where the servers' data folders are made");
  options.report.add_to(app);
  CLI11_PARSE(app, argc, argv);
  return martlet::bench::run(options);
}
