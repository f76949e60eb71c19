#include "parked_crowd.h"

#include "process.h"

namespace martlet::bench {
namespace {

constexpr std::chrono::seconds kPingAfter{60};
constexpr std::size_t kThreads = 8;  ///< so many handshakes are under way

}  // namespace

ParkedCrowd::ParkedCrowd(std::uint16_t port, std::size_t count,
                         std::span<const server::TestDevice> devices)
    : context_{make_client_context("martlet/1")}, lines_(kThreads) {
  std::vector<std::thread> threads;
  for (std::size_t index = 0; index < kThreads; ++index) {
    threads.emplace_back([this, index, port, count, devices] {
      auto& mine = lines_[index];
      std::size_t next_ping = 0;
      for (std::size_t number = index; number < count; number += kThreads) {
        mine.emplace_back(context_.get(), port);
        if (devices.empty()) continue;
        log_in(mine.back().line, devices[number]);
        mine.back().last_word = std::chrono::steady_clock::now();
        // Two of those who came first for each that comes, so none of them is forgotten.
        const auto now = std::chrono::steady_clock::now();
        for (int i = 0; i < 2; ++i) mine[next_ping++ % mine.size()].ping_if_due(now);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

void ParkedCrowd::Parked::ping_if_due(Time now) {
  if (now - last_word < kPingAfter) return;
  last_word = now;
  send_frame(line, {2, wire::Ping{}});
  if (!std::holds_alternative<wire::Pong>(receive_frame(line).body)) give_up("no answer to a ping");
}

}  // namespace martlet::bench
