// Messages for devices that are away: how fast they are accepted (durable), what they take on the
// disk, how long a restart keeps the first device waiting, how fast all of it is fetched, and
// whether the disk is free again.
#include <sys/stat.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <unordered_map>

#include "base/seeded_random.h"
#include "crowd.h"
#include "report.h"

namespace martlet::bench {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

constexpr Milliseconds kPatience = std::chrono::minutes{10};
constexpr std::size_t kBlockBytes = 512;  ///< of st_blocks (stat(2))

struct Options {
  std::size_t messages = 200'000;
  std::size_t devices = 1'000;
  std::size_t senders = 50;
  std::size_t window = 16;
  std::size_t bytes = 1'024;
  double settle_seconds = 15;
  std::string data;
  ReportOptions report;
};

const std::vector<Goal> kGoals{
    {"/enqueued_a_second", false, 60'000},
    {"/disk_to_envelope_bytes", true, 1.15},
    {"/restart_to_first_login_s", true, 0.3},
    {"/drained_a_second", false, 60'000},
    {"/lost", true, 0},
};

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

/// What a folder takes on its disk. Files that vanish while we look are not counted.
std::uint64_t allocated_bytes(const fs::path& folder) {
  std::uint64_t sum = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at{folder, error}, end; at != end; at.increment(error)) {
    struct stat status {};
    if (::lstat(at->path().c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      sum += static_cast<std::uint64_t>(status.st_blocks) * kBlockBytes;
    }
  }
  return sum;
}

/// Sends all messages to the devices in turn, a window a sender.
class Enqueue {
 public:
  Enqueue(const Options& options, const ServerUnderLoad& server,
          const std::vector<server::TestDevice>& senders,
          const std::vector<server::TestDevice>& devices)
      : options_{options}, devices_{devices}, sealed_(options.bytes) {
    random_.fill(sealed_);
    members_ = log_in_crowd(reactor_, server, senders, [this](Member& member, wire::Frame& frame) {
      if (!std::holds_alternative<wire::Accepted>(frame.body)) give_up("no Accepted");
      ++accepted_;
      send(member);
    });
  }

  double run() {
    const auto started = Steady::now();
    for (auto& member : members_) {
      for (std::size_t i = 0; i < options_.window; ++i) send(member);
    }
    if (!reactor_.run_until([this] { return accepted_ == options_.messages; }, kPatience)) {
      give_up("not all messages were accepted");
    }
    const auto took = seconds_since(started);
    for (auto& member : members_) member.close();
    return took;
  }

 private:
  void send(Member& member) {
    if (sent_ == options_.messages) return;
    const auto& to = devices_[sent_++ % devices_.size()];
    member.say(sent_,
               wire::Send{random_.id<MessageId>(), {{to.account, to.head}}, {{to.id, 1, sealed_}}});
  }

  const Options& options_;
  const std::vector<server::TestDevice>& devices_;
  Bytes sealed_;
  SeededRandom random_{5};
  net::Reactor reactor_;
  std::deque<Member> members_;
  std::uint64_t sent_ = 0;
  std::uint64_t accepted_ = 0;
};

/// All devices come, take what waits for them, and acknowledge it turn by turn.
class Drain {
 public:
  Drain(const ServerUnderLoad& server, const std::vector<server::TestDevice>& devices)
      : server_{server}, devices_{devices} {}

  /// Seconds until the first login, a connection of its own.
  double first_login() {
    const auto started = Steady::now();
    Member first{reactor_, server_, devices_.front(), [](Member&, wire::Frame&) {}};
    if (!reactor_.run_until([&] { return first.logged_in(); }, kPatience)) give_up("no login");
    const auto took = seconds_since(started);
    first.close();
    reactor_.run_until([] { return false; }, Milliseconds{50});
    return took;
  }

  /// Seconds from the first connection to the last delivery.
  double run(std::uint64_t messages) {
    const auto started = Steady::now();
    members_ =
        log_in_crowd(reactor_, server_, devices_, [this](Member& member, wire::Frame& frame) {
          const auto* deliver = std::get_if<wire::Deliver>(&frame.body);
          if (deliver == nullptr) return;
          ++delivered_;
          if (to_acknowledge_.empty()) reactor_.post([this] { acknowledge(); });
          to_acknowledge_[&member].sequences.push_back(deliver->sequence);
        });
    reactor_.run_until([&] { return delivered_ >= messages; }, kPatience);
    const auto took = seconds_since(started);
    reactor_.run_until([] { return false; }, Milliseconds{500});
    for (auto& member : members_) member.close();
    reactor_.run_until([] { return false; }, Milliseconds{100});
    return took;
  }
  std::uint64_t delivered() const { return delivered_; }

 private:
  void acknowledge() {
    for (auto& [member, body] : to_acknowledge_) member->say(0, std::move(body));
    to_acknowledge_.clear();
  }

  const ServerUnderLoad& server_;
  const std::vector<server::TestDevice>& devices_;
  net::Reactor reactor_;
  std::deque<Member> members_;
  std::unordered_map<Member*, wire::Acknowledge> to_acknowledge_;
  std::uint64_t delivered_ = 0;
};

Json run_once(const Options& options) {
  ServerUnderLoad server{options.data};
  SeededRandom random{1};
  auto senders = enrol_crowd(server, options.senders + options.devices, random);
  std::vector<server::TestDevice> devices;
  std::move(senders.begin() + static_cast<std::ptrdiff_t>(options.senders), senders.end(),
            std::back_inserter(devices));
  senders.erase(senders.begin() + static_cast<std::ptrdiff_t>(options.senders), senders.end());
  server.restart();
  const auto baseline = allocated_bytes(server.data());
  const auto count = static_cast<double>(options.messages);

  const auto cpu_before = server.cpu_seconds();
  const auto enqueue_seconds = Enqueue{options, server, senders, devices}.run();
  const auto enqueue_cpu = server.cpu_seconds() - cpu_before;
  const auto full = allocated_bytes(server.data());

  server.restart();
  Drain drain{server, devices};
  const auto first_login = server.seconds_to_listen() + drain.first_login();
  const auto drain_seconds = drain.run(options.messages);
  const auto delivered = static_cast<double>(drain.delivered());
  const auto left = server.waiting_items();
  // The disk is freed behind the answers.
  const auto settled = Steady::now();
  auto after = allocated_bytes(server.data());
  while (after > baseline && seconds_since(settled) < options.settle_seconds) {
    ::usleep(200'000);
    after = allocated_bytes(server.data());
  }
  const auto envelopes = count * static_cast<double>(options.bytes);
  const auto grown = [&](std::uint64_t bytes) {
    return static_cast<double>(bytes) - static_cast<double>(baseline);
  };
  return {{"enqueued_a_second", count / enqueue_seconds},
          {"enqueue_cpu_us_a_message", enqueue_cpu * 1e6 / count},
          {"envelope_bytes", envelopes},
          {"disk_bytes", grown(full)},
          {"disk_to_envelope_bytes", grown(full) / envelopes},
          {"restart_to_first_login_s", first_login},
          {"drained_a_second", delivered / drain_seconds},
          {"lost", std::max(0., count - delivered)},
          {"left_in_mailboxes", left},
          {"disk_bytes_over_baseline_after", grown(after)},
          {"seconds_until_disk_was_looked_at", seconds_since(settled)}};
}

int run(const Options& options) {
  raise_descriptor_limit();
  leave_the_servers_core();
  std::vector<Json> runs;
  for (std::size_t i = 0; i < options.report.runs; ++i) runs.push_back(run_once(options));
  print_report("offline",
               {{"messages", options.messages},
                {"devices", options.devices},
                {"senders", options.senders},
                {"window", options.window},
                {"bytes", options.bytes}},
               runs, kGoals, options.report);
  for (const auto& one : runs) {
    if (one["lost"].get<double>() > 0) give_up("messages are lost");
  }
  return 0;
}

}  // namespace
}  // namespace martlet::bench

int main(int argc, char** argv) {
  martlet::bench::Options options;
  CLI::App app{"Messages for devices that are away. JSON on stdout."};
  app.add_option("--messages", options.messages)->check(CLI::Range(1, 10'000'000));
  app.add_option("--devices", options.devices, "that are away")->check(CLI::Range(1, 100'000));
  app.add_option("--senders", options.senders)->check(CLI::Range(1, 2'500));
  app.add_option("--window", options.window, "unanswered Sends of a sender")
      ->check(CLI::Range(1, 64));
  app.add_option("--bytes", options.bytes, "of an envelope")->check(CLI::Range(8, 60'000));
  app.add_option("--settle", options.settle_seconds, "seconds that the disk may take to be free")
      ->check(CLI::Range(0.0, 600.0));
  app.add_option("--data", options.data, "where the server's data folder is made");
  options.report.add_to(app);
  CLI11_PARSE(app, argc, argv);
  return martlet::bench::run(options);
}
