#include "net/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <future>

#include "base/limits.h"
#include "net/test_support.h"

namespace martlet::net::test {
namespace {

/// Waits until the reactor has done all that was ready before.
void pass_through(Reactor& reactor) {
  for (int i = 0; i < 3; ++i) {
    std::promise<void> passed;
    reactor.post([&] { passed.set_value(); });
    passed.get_future().wait();
  }
}

TEST(Connection, CarriesFramesOfEverySizeBothWays) {
  const std::size_t sizes[] = {0, 1, 2, 1024, 16'379, 16'380, 16'384, 16'385, 60'000, 65'536};
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

TEST(Connection, CarriesTheLongestFrameOnceItIsAllowed) {
  ServerOptions options;
  options.script.on_open = [](FrameConnection& connection, const Established&) {
    connection.set_frame_bytes_max(limits::kFrameBytesMax);
  };
  Server server{options};
  Client client;
  client.connect(server.port());
  ASSERT_TRUE(client.run_until_open());
  client.connection().send(pattern(limits::kFrameBytesMax));
  ASSERT_TRUE(client.run_until_frames(1));
  EXPECT_EQ(client.seen().frames[0], pattern(limits::kFrameBytesMax));
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

TEST(Connection, FramesOfOneTurnShareRecords) {
  ServerOptions options;
  options.script = {[](FrameConnection& connection, const Established&) {
                      for (int i = 0; i < 100; ++i) connection.send(pattern(20));
                    },
                    nullptr};
  Server server{options};
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kAlpn));
  // One SSL_read gives at most one record.
  EXPECT_EQ(peer.receive_record().size(), 100U * 24U);
}

TEST(Connection, SeesFramesHoweverTheyArriveInRecords) {
  Server server;
  const auto many = concat({framed({}), framed(pattern(1)), framed(pattern(500)), framed({})});
  const struct {
    const char* name;
    std::size_t piece;
  } kCases[] = {
      {"all in one record", many.size()}, {"split over records", 200}, {"byte by byte", 1}};
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.name);
    RawPeer peer{server.port()};
    ASSERT_TRUE(peer.start_tls(kAlpn));
    for (std::size_t at = 0; at < many.size(); at += each.piece) {
      peer.send(ByteView{many}.subspan(at, std::min(each.piece, many.size() - at)));
    }
    EXPECT_EQ(peer.receive(many.size()), many);
  }
}

TEST(Connection, CloseSendsWhatIsQueuedFirst) {
  ServerOptions options;
  options.script = {nullptr, [](FrameConnection& connection, ByteView) {
                      connection.send(pattern(limits::kFrameBytesMax));
                      connection.send(pattern(3));
                      connection.close();
                      connection.send(pattern(4));  // too late
                    }};
  Server server{options};
  Client client;
  client.connect(server.port());
  ASSERT_TRUE(client.run_until_open());
  client.connection().send(Bytes{1});
  client.connection().send(Bytes{2});  // not delivered: the server has closed
  EXPECT_EQ(client.run_until_closed(), CloseReason::peer);
  const auto seen = client.seen();
  ASSERT_EQ(seen.frames.size(), 2U);
  EXPECT_EQ(seen.frames[0], pattern(limits::kFrameBytesMax));
  EXPECT_EQ(seen.frames[1], pattern(3));
  EXPECT_EQ(server.connection(0).wait_closed(), CloseReason::local);
  EXPECT_EQ(server.connection(0).now().frames.size(), 1U);
}

TEST(Connection, LastWordsArriveThoughThePeerStillTalks) {
  ServerOptions options;
  options.script = {nullptr, [](FrameConnection& connection, ByteView) {
                      connection.send(pattern(9));
                      connection.close();
                    }};
  Server server{options};
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kAlpn));
  for (int i = 0; i < 200; ++i) peer.send(framed(pattern(10'000)));
  EXPECT_EQ(peer.receive(13), framed(pattern(9)));
}

TEST(Connection, CloseDoesNotWaitLongForWhoDoesNotRead) {
  ServerOptions options;
  options.script = {nullptr, [](FrameConnection& connection, ByteView) {
                      for (int i = 0; i < 2; ++i) connection.send(pattern(limits::kFrameBytesMax));
                      connection.close();
                    }};
  Server server{options};
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kAlpn));
  peer.send(framed({}));
  EXPECT_EQ(server.connection(0).wait_closed(), CloseReason::local);
}

TEST(Connection, IsToldOnceThatItIsClosed) {
  Server server;
  Client client;
  client.connect(server.port());
  ASSERT_TRUE(client.run_until_open());
  client.connection().close();
  client.connection().close();
  EXPECT_FALSE(client.seen().closed.has_value()) << "not inside the call";
  EXPECT_EQ(client.run_until_closed(), CloseReason::local);
  EXPECT_EQ(server.connection(0).wait_closed(), CloseReason::peer);
  EXPECT_EQ(client.seen().closed_calls, 1);
  EXPECT_EQ(server.connection(0).now().closed_calls, 1);
}

TEST(Connection, PauseHoldsBackFramesThatWereReadAlready) {
  ServerOptions options;
  options.script = {nullptr,
                    [](FrameConnection& connection, ByteView) { connection.pause_reading(); }};
  Server server{options};
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kAlpn));
  const auto three = concat({framed(pattern(1)), framed(pattern(2)), framed(pattern(3))});
  peer.send(ByteView{three}.first(three.size() - 1));
  auto& watch = server.connection(0);
  for (std::size_t count = 1; count <= 4; ++count) {
    watch.wait([&](const Seen& seen) { return seen.frames.size() >= count; });
    pass_through(server.reactor(0));
    EXPECT_EQ(watch.now().frames.size(), count) << "one for each time that reading goes on";
    if (count == 2) peer.send(concat({ByteView{three}.last(1), framed(pattern(4))}));
    server.reactor(0).post([&] { watch.now().connection->resume_reading(); });
  }
  EXPECT_EQ(watch.now().frames[3], pattern(4));
}

TEST(Connection, PauseStopsThePeerByTcp) {
  ServerOptions options;
  options.script = {nullptr,
                    [](FrameConnection& connection, ByteView) { connection.pause_reading(); }};
  Server server{options};
  Client client;
  client.connect(server.port());
  ASSERT_TRUE(client.run_until_open());
  auto& watch = server.connection(0);
  client.connection().send(Bytes{1});
  ASSERT_TRUE(client.run_until([&](const Seen&) { return watch.now().frames.size() == 1; }));
  // More than the system's buffers of both sides hold stays in the queue of the one who sends.
  while (client.connection().queued_bytes() < limits::kWriteQueueBytesMax / 2) {
    client.connection().send(pattern(60'000));
    ASSERT_FALSE(client.seen().closed.has_value());
  }
  EXPECT_EQ(watch.now().frames.size(), 1U);
  server.reactor(0).post([&] { watch.now().connection->resume_reading(); });
  EXPECT_TRUE(client.run_until([&](const Seen&) { return watch.now().frames.size() == 2; }));
}

TEST(Connection, ReadingMayGoOnWithinTheCallThatPausedIt) {
  ServerOptions options;
  options.script = {nullptr, [](FrameConnection& connection, ByteView frame) {
                      connection.pause_reading();
                      connection.resume_reading();
                      connection.send(copy_of(frame));
                    }};
  Server server{options};
  Client client;
  client.connect(server.port());
  ASSERT_TRUE(client.run_until_open());
  for (std::size_t i = 0; i < 100; ++i) client.connection().send(pattern(i));
  EXPECT_TRUE(client.run_until_frames(100));
  EXPECT_EQ(client.seen().frames[99], pattern(99));
}

TEST(Connection, ManyTalkAtOnceOverTwoReactors) {
  constexpr std::size_t kConnections = 200;
  ServerOptions options;
  options.reactors = 2;
  Server server{options};
  Reactor reactor;
  std::vector<std::shared_ptr<Watch>> watches;
  const Script talk{[](FrameConnection& connection, const Established&) {
                      for (std::size_t i = 0; i < 10; ++i) connection.send(pattern(i * 100));
                    },
                    nullptr};
  for (std::size_t i = 0; i < kConnections; ++i) {
    watches.push_back(std::make_shared<Watch>());
    connect(reactor, "127.0.0.1", server.port(), ClientTls{certificate().fingerprint},
            Milliseconds{30'000}, make_handler(watches.back(), talk));
  }
  const auto all_answered = [&] {
    return std::ranges::all_of(watches, [](const auto& w) { return w->now().frames.size() == 10; });
  };
  ASSERT_TRUE(reactor.run_until(all_answered, Milliseconds{60'000}));
  std::array<std::size_t, 2> on_reactor{};
  for (std::size_t i = 0; i < kConnections; ++i)
    ++on_reactor.at(server.connection(i).now().reactor);
  EXPECT_EQ(on_reactor[0], kConnections / 2);
  EXPECT_EQ(on_reactor[1], kConnections / 2);
  EXPECT_EQ(server.listener().connections(), kConnections);
}

TEST(Connection, NobodyIsCalledWhenAReactorGoesWithOpenConnections) {
  Server server;
  const auto watch = std::make_shared<Watch>();
  {
    Reactor reactor;
    connect(reactor, "127.0.0.1", server.port(), ClientTls{certificate().fingerprint},
            Milliseconds{20'000}, make_handler(watch, {}));
    reactor.run_until([&] { return watch->now().opened_calls > 0; }, Milliseconds{30'000});
    ASSERT_EQ(watch.use_count(), 2);
  }
  EXPECT_EQ(watch.use_count(), 1) << "the handler is gone";
  EXPECT_EQ(watch->now().closed_calls, 0);
  EXPECT_EQ(server.connection(0).wait_closed(), CloseReason::peer);
  server.stop();
}

TEST(Connection, ThePeerSeesAServerThatStops) {
  Server server;
  Client client;
  client.connect(server.port());
  ASSERT_TRUE(client.run_until_open());
  server.connection(0);
  server.stop();
  EXPECT_EQ(server.connection(0).now().closed_calls, 0);
  EXPECT_EQ(client.run_until_closed(), CloseReason::peer);
}

}  // namespace
}  // namespace martlet::net::test
