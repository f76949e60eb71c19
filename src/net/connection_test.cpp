#include "net/connection.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "net/test_support.h"

namespace martlet::net::test {
namespace {

TEST(Connection, CarriesFramesOfEverySizeBothWays) {
  const std::size_t sizes[] = {0, 1, 2, 1024, 16'379, 16'380, 16'384, 16'385, 60'000};
  Server server;
  Client client;
  client.connect(server.port());
  ASSERT_TRUE(client.run_until_open());
  for (const auto size : sizes) client.connection().send(pattern(size));
  ASSERT_TRUE(client.run_until_frames(std::size(sizes)));
  const auto seen = client.seen();
  for (std::size_t i = 0; i < std::size(sizes); ++i) EXPECT_EQ(seen.frames[i], pattern(sizes[i]));
  EXPECT_EQ(server.connection(0).now().frames, seen.frames);
}

TEST(Connection, BothSidesExportTheSameSecret) {
  Server server;
  Client one;
  Client other;
  one.connect(server.port());
  ASSERT_TRUE(one.run_until_open());
  other.connect(server.port());
  ASSERT_TRUE(other.run_until_open());
  const auto on_server =
      server.connection(0).wait([](const Seen& seen) { return seen.opened_calls > 0; });
  EXPECT_EQ(on_server.established->exporter, one.seen().established->exporter);
  EXPECT_EQ(on_server.established->remote, "127.0.0.1");
  EXPECT_NE(one.seen().established->exporter, other.seen().established->exporter);
}

}  // namespace
}  // namespace martlet::net::test
