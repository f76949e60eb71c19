// All devices come back at once after the server restarted: how long until the last is logged in,
// how much memory the server needs for it, and whether others' messages flow meanwhile. Once with
// devices that keep to the protocol's manners, once with a crowd that does not.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <deque>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "comer.h"
#include "crowd.h"

namespace martlet::bench {
namespace {

constexpr double kTargetSeconds = 15;
constexpr double kCeilingBytes = 64e6;             ///< of a server under a storm
constexpr double kCeilingBytesAConnection = 20e3;  ///< on top of it
constexpr Milliseconds kPatience = std::chrono::minutes{3};
constexpr Milliseconds kSendEvery{20};
constexpr std::size_t kBytes = 1'024;
constexpr std::size_t kAtOnce = 64;

struct Options {
  std::size_t devices = 10'000;
  std::string data;
};

double seconds_between(Steady::time_point from, Steady::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

double percentile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

/// Two devices of which one writes to the other without pause, while both are in.
class Talk {
 public:
  Talk(net::Reactor& reactor, Comer& from, Comer& to) : reactor_{reactor}, from_{from}, to_{to} {
    tick();
  }
  void on_frame(Comer& comer, wire::Frame& frame) {
    const auto* deliver = std::get_if<wire::Deliver>(&frame.body);
    if (deliver == nullptr || &comer != &to_) return;
    Steady::rep sent = 0;
    std::memcpy(&sent, ByteView{deliver->sealed}.data(), sizeof sent);
    const auto took = Steady::now() - Steady::time_point{Steady::duration{sent}};
    delivered_ms.push_back(std::chrono::duration<double, std::milli>(took).count());
    comer.say(0, wire::Acknowledge{{deliver->sequence}});
  }
  std::vector<double> delivered_ms;

 private:
  void tick() {
    if (from_.is_in() && to_.is_in()) send();
    timer_ = reactor_.after(kSendEvery, [this] { tick(); });
  }
  void send() {
    Bytes sealed(kBytes);
    const auto now = Steady::now().time_since_epoch().count();
    std::memcpy(sealed.data(), &now, sizeof now);
    const auto& peer = to_.device();
    from_.say(++request_, wire::Send{random_.id<MessageId>(),
                                     {{peer.account, peer.head}},
                                     {{peer.id, 1, SharedBytes{std::move(sealed)}}}});
  }
  net::Reactor& reactor_;
  Comer& from_;
  Comer& to_;
  SeededRandom random_{13};
  std::uint64_t request_ = 1;
  std::shared_ptr<void> timer_;
};

nlohmann::ordered_json storm(ServerUnderLoad& server, Manners manners,
                             const std::vector<server::TestDevice>& devices) {
  net::Reactor reactor;
  Comer::World world{.reactor = reactor,
                     .port = server.port(),
                     .fingerprint = server.fingerprint(),
                     .manners = manners,
                     .on_frame = {}};
  std::deque<Comer> crowd;
  std::size_t ready = 0;
  const auto count_ready = [&] {
    while (ready < crowd.size() && crowd[ready].is_in()) ++ready;
    return ready;
  };
  Comer::World talkers_world{.reactor = reactor,
                             .port = server.port(),
                             .fingerprint = server.fingerprint(),
                             .manners = Manners::hostile,
                             .on_frame = {}};
  Comer from{talkers_world, devices[0]};
  Comer to{talkers_world, devices[1]};
  world.on_frame = [](Comer&, wire::Frame&) {};
  Talk talk{reactor, from, to};
  talkers_world.on_frame = [&](Comer& comer, wire::Frame& frame) { talk.on_frame(comer, frame); };
  from.begin();
  to.begin();
  for (std::size_t i = 2; i < devices.size(); ++i) {
    crowd.emplace_back(world, devices[i]).begin();
    if (!reactor.run_until([&] { return crowd.size() - count_ready() < kAtOnce; }, kPatience)) {
      give_up("logging in takes too long");
    }
  }
  if (!reactor.run_until([&] { return count_ready() == crowd.size(); }, kPatience)) {
    give_up("not all could log in");
  }

  world.attempts = world.refused = 0;
  std::atomic<bool> is_up = false;
  std::promise<void> over;
  // The load goes on meanwhile. The server ends with the thread that started it (prctl(2),
  // PR_SET_PDEATHSIG), so that one waits for the end.
  std::thread restarting{[&] {
    server.restart();
    is_up = true;
    reactor.post([] {});
    over.get_future().wait();
  }};
  reactor.run_until([&] { return is_up.load(); }, kPatience);
  const auto up = Steady::now();
  const auto cpu_before = server.cpu_seconds();
  talk.delivered_ms.clear();
  ready = 0;
  if (!reactor.run_until([&] { return count_ready() == crowd.size(); }, kPatience)) {
    give_up("not all came back");
  }
  const auto messages = talk.delivered_ms;
  auto last = up;
  std::vector<double> waited;
  for (const auto& comer : crowd) {
    last = std::max(last, comer.came_in());
    waited.push_back(seconds_between(up, comer.came_in()));
  }
  const auto took = seconds_between(up, last);
  const auto peak = static_cast<double>(server.peak_rss_bytes());
  const auto ceiling =
      kCeilingBytes + kCeilingBytesAConnection * static_cast<double>(devices.size());
  nlohmann::ordered_json result{
      {"benchmark", "storm"},
      {"manners", manners == Manners::decent ? "decent" : "hostile"},
      {"devices", devices.size()},
      {"seconds_until_half_are_in", percentile(waited, 0.5)},
      {"seconds_until_the_last_is_in", took},
      {"target", kTargetSeconds},
      {"ratio_to_target", kTargetSeconds / took},
      {"server_peak_rss_bytes", peak},
      {"ceiling_bytes", ceiling},
      {"ratio_to_ceiling", ceiling / peak},
      {"server_cpu_us_a_login",
       (server.cpu_seconds() - cpu_before) * 1e6 / static_cast<double>(devices.size())},
      {"attempts", world.attempts},
      {"attempts_that_failed", world.refused},
      {"messages_meanwhile", messages.size()},
      {"delivered_ms", {{"p50", percentile(messages, 0.5)}, {"p99", percentile(messages, 0.99)}}}};
  from.leave();
  to.leave();
  for (auto& comer : crowd) comer.leave();
  reactor.run_until([&] { return !from.is_in() && !to.is_in(); }, kPatience);
  over.set_value();
  restarting.join();
  server.restart();
  return result;
}

int run(const Options& options) {
  raise_descriptor_limit();
  leave_the_servers_core();
  ServerUnderLoad server{options.data};
  SeededRandom random{1};
  const auto devices = enrol_crowd(server, options.devices + 2, random);
  for (const auto manners : {Manners::decent, Manners::hostile}) {
    std::printf("%s\n", storm(server, manners, devices).dump().c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace martlet::bench

int main(int argc, char** argv) {
  martlet::bench::Options options;
  CLI::App app{"All devices come back at once after a restart. JSON lines on stdout."};
  app.add_option("--devices", options.devices, "how many come back")->check(CLI::Range(1, 100'000));
  app.add_option("--data", options.data, "where the server's data folder is made");
  CLI11_PARSE(app, argc, argv);
  return martlet::bench::run(options);
}
