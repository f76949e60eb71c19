#include "net/listener_meters.h"

#include <gtest/gtest.h>

#include "net/test_support.h"

namespace martlet::net::test {
namespace {

std::uint64_t of(const std::array<Meter, kCloseReasons>& meters, CloseReason reason) {
  return meters.at(static_cast<std::size_t>(reason)).get();
}
std::uint64_t sum(const std::array<Meter, kCloseReasons>& meters) {
  std::uint64_t all = 0;
  for (const auto& meter : meters) all += meter.get();
  return all;
}
/// Meters are written by another thread, a moment after the peer sees the cause.
bool becomes(const std::function<bool()>& what) {
  for (int i = 0; i < 3'000 && !what(); ++i) std::this_thread::sleep_for(Milliseconds{10});
  return what();
}

TEST(ListenerMeters, CountWhoComesAndHowHeLeaves) {
  Server server;
  const auto& meters = server.listener().meters(0);
  Client client;
  client.connect(server.port());
  ASSERT_TRUE(client.run_until_open());
  EXPECT_TRUE(becomes([&] { return meters.handshakes.get() == 1; }));
  EXPECT_EQ(meters.accepted.get(), 1U);
  EXPECT_EQ(sum(meters.ended), 0U);
  client.connection().close();
  client.run_until_closed();
  EXPECT_TRUE(becomes([&] { return of(meters.ended, CloseReason::peer) == 1; }));

  RawPeer garbage{server.port()};
  garbage.send_plain(Bytes(100, 'x'));
  EXPECT_TRUE(becomes([&] { return of(meters.shut, CloseReason::tls) == 1; }));
  EXPECT_EQ(meters.accepted.get(), 2U);
  EXPECT_EQ(meters.handshakes.get(), 1U);
  EXPECT_EQ(sum(meters.ended), 1U);
  EXPECT_EQ(sum(meters.shut), 1U);
  EXPECT_EQ(meters.refused_full.get(), 0U);
}

TEST(ListenerMeters, CountWhoIsTurnedAway) {
  ServerOptions options;
  options.connections_max = 1;
  Server server{std::move(options)};
  const auto& meters = server.listener().meters(0);
  Client inside;
  inside.connect(server.port());
  ASSERT_TRUE(inside.run_until_open());
  RawPeer outside{server.port()};
  EXPECT_TRUE(becomes([&] { return meters.refused_full.get() == 1; }));
  EXPECT_EQ(meters.accepted.get(), 1U);
}

TEST(ListenerMeters, EachReactorCountsItsOwnHandshakes) {
  ServerOptions options;
  options.reactors = 2;
  Server server{std::move(options)};
  Client first;
  Client second;
  for (auto* client : {&first, &second}) {
    client->connect(server.port());
    ASSERT_TRUE(client->run_until_open());
  }
  for (const std::size_t index : {0U, 1U}) {
    EXPECT_TRUE(becomes([&] { return server.listener().meters(index).handshakes.get() == 1; }));
  }
  EXPECT_EQ(server.listener().meters(0).accepted.get(), 2U);
  EXPECT_EQ(server.listener().meters(1).accepted.get(), 0U);
}

}  // namespace
}  // namespace martlet::net::test
