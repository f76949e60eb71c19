// What a message costs a real martletd on loopback, beside what TLS alone costs: pairs of devices,
// a window of unanswered Sends each; a message counts when it was accepted (durable), delivered and
// acknowledged. The server has a core to itself, the load the others. Everything is measured in
// turns, so that a slow moment of the machine meets all.
#include <CLI/CLI.hpp>
#include <cmath>

#include "floor.h"
#include "stage.h"

namespace martlet::bench {
namespace {

struct Options {
  StageOptions stage;
  double seconds = 5;
  double warm_up = 1.5;
  std::vector<double> rates{10'000};
  std::size_t more_pairs = 0;
  std::size_t idle = 0;
  bool growth = false;
  bool floor = true;
  ReportOptions report;
  std::string floor_server;
};

constexpr std::size_t kGrowthPairs = 200;
constexpr std::size_t kGrowthIdle = 5'000;

const std::vector<Goal> kGoals{
    {"/ratio_to_unbatched_tls_floor", true, 1.3},
    {"/ratio_to_tls_floor", true, 1.3},
    {"/growth/cpu_more_pairs_to_fewer", true, 1.15},
    {"/growth/cpu_with_idle_to_without", true, 1.1},
    {"/by_rate/10000/delivered_ms/p99", true, 5},
};

double cost(const Json& result) { return result["cpu_us_a_message"].get<double>(); }
double ratio(double above, double below) { return below > 0 ? above / below : 0; }

/// Everything that is measured in turns, made once.
struct Turns {
  std::unique_ptr<Stage> base;
  std::unique_ptr<Stage> more;
  std::unique_ptr<Stage> crowded;
  std::unique_ptr<Floor> batched;
  std::unique_ptr<Floor> unbatched;

  explicit Turns(const Options& options) {
    const auto& stage = options.stage;
    base = std::make_unique<Stage>(stage);
    if (options.more_pairs > 0) {
      auto other = stage;
      other.pairs = options.more_pairs;
      more = std::make_unique<Stage>(other);
    }
    if (options.idle > 0) {
      auto other = stage;
      other.idle = options.idle;
      crowded = std::make_unique<Stage>(other);
    }
    if (!options.floor) return;
    batched = std::make_unique<Floor>(stage.pairs, stage.window, stage.bytes, true);
    unbatched = std::make_unique<Floor>(stage.pairs, stage.window, stage.bytes, false);
  }

  Json run(const Options& options) {
    const auto seconds = options.seconds;
    const auto warm_up = options.warm_up;
    Json result{{"martletd", base->measure_cost(warm_up, seconds)}};
    const auto ours = cost(result["martletd"]);
    if (options.floor) {
      result["tls_floor_batched"] = batched->measure(warm_up, seconds);
      result["tls_floor_unbatched"] = unbatched->measure(warm_up, seconds);
      result["ratio_to_tls_floor"] = ratio(ours, cost(result["tls_floor_batched"]));
      result["ratio_to_unbatched_tls_floor"] = ratio(ours, cost(result["tls_floor_unbatched"]));
    }
    for (const auto rate : options.rates) {
      if (rate <= 0) continue;
      const auto name = std::to_string(std::llround(rate));
      result["by_rate"][name] = base->measure_latency(rate, warm_up, seconds);
    }
    if (more) {
      result["more_pairs"] = more->measure_cost(warm_up, seconds);
      result["growth"]["cpu_more_pairs_to_fewer"] = ratio(cost(result["more_pairs"]), ours);
    }
    if (crowded) {
      result["idle_beside"] = crowded->measure_cost(warm_up, seconds);
      result["growth"]["cpu_with_idle_to_without"] = ratio(cost(result["idle_beside"]), ours);
    }
    return result;
  }

  std::uint64_t left() const {
    std::uint64_t sum = base->left_in_mailboxes();
    if (more) sum += more->left_in_mailboxes();
    if (crowded) sum += crowded->left_in_mailboxes();
    return sum;
  }
};

int run(const Options& options) {
  raise_descriptor_limit();
  leave_the_servers_core();
  Turns turns{options};
  std::vector<Json> runs;
  for (std::size_t i = 0; i < options.report.runs; ++i) runs.push_back(turns.run(options));
  const auto left = turns.left();
  const Json said{{"pairs", options.stage.pairs},
                  {"more_pairs", options.more_pairs},
                  {"idle_beside", options.idle},
                  {"window", options.stage.window},
                  {"envelope_bytes", options.stage.bytes},
                  {"seconds", options.seconds},
                  {"rates", options.rates},
                  {"left_in_mailboxes", left}};
  print_report("courier", said, runs, kGoals, options.report);
  if (left != 0) give_up("something is left in the mailboxes");
  return 0;
}

}  // namespace
}  // namespace martlet::bench

int main(int argc, char** argv) {
  martlet::bench::Options options;
  CLI::App app{"What a message costs martletd, beside TLS alone. JSON on stdout."};
  app.add_option("--pairs", options.stage.pairs, "senders, and as many receivers")
      ->check(CLI::Range(1, 2'500));
  app.add_option("--window", options.stage.window, "unanswered Sends of a sender")
      ->check(CLI::Range(1, 64));
  app.add_option("--bytes", options.stage.bytes, "of an envelope")->check(CLI::Range(8, 60'000));
  app.add_option("--seconds", options.seconds, "of each turn, after a warm-up")
      ->check(CLI::Range(0.1, 3'600.0));
  app.add_option("--warm-up", options.warm_up, "seconds")->check(CLI::Range(0.0, 60.0));
  app.add_option("--rate", options.rates,
                 "messages a second of the turn for latency; several: 1000,10000; 0: no such turn")
      ->delimiter(',')
      ->check(CLI::Range(0.0, 1e6));
  app.add_flag("--growth", options.growth, "also with 200 pairs, and with 5,000 idle connections");
  app.add_option("--more-pairs", options.more_pairs, "a turn with so many")
      ->check(CLI::Range(0, 2'500));
  app.add_option("--idle", options.idle, "a turn with so many idle connections beside the pairs")
      ->check(CLI::Range(0, 100'000));
  app.add_flag("!--no-floor", options.floor, "not TLS alone");
  app.add_option("--data", options.stage.data,
                 "where the server's data folder is made (the disk matters)");
  app.add_option("--floor-server", options.floor_server)->group("");
  options.report.add_to(app);
  CLI11_PARSE(app, argc, argv);
  if (!options.floor_server.empty()) return martlet::bench::run_floor_server(options.floor_server);
  if (options.growth && options.more_pairs == 0) options.more_pairs = martlet::bench::kGrowthPairs;
  if (options.growth && options.idle == 0) options.idle = martlet::bench::kGrowthIdle;
  return martlet::bench::run(options);
}
