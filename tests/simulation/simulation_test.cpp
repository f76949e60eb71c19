// A server and its clients on one seed: lost, doubled and late frames, broken connections, failing
// disks, power cuts that tear what was not synced, clocks that differ, kills between any two
// writes. In the end every accepted message was shown exactly once, in its sender's order, or
// reported as expired.
#include <gtest/gtest.h>

#include <cstdlib>

#include "devices_world.h"

namespace martlet::simulation {
namespace {

constexpr std::uint64_t kSeeds = 72;
constexpr std::uint64_t kDevicesSeeds = 12;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

const KeyPool& pool() {
  static const KeyPool keys{DevicesWorld::kKeys};
  return keys;
}

World::Totals run(std::uint64_t seed) {
  World world{seed, pool()};
  world.storm();
  world.calm();
  for (const auto& broken : world.broken_promises()) {
    ADD_FAILURE() << broken << "\n  replay: MARTLET_SEED=" << seed
                  << " build/dev/bin/simulation_test --gtest_filter=Simulation.OneSeed";
  }
  return world.totals();
}

void run_many(std::uint64_t first, std::uint64_t count) {
  World::Totals sum;
  for (auto seed = first; seed < first + count; ++seed) {
    const auto totals = run(seed);
    sum.promised += totals.promised;
    sum.shown += totals.shown;
    sum.expired += totals.expired;
    sum.kills += totals.kills;
    sum.spared += totals.spared;
    sum.on_segments += totals.on_segments;
    sum.power_cuts += totals.power_cuts;
    sum.linked += totals.linked;
    sum.revoked += totals.revoked;
    sum.synced += totals.synced;
    if (::testing::Test::HasFailure()) return;
  }
  // The storm was one: without these numbers a simulation that does nothing would pass.
  EXPECT_GT(sum.promised, count * 20);
  EXPECT_GT(sum.shown, count * 20);
  EXPECT_GT(sum.expired, 0U);
  EXPECT_GT(sum.kills, count * 5);
  EXPECT_GT(sum.spared, count) << "what was acknowledged before the sync was written all the same";
  EXPECT_GT(sum.on_segments, count / 2);
  EXPECT_LT(sum.on_segments, count);
  EXPECT_GT(sum.power_cuts, count);
  EXPECT_GT(sum.linked, count / 4);
  EXPECT_GT(sum.revoked, count / 40);
  EXPECT_GT(sum.synced, count * 5);
  std::printf(
      "%llu seeds: %llu messages promised, %llu shown, %llu expired and reported, %llu kills, %llu "
      "power cuts, %llu devices linked, %llu revoked, %llu messages on another device of the "
      "account; %llu worlds on segments\n",
      static_cast<unsigned long long>(count), static_cast<unsigned long long>(sum.promised),
      static_cast<unsigned long long>(sum.shown), static_cast<unsigned long long>(sum.expired),
      static_cast<unsigned long long>(sum.kills), static_cast<unsigned long long>(sum.power_cuts),
      static_cast<unsigned long long>(sum.linked), static_cast<unsigned long long>(sum.revoked),
      static_cast<unsigned long long>(sum.synced),
      static_cast<unsigned long long>(sum.on_segments));
}

DevicesWorld::Totals run_devices(std::uint64_t seed) {
  DevicesWorld world{seed, pool()};
  world.storm();
  world.calm();
  for (const auto& broken : world.broken_promises()) {
    ADD_FAILURE() << broken << "\n  replay: MARTLET_SEED=" << seed
                  << " build/dev/bin/simulation_test --gtest_filter=Simulation.OneSeedOfDevices";
  }
  return world.totals();
}

TEST(Simulation, OneSeedOfDevices) { run_devices(number_from("MARTLET_SEED", 1)); }

TEST(Simulation, AccountsOfSeveralDevices) {
  const auto count = number_from("MARTLET_DEVICE_SEEDS", kDevicesSeeds);
  DevicesWorld::Totals sum;
  for (std::uint64_t seed = 5'000; seed < 5'000 + count; ++seed) {
    const auto totals = run_devices(seed);
    sum.devices += totals.devices;
    sum.promised += totals.promised;
    sum.shown += totals.shown;
    sum.garbled += totals.garbled;
    sum.linked_late += totals.linked_late;
    sum.revoked += totals.revoked;
    sum.copies += totals.copies;
    sum.restored += totals.restored;
    sum.told += totals.told;
    sum.kills += totals.kills;
    sum.spared += totals.spared;
    sum.on_segments += totals.on_segments;
    sum.power_cuts += totals.power_cuts;
    if (::testing::Test::HasFailure()) return;
  }
  const std::pair<const char*, std::uint64_t> kSums[] = {{"devices", sum.devices},
                                                         {"messages promised", sum.promised},
                                                         {"shown elsewhere", sum.shown},
                                                         {"envelopes damaged", sum.garbled},
                                                         {"linked late", sum.linked_late},
                                                         {"revoked", sum.revoked},
                                                         {"copied", sum.copies},
                                                         {"restored", sum.restored},
                                                         {"told so", sum.told},
                                                         {"kills", sum.kills},
                                                         {"syncs spared", sum.spared},
                                                         {"worlds on segments", sum.on_segments},
                                                         {"power cuts", sum.power_cuts}};
  std::printf("%llu seeds:", static_cast<unsigned long long>(count));
  for (const auto& [what, number] : kSums) {
    std::printf(" %llu %s,", static_cast<unsigned long long>(number), what);
    // Without these a simulation that does nothing would pass.
    EXPECT_GT(number, 0U) << what;
  }
  std::printf("\n");
  EXPECT_GT(sum.shown, sum.promised * 2);
  EXPECT_GT(sum.told, (sum.copies + sum.restored) / 2);
}

TEST(Simulation, OneSeed) { run(number_from("MARTLET_SEED", 1)); }

TEST(Simulation, FirstHalfOfTheSeeds) {
  const auto seeds = number_from("MARTLET_SEEDS", kSeeds);
  run_many(1'000, seeds / 2);
}

TEST(Simulation, SecondHalfOfTheSeeds) {
  const auto seeds = number_from("MARTLET_SEEDS", kSeeds);
  run_many(1'000 + seeds / 2, seeds - seeds / 2);
}

TEST(Simulation, ASeedRepeats) {
  const auto once = run(7);
  const auto again = run(7);
  EXPECT_EQ(once.shown, again.shown);
  EXPECT_EQ(once.kills, again.kills);
  EXPECT_GT(once.shown, 0U);
}

}  // namespace
}  // namespace martlet::simulation
