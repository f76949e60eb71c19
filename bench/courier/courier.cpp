// Messages a second through a real martletd on loopback: pairs of devices, a window of unanswered
// Sends each; a message counts when it was accepted (durable), delivered and acknowledged. The
// server has a core to itself, the load the others. Envelopes are opaque random bytes: sealing is
// the devices' work, and has a benchmark of its own.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/seeded_random.h"
#include "crowd.h"

namespace martlet::bench {
namespace {

using Steady = std::chrono::steady_clock;

constexpr double kTargetMessagesACoreSecond = 20'000;
constexpr Milliseconds kWarmUp{1'500};

struct Options {
  std::size_t pairs = 64;
  std::size_t window = 16;
  std::size_t bytes = 1'024;
  double seconds = 5;
  std::string data;
};

double milliseconds_since(Steady::time_point start) {
  return std::chrono::duration<double, std::milli>(Steady::now() - start).count();
}

/// Sorts what it is given.
double percentile(std::vector<double>& values, double part) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

/// Keeps every sender's window full, acknowledges what arrives, and takes the times.
class Load {
 public:
  Load(const Options& options, net::Reactor& reactor) : options_{options}, reactor_{reactor} {
    random_.fill(sealed_);
  }

  void on_frame(Member& member, wire::Frame& frame) {
    if (auto* accepted = std::get_if<wire::Accepted>(&frame.body)) {
      on_accepted(member, accepted->message);
    } else if (auto* deliver = std::get_if<wire::Deliver>(&frame.body)) {
      on_delivered(member, *deliver);
    } else {
      give_up("an answer that nobody asked for");
    }
  }

  void begin(std::deque<Member>& members) {
    for (std::size_t i = 0; i < options_.pairs; ++i) {
      peers_[&members[i]] = &members[options_.pairs + i];
    }
    for (std::size_t i = 0; i < options_.pairs; ++i) {
      for (std::size_t j = 0; j < options_.window; ++j) send(members[i]);
    }
  }
  void start_measuring() {
    accept_ms.clear();
    deliver_ms.clear();
    acknowledged = 0;
  }
  void wind_down() { sending_ = false; }
  bool quiet() const { return sent_at_.empty() && undelivered_ == 0 && to_acknowledge_.empty(); }

  std::vector<double> accept_ms;
  std::vector<double> deliver_ms;
  std::uint64_t acknowledged = 0;

 private:
  void send(Member& member) {
    const auto& peer = peers_.at(&member)->device();
    const auto message = random_.id<MessageId>();
    sent_at_[message] = Steady::now();
    ++undelivered_;
    // The time travels in the envelope, as the receiver has no other way to know it.
    const auto now = Steady::now().time_since_epoch().count();
    std::memcpy(sealed_.data(), &now, sizeof now);
    member.say(++request_,
               wire::Send{message, {{peer.account, peer.head}}, {{peer.id, 1, sealed_}}});
  }

  void on_accepted(Member& member, const MessageId& message) {
    const auto sent = sent_at_.find(message);
    if (sent == sent_at_.end()) give_up("accepted what was not sent");
    accept_ms.push_back(milliseconds_since(sent->second));
    sent_at_.erase(sent);
    if (sending_) send(member);
  }

  void on_delivered(Member& member, const wire::Deliver& deliver) {
    Steady::rep sent = 0;
    std::memcpy(&sent, deliver.sealed.data(), sizeof sent);
    deliver_ms.push_back(milliseconds_since(Steady::time_point{Steady::duration{sent}}));
    --undelivered_;
    if (to_acknowledge_.empty()) reactor_.post([this] { acknowledge(); });
    to_acknowledge_[&member].sequences.push_back(deliver.sequence);
  }

  /// What one turn brought, as a device does that commits before it acknowledges.
  void acknowledge() {
    for (auto& [member, body] : to_acknowledge_) {
      acknowledged += body.sequences.size();
      member->say(0, std::move(body));
    }
    to_acknowledge_.clear();
  }

  const Options& options_;
  net::Reactor& reactor_;
  SeededRandom random_{3};
  Bytes sealed_ = Bytes(options_.bytes);
  std::unordered_map<Member*, Member*> peers_;
  std::unordered_map<MessageId, Steady::time_point> sent_at_;
  std::unordered_map<Member*, wire::Acknowledge> to_acknowledge_;
  std::uint64_t undelivered_ = 0;
  std::uint64_t request_ = 1;
  bool sending_ = true;
};

int run(const Options& options) {
  raise_descriptor_limit();
  leave_the_servers_core();
  ServerUnderLoad server{options.data};
  SeededRandom random{1};
  const auto devices = enrol_crowd(server, 2 * options.pairs, random);
  net::Reactor reactor;
  Load load{options, reactor};
  auto members = log_in_crowd(reactor, server, devices, [&](Member& member, wire::Frame& frame) {
    load.on_frame(member, frame);
  });
  const auto never = [] { return false; };
  load.begin(members);
  reactor.run_until(never, kWarmUp);

  load.start_measuring();
  const auto cpu_before = server.cpu_seconds();
  const auto started = Steady::now();
  reactor.run_until(never, Milliseconds{static_cast<std::int64_t>(options.seconds * 1'000)});
  const auto seconds = milliseconds_since(started) / 1'000;
  const auto cpu = server.cpu_seconds() - cpu_before;
  const auto messages = load.acknowledged;
  auto accept_ms = load.accept_ms;
  auto deliver_ms = load.deliver_ms;
  const auto rss = server.rss_bytes();

  load.wind_down();
  if (!reactor.run_until([&] { return load.quiet(); }, std::chrono::seconds{30})) {
    give_up("messages are missing");
  }
  // The last acknowledgements are on their way: a round trip behind them means they were taken in.
  reactor.run_until(never, Milliseconds{100});
  const auto left = server.waiting_items();
  for (auto& member : members) member.close();

  const auto count = static_cast<double>(std::max<std::uint64_t>(messages, 1));
  const auto a_core_second = cpu > 0 ? count / cpu : 0;
  nlohmann::ordered_json result{
      {"benchmark", "courier"},
      {"pairs", options.pairs},
      {"window", options.window},
      {"envelope_bytes", options.bytes},
      {"seconds", seconds},
      {"messages", messages},
      {"messages_a_second", count / seconds},
      {"accepted_ms", {{"p50", percentile(accept_ms, 0.5)}, {"p99", percentile(accept_ms, 0.99)}}},
      {"delivered_ms",
       {{"p50", percentile(deliver_ms, 0.5)}, {"p99", percentile(deliver_ms, 0.99)}}},
      {"server_cpu_us_a_message", cpu * 1e6 / count},
      {"messages_a_second_of_server_core", a_core_second},
      {"target", kTargetMessagesACoreSecond},
      {"ratio_to_target", a_core_second / kTargetMessagesACoreSecond},
      {"server_rss_bytes", rss},
      {"left_in_mailboxes", left}};
  std::printf("%s\n", result.dump().c_str());
  return left == 0 ? 0 : 1;
}

}  // namespace
}  // namespace martlet::bench

int main(int argc, char** argv) {
  martlet::bench::Options options;
  CLI::App app{"Messages a second through martletd, and what they cost it. JSON on stdout."};
  app.add_option("--pairs", options.pairs, "senders, and as many receivers")
      ->check(CLI::Range(1, 2'500));
  app.add_option("--window", options.window, "unanswered Sends of a sender")
      ->check(CLI::Range(1, 64));
  app.add_option("--bytes", options.bytes, "of an envelope")->check(CLI::Range(8, 60'000));
  app.add_option("--seconds", options.seconds, "to measure, after a warm-up")
      ->check(CLI::Range(0.1, 3'600.0));
  app.add_option("--data", options.data,
                 "where the server's data folder is made (the disk matters)");
  CLI11_PARSE(app, argc, argv);
  return martlet::bench::run(options);
}
