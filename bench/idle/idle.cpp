// What a parked connection costs: devices that have logged in over TLS and are silent. Memory is
// the server's proportional share (PSS), against the same process without connections, and against
// what OpenSSL alone needs for as many in the same run.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "bare_server.h"
#include "base/seeded_random.h"
#include "crowd.h"
#include "parked_crowd.h"

namespace martlet::bench {
namespace {

constexpr double kTargetRatio = 1.06;
constexpr double kIdleServerTargetBytes = 32e6;
constexpr std::chrono::seconds kSettle{3};
constexpr std::size_t kOtherDescriptors = 200;  ///< of a server: stores, listeners, pipes

struct Options {
  std::size_t devices = 10'000;
  std::string data;
};

struct Measured {
  std::uint64_t pss_without = 0;
  std::uint64_t pss_with = 0;
  double bytes_a_connection = 0;
  double cpu_us_a_connection = 0;
};

template <class Process>
Measured measure(const Process& process, std::uint16_t port, std::size_t count,
                 std::span<const server::TestDevice> devices) {
  std::this_thread::sleep_for(kSettle);
  Measured found;
  found.pss_without = process.pss_bytes();
  const auto cpu_before = process.cpu_seconds();
  const ParkedCrowd crowd{port, count, devices};
  const auto cpu = process.cpu_seconds() - cpu_before;
  std::this_thread::sleep_for(kSettle);
  found.pss_with = process.pss_bytes();
  found.bytes_a_connection =
      (static_cast<double>(found.pss_with) - static_cast<double>(found.pss_without)) /
      static_cast<double>(count);
  found.cpu_us_a_connection = cpu * 1e6 / static_cast<double>(count);
  return found;
}

Measured measure_openssl(std::size_t count) {
  const BareServer server;
  return measure(server, server.port(), count, {});
}

int run(const Options& options) {
  const auto descriptors = raise_descriptor_limit();
  if (options.devices + kOtherDescriptors > descriptors) {
    give_up("so many connections need " + std::to_string(options.devices + kOtherDescriptors) +
            " descriptors a process, and the system allows " + std::to_string(descriptors) +
            " (ulimit -Hn)");
  }
  leave_the_servers_core();
  const auto bare = measure_openssl(options.devices);
  ServerUnderLoad server{options.data};
  SeededRandom random{1};
  const auto devices = enrol_crowd(server, options.devices, random);
  // A fresh process: what the enrolments left in memory is not the connections'.
  server.restart();
  const auto rss_before = server.rss_bytes();
  const auto ours = measure(server, server.port(), options.devices, devices);

  nlohmann::ordered_json result{
      {"benchmark", "idle"},
      {"devices", options.devices},
      {"server_pss_bytes_without", ours.pss_without},
      {"server_rss_bytes_without", rss_before},
      {"server_pss_bytes_with", ours.pss_with},
      {"bytes_a_connection", ours.bytes_a_connection},
      {"openssl_bytes_a_connection", bare.bytes_a_connection},
      {"ratio_to_openssl", ours.bytes_a_connection / bare.bytes_a_connection},
      {"target_ratio", kTargetRatio},
      {"idle_server_target", kIdleServerTargetBytes},
      {"server_cpu_us_a_login", ours.cpu_us_a_connection},
      {"openssl_cpu_us_a_handshake", bare.cpu_us_a_connection}};
  std::printf("%s\n", result.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace martlet::bench

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--bare-server") == 0) {
    return martlet::bench::run_bare_server();
  }
  martlet::bench::Options options;
  CLI::App app{"Memory of a parked connection at martletd. JSON on stdout."};
  app.add_option("--devices", options.devices, "how many log in")->check(CLI::Range(1, 100'000));
  app.add_option("--data", options.data, "where the server's data folder is made");
  CLI11_PARSE(app, argc, argv);
  return martlet::bench::run(options);
}
