// What a parked connection costs: devices that have logged in over TLS and are silent. Memory is
// the server's proportional share (PSS), against the same process without connections.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/seeded_random.h"
#include "crowd.h"

namespace martlet::bench {
namespace {

constexpr double kTargetBytes = 20'000;
constexpr double kIdleServerTargetBytes = 32e6;

struct Options {
  std::size_t devices = 5'000;
  std::string data;
};

int run(const Options& options) {
  raise_descriptor_limit();
  leave_the_servers_core();
  ServerUnderLoad server{options.data};
  SeededRandom random{1};
  const auto devices = enrol_crowd(server, options.devices, random);
  // A fresh process: what the enrolments left in memory is not the connections'.
  server.restart();
  net::Reactor reactor;
  const auto never = [] { return false; };
  reactor.run_until(never, std::chrono::seconds{2});
  const auto pss_before = server.pss_bytes();
  const auto rss_before = server.rss_bytes();
  const auto cpu_before = server.cpu_seconds();
  auto members =
      log_in_crowd(reactor, server, devices, [](Member&, wire::Frame&) { give_up("a push"); });
  const auto login_cpu = server.cpu_seconds() - cpu_before;
  reactor.run_until(never, std::chrono::seconds{3});
  const auto pss_after = server.pss_bytes();

  const auto count = static_cast<double>(options.devices);
  const auto bytes = (static_cast<double>(pss_after) - static_cast<double>(pss_before)) / count;
  nlohmann::ordered_json result{{"benchmark", "idle"},
                                {"devices", options.devices},
                                {"server_pss_bytes_without", pss_before},
                                {"server_rss_bytes_without", rss_before},
                                {"server_pss_bytes_with", pss_after},
                                {"bytes_a_connection", bytes},
                                {"target", kTargetBytes},
                                {"ratio_to_target", kTargetBytes / bytes},
                                {"idle_server_target", kIdleServerTargetBytes},
                                {"server_cpu_us_a_login", login_cpu * 1e6 / count}};
  std::printf("%s\n", result.dump().c_str());
  for (auto& member : members) member.close();
  return 0;
}

}  // namespace
}  // namespace martlet::bench

int main(int argc, char** argv) {
  martlet::bench::Options options;
  CLI::App app{"Memory of a parked connection at martletd. JSON on stdout."};
  app.add_option("--devices", options.devices, "how many log in")->check(CLI::Range(1, 100'000));
  app.add_option("--data", options.data, "where the server's data folder is made");
  CLI11_PARSE(app, argc, argv);
  return martlet::bench::run(options);
}
