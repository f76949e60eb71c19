#include "stage.h"

#include <algorithm>

namespace martlet::bench {
namespace {

constexpr Milliseconds kPatience = std::chrono::seconds{60};

bool never() { return false; }

Milliseconds milliseconds(double seconds) {
  return Milliseconds{static_cast<std::int64_t>(seconds * 1'000)};
}

std::vector<server::TestDevice> enrol(const ServerUnderLoad& server, std::size_t count) {
  SeededRandom random{1};
  return enrol_crowd(server, count, random);
}

Json times_of(std::vector<double>& milliseconds) {
  return {{"p50", percentile(milliseconds, 0.5)},
          {"p99", percentile(milliseconds, 0.99)},
          {"p999", percentile(milliseconds, 0.999)}};
}

}  // namespace

Stage::Stage(const StageOptions& options)
    : options_{options},
      server_{options.data},
      devices_{enrol(server_, 2 * options.pairs + options.idle)},
      load_{reactor_, options.window, options.bytes},
      members_{log_in_crowd(
          reactor_, server_, devices_,
          [this](Member& member, wire::Frame& frame) { load_.on_frame(member, frame); })} {
  load_.take(members_, options.pairs);
}

Stage::~Stage() {
  for (auto& member : members_) member.close();
}

/// Whom nobody hears of for long is thrown out.
void Stage::wake() {
  std::size_t at = 0;
  for (auto& member : members_) {
    member.say(1, wire::Ping{});
    if (++at % 256 == 0) reactor_.run_until(never, Milliseconds{1});
  }
  reactor_.run_until(never, Milliseconds{100});
}

Json Stage::measure_cost(double warm_up_seconds, double seconds) {
  wake();
  load_.begin_closed_loop();
  return measure(warm_up_seconds, seconds);
}

Json Stage::measure_latency(double messages_a_second, double warm_up_seconds, double seconds) {
  wake();
  load_.begin_open_loop(messages_a_second);
  auto result = measure(warm_up_seconds, seconds);
  result["intended_messages_a_second"] = messages_a_second;
  result["dropped"] = load_.dropped;
  return result;
}

Json Stage::measure(double warm_up_seconds, double seconds) {
  reactor_.run_until(never, milliseconds(warm_up_seconds));
  load_.start_measuring();
  const auto cpu_before = server_.cpu_seconds();
  const auto started = Load::Steady::now();
  reactor_.run_until(never, milliseconds(seconds));
  const std::chrono::duration<double> took = Load::Steady::now() - started;
  const auto cpu = server_.cpu_seconds() - cpu_before;
  const auto count = static_cast<double>(std::max<std::uint64_t>(load_.acknowledged, 1));
  Json result{
      {"messages", load_.acknowledged},           {"messages_a_second", count / took.count()},
      {"cpu_us_a_message", cpu * 1e6 / count},    {"cpu_share_of_a_core", cpu / took.count()},
      {"accepted_ms", times_of(load_.accept_ms)}, {"delivered_ms", times_of(load_.deliver_ms)},
      {"server_rss_bytes", server_.rss_bytes()}};
  load_.wind_down();
  if (!reactor_.run_until([&] { return load_.quiet(); }, kPatience)) {
    give_up("messages are missing");
  }
  return result;
}

std::uint64_t Stage::left_in_mailboxes() {
  // The last acknowledgements are on their way: a round trip behind them means they were taken in.
  reactor_.run_until(never, Milliseconds{200});
  return server_.waiting_items();
}

}  // namespace martlet::bench
