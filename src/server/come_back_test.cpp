#include "server/come_back.h"

#include <gtest/gtest.h>

#include <set>

#include "base/seeded_random.h"

namespace martlet::server {
namespace {

TEST(DrawnReturn, SpreadsDevicesOverTheTimeThatTheyTake) {
  SeededRandom random{5};
  const struct {
    const char* name;
    std::size_t devices;
    Milliseconds most;
  } kCases[] = {{"nobody", 0, Milliseconds{0}},
                {"one", 1, kReturnSpacing},
                {"a town", 5'000, 5'000 * kReturnSpacing},
                {"a country", 100'000'000, kReturnSpreadMax}};
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.name);
    std::set<Milliseconds> drawn;
    for (int i = 0; i < 2'000; ++i) drawn.insert(drawn_return(each.devices, random));
    EXPECT_GE(*drawn.begin(), Milliseconds{0});
    EXPECT_LE(*drawn.rbegin(), each.most);
    EXPECT_GE(*drawn.rbegin(), each.most * 9 / 10) << "all of the time is used";
    EXPECT_LE(*drawn.begin(), each.most / 10);
  }
}

}  // namespace
}  // namespace martlet::server
