// What somebody else's behaviour costs the well-behaved: pairs that write at a steady pace are
// measured alone, then beside a device that floods, devices that do not read, and one that drains a
// huge mailbox. Judged by the ratio of the 99th percentiles of delivery.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "calm_load.h"
#include "crowd.h"
#include "rude_device.h"

namespace martlet::bench {
namespace {

constexpr double kTargetRatio = 2;
constexpr std::size_t kDeaf = 20;              ///< devices that do not read
constexpr std::size_t kDeafBacklog = 1'000;    ///< that waits for each
constexpr std::size_t kDeafBytes = 8 * 1'024;  ///< a window of these fills the socket's buffers
constexpr std::size_t kFloodWindow = 256;      ///< the server reads no further

struct Options {
  std::size_t pairs = 100;
  double messages_a_second = 10;
  std::size_t bytes = 1'024;
  double seconds = 5;
  std::size_t backlog = 200'000;
  std::string data;
};

struct Case {
  std::string name;
  Latency alone, beside;
  double rude_a_second = 0;  ///< what the rude got done meanwhile
  double ratio() const { return beside.p99 / alone.p99; }
};

/// A server and all who use it.
class Town {
 public:
  Town(const Options& options, const std::string& settings)
      : options_{options},
        server_{options.data, settings},
        devices_{enrol_crowd(server_, 2 * options.pairs + 2 + kDeaf, random_)},
        calm_{reactor_,
              server_,
              std::span{devices_}.first(2 * options.pairs),
              {options.messages_a_second, options.bytes}} {
    calm_.measure(std::chrono::seconds{1});  // warm
  }

  const server::TestDevice& flooder() const { return devices_.at(2 * options_.pairs); }
  const server::TestDevice& drainer() const { return devices_.at(2 * options_.pairs + 1); }
  std::span<const server::TestDevice> deaf() const {
    return std::span{devices_}.subspan(2 * options_.pairs + 2);
  }

  /// So many envelopes wait for `to`, who is offline.
  void fill(const server::TestDevice& to, std::size_t count, std::size_t bytes) {
    rude_.flood(server_, flooder(), to, bytes, kFloodWindow);
    while (rude_.accepted() < count) reactor_.run_until([] { return false; }, Milliseconds{2});
    rude_.stop();
  }
  /// `begin` sets the rude on.
  template <class Begin>
  Case measure(const std::string& name, Begin begin) {
    const std::chrono::duration<double> time{options_.seconds};
    Case made{name, calm_.measure(time), {}, 0};
    begin(rude_, server_);
    reactor_.run_until([] { return false; }, Milliseconds{500});
    const auto before = rude_.accepted() + rude_.refused() + rude_.delivered();
    const auto began = std::chrono::steady_clock::now();
    made.beside = calm_.measure(time);
    const auto done = rude_.accepted() + rude_.refused() + rude_.delivered() - before;
    made.rude_a_second =
        static_cast<double>(done) /
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    rude_.stop();
    return made;
  }
  std::uint64_t rss_bytes() const { return server_.rss_bytes(); }
  void close() {
    calm_.close();
    reactor_.run_until([] { return false; }, Milliseconds{50});
  }

 private:
  const Options& options_;
  SeededRandom random_{1};
  ServerUnderLoad server_;
  std::vector<server::TestDevice> devices_;
  net::Reactor reactor_;
  CalmLoad calm_;
  RudeDevices rude_;
};

std::vector<Case> measure_all(const Options& options) {
  std::vector<Case> cases;
  {
    Town town{options, kNoLimits};
    cases.push_back(town.measure("a flood without limits", [&](auto& rude, auto& server) {
      rude.flood(server, town.flooder(), town.drainer(), options.bytes, kFloodWindow);
    }));
    for (const auto& device : town.deaf()) town.fill(device, kDeafBacklog, kDeafBytes);
    cases.push_back(town.measure("20 devices that do not read", [&](auto& rude, auto& server) {
      rude.go_deaf(server, town.deaf());
    }));
    town.fill(town.drainer(), options.backlog, options.bytes);
    cases.push_back(town.measure("a mailbox that is drained", [&](auto& rude, auto& server) {
      rude.drain(server, town.drainer());
    }));
    town.close();
  }
  Town town{options, ""};
  cases.push_back(town.measure("a flood within the limits", [&](auto& rude, auto& server) {
    rude.flood(server, town.flooder(), town.drainer(), options.bytes, kFloodWindow);
  }));
  town.close();
  return cases;
}

nlohmann::ordered_json json_of(const Latency& latency) {
  return {{"p50", latency.p50},
          {"p99", latency.p99},
          {"largest", latency.largest},
          {"messages", latency.messages}};
}

int run(const Options& options) {
  raise_descriptor_limit();
  leave_the_servers_core();
  const auto cases = measure_all(options);
  auto list = nlohmann::ordered_json::array();
  double worst = 0;
  std::fprintf(stderr, "%-30s %10s %10s %8s %12s\n", "delivery p99 beside", "alone ms", "beside ms",
               "ratio", "rude/s");
  for (const auto& each : cases) {
    worst = std::max(worst, each.ratio());
    list.push_back({{"name", each.name},
                    {"alone_ms", json_of(each.alone)},
                    {"beside_ms", json_of(each.beside)},
                    {"p99_ratio", each.ratio()},
                    {"rude_a_second", each.rude_a_second}});
    std::fprintf(stderr, "%-30s %10.2f %10.2f %8.2f %12.0f\n", each.name.c_str(), each.alone.p99,
                 each.beside.p99, each.ratio(), each.rude_a_second);
  }
  const nlohmann::ordered_json result{{"benchmark", "fairness"},
                                      {"pairs", options.pairs},
                                      {"messages_a_second_a_pair", options.messages_a_second},
                                      {"envelope_bytes", options.bytes},
                                      {"seconds", options.seconds},
                                      {"backlog", options.backlog},
                                      {"cases", list},
                                      {"worst_p99_ratio", worst},
                                      {"target", kTargetRatio},
                                      {"ratio_to_target", kTargetRatio / worst}};
  std::printf("%s\n", result.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace martlet::bench

int main(int argc, char** argv) {
  martlet::bench::Options options;
  CLI::App app{"Others' delivery latency beside rude devices at martletd. JSON on stdout."};
  app.add_option("--pairs", options.pairs, "well-behaved senders, and as many receivers")
      ->check(CLI::Range(1, 1'000));
  app.add_option("--rate", options.messages_a_second, "messages a second of each of them")
      ->check(CLI::Range(0.1, 19.0));
  app.add_option("--bytes", options.bytes, "of an envelope")->check(CLI::Range(8, 60'000));
  app.add_option("--seconds", options.seconds, "of each measurement")
      ->check(CLI::Range(0.5, 600.0));
  app.add_option("--backlog", options.backlog, "envelopes in the mailbox that is drained")
      ->check(CLI::Range(1'000, 1'000'000));
  app.add_option("--data", options.data, "where the servers' data folders are made");
  CLI11_PARSE(app, argc, argv);
  return martlet::bench::run(options);
}
