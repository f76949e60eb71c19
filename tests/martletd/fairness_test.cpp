// A device that does not read costs the server its window of memory, and others nothing.
#include <unistd.h>

#include <fstream>

#include "base/limits.h"
#include "server_process.h"

namespace martlet::martletd_test {
namespace {

struct Fairness : ServerProcess {
  std::uint64_t rss_bytes() const {
    std::ifstream file{"/proc/" + std::to_string(process_->pid()) + "/statm"};
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    file >> size >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
};

TEST_F(Fairness, WhoDoesNotReadCostsAWindowAndHoldsNobodyUp) {
  constexpr std::size_t kDeaf = 8;
  constexpr std::size_t kBacklog = 200;
  constexpr std::size_t kBytes = 60'000;
  static_assert(kBacklog * kBytes > 20 * limits::kDeliveryWindowBytes);
  const auto settings = (root_ / "no-limits.toml").string();
  std::ofstream{settings} << "[limits]\nsends_a_minute = 0\n";
  start({"--name", "localhost", "--listen", "127.0.0.1:0", "--config", settings});
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  DeviceClient sender{server_};
  ASSERT_TRUE(sender.log_in(alice));
  std::vector<server::TestDevice> devices;
  std::uint64_t number = 1;
  for (std::size_t i = 0; i < kDeaf; ++i) {
    devices.push_back(member("deaf" + std::to_string(i) + "@example.org"));
    for (std::size_t j = 0; j < kBacklog; ++j) {
      const auto answer = sender.ask(send_to(devices.back(), number++, kBytes));
      ASSERT_TRUE(std::holds_alternative<wire::Accepted>(answer));
    }
  }
  const auto before = rss_bytes();
  std::deque<DeviceClient> deaf;
  for (const auto& device : devices) {
    // Its reactor turns no more after the login, so that nothing is read.
    ASSERT_TRUE(deaf.emplace_back(server_).log_in(device));
  }
  DeviceClient reader{server_};
  ASSERT_TRUE(reader.log_in(bob));
  for (int i = 0; i < 100; ++i) {
    const auto send = send_to(bob, number++);
    ASSERT_TRUE(std::holds_alternative<wire::Accepted>(sender.ask(send)));
    const auto delivery = reader.next_delivery();
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->message, send.message);
    reader.say(0, wire::Acknowledge{{delivery->sequence}});
  }
  const auto after = rss_bytes();
  const auto grown = after > before ? after - before : 0;
  // Queued frames and what the store reads ahead; 96 MB wait.
  EXPECT_LT(grown, kDeaf * 6 * limits::kDeliveryWindowBytes) << "for " << kDeaf << " devices";
  // And they may still read on.
  std::size_t read = 0;
  for (; read < 20; ++read) {
    const auto delivery = deaf.front().next_delivery();
    ASSERT_TRUE(delivery);
    deaf.front().say(0, wire::Acknowledge{{delivery->sequence}});
  }
}

}  // namespace
}  // namespace martlet::martletd_test
