#include "crypto/system_random.h"

#include <gtest/gtest.h>

#include <set>

namespace martlet::crypto {
namespace {

TEST(SystemRandom, FillsEveryByteAndNeverTheSame) {
  SystemRandom random;
  std::array<bool, 64> changed{};
  std::set<Bytes> seen;
  for (int i = 0; i < 20; ++i) {
    Bytes bytes(changed.size());
    random.fill(bytes);
    for (std::size_t at = 0; at < bytes.size(); ++at) changed[at] = changed[at] || bytes[at] != 0;
    EXPECT_TRUE(seen.insert(bytes).second);
  }
  EXPECT_EQ(std::ranges::count(changed, true), 64);
  random.fill({});
}

}  // namespace
}  // namespace martlet::crypto
