#include "parked_crowd.h"

namespace martlet::bench {
namespace {

constexpr std::size_t kThreads = 8;  ///< so many handshakes are under way

}  // namespace

ParkedCrowd::ParkedCrowd(std::uint16_t port, std::size_t count,
                         std::span<const server::TestDevice> devices)
    : context_{make_bare_context()}, lines_(kThreads) {
  std::vector<std::thread> threads;
  for (std::size_t index = 0; index < kThreads; ++index) {
    threads.emplace_back([this, index, port, count, devices] {
      auto& mine = lines_[index];
      mine.reserve(count / kThreads + 1);
      std::size_t next_ping = 0;
      for (std::size_t number = index; number < count; number += kThreads) {
        mine.emplace_back(context_.get(), port, number);
        if (devices.empty()) continue;
        mine.back().log_in(devices[number]);
        // Two of those who came first for each that comes, so none of them is forgotten.
        const auto now = std::chrono::steady_clock::now();
        for (int i = 0; i < 2; ++i) mine[next_ping++ % mine.size()].ping_if_due(now);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace martlet::bench
