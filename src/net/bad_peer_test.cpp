// What peers do that they should not, and what becomes of them.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "base/limits.h"
#include "net/test_support.h"

namespace martlet::net::test {
namespace {

constexpr Milliseconds kShort{100};

/// Another connection is served as if nothing had happened.
void expect_serves(Server& server) {
  Client client;
  client.connect(server.port());
  ASSERT_TRUE(client.run_until_open());
  client.connection().send(pattern(100));
  EXPECT_TRUE(client.run_until_frames(1));
  client.connection().close();
  client.run_until_closed();
}

/// Waits for it: a peer sees that it is dropped a moment before the count goes down.
void expect_connections(Server& server, std::size_t count) {
  const auto& listener = server.listener();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (listener.connections() != count && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(Milliseconds{1});
  }
  EXPECT_EQ(listener.connections(), count);
}

TEST(BadPeer, WhoNeverSpeaksIsDropped) {
  ServerOptions options;
  options.handshake_timeout = kShort;
  Server server{options};
  RawPeer peer{server.port()};
  EXPECT_TRUE(peer.ended());
  expect_connections(server, 0);
}

TEST(BadPeer, WhoNeverFinishesTheHandshakeIsDropped) {
  ServerOptions options;
  options.handshake_timeout = kShort;
  Server server{options};
  RawPeer peer{server.port()};
  peer.send_plain(
      Bytes{0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00});  // a ClientHello begins like this
  EXPECT_TRUE(peer.ended());
  expect_connections(server, 0);
}

TEST(BadPeer, GarbageInsteadOfTlsEndsThatConnectionAlone) {
  Server server;
  const struct {
    const char* name;
    Bytes bytes;
  } kCases[] = {
      {"plain HTTP", copy_of(bytes_of("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))},
      {"zeroes", Bytes(1000, 0)},
      {"a record of the greatest length", {0x16, 0x03, 0x01, 0xff, 0xff, 0x01}},
      {"an alert first", {0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x28}},
      {"application data first", concat({Bytes{0x17, 0x03, 0x03, 0x00, 0x20}, Bytes(32, 7)})},
  };
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.name);
    RawPeer peer{server.port()};
    peer.send_plain(each.bytes);
    while (!peer.ended()) {
    }  // an alert may come before the end
    expect_serves(server);
  }
  expect_connections(server, 0);
}

TEST(BadPeer, OnlyTls13AndOurProtocolsAreSpoken) {
  Server server;
  const struct {
    const char* name;
    std::string alpn;
    int version;
    bool accepted;
    const char* protocol;
  } kCases[] = {
      {"frames", kAlpn, 0x0304, true, "martlet/1"},
      {"http", "\x08http/1.1", 0x0304, true, "http/1.1"},
      {"both: frames", "\x08http/1.1\x09martlet/1", 0x0304, true, "martlet/1"},
      {"none", "", 0x0304, true, ""},
      {"a stranger and http", "\x02h2\x08http/1.1", 0x0304, true, "http/1.1"},
      {"strangers alone", "\x02h2\x09martlet/2", 0x0304, false, ""},
      {"TLS 1.2", kAlpn, 0x0303, false, ""},
      {"TLS 1.1", kAlpn, 0x0302, false, ""},
  };
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.name);
    RawPeer peer{server.port()};
    EXPECT_EQ(peer.start_tls(each.alpn, each.version), each.accepted);
    if (each.accepted) {
      EXPECT_EQ(peer.protocol(), each.protocol);
    }
  }
  expect_serves(server);
}

TEST(BadPeer, GarbageInsideOfTlsRecordsIsRefused) {
  Server server;
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kAlpn));
  server.connection(0).wait([](const Seen& seen) { return seen.opened_calls > 0; });
  peer.send_plain(concat({Bytes{0x17, 0x03, 0x03, 0x00, 0x40}, Bytes(64, 7)}));
  EXPECT_EQ(server.connection(0).wait_closed(), CloseReason::tls);
}

TEST(BadPeer, AFrameTooLongClosesBeforeItsBytesCome) {
  ServerOptions options;
  options.script.on_open = [](FrameConnection& connection, const Established&) {
    connection.set_frame_bytes_max(1000);
  };
  const struct {
    const char* name;
    Bytes sent;
    std::size_t frames;
  } kCases[] = {
      {"one byte too long", {0, 0, 3, 0xe9}, 0},
      {"four gigabytes", {0xff, 0xff, 0xff, 0xff, 1, 2, 3}, 0},
      {"after good ones", concat({framed(pattern(1000)), framed({}), Bytes{0, 0, 4, 0}}), 2},
  };
  Server server{options};
  for (std::size_t i = 0; i < std::size(kCases); ++i) {
    SCOPED_TRACE(kCases[i].name);
    RawPeer peer{server.port()};
    ASSERT_TRUE(peer.start_tls(kAlpn));
    peer.send(kCases[i].sent);
    EXPECT_EQ(server.connection(i).wait_closed(), CloseReason::frame_too_large);
    EXPECT_EQ(server.connection(i).now().frames.size(), kCases[i].frames);
  }
}

TEST(BadPeer, StrangersStartWithTheStrangersLimit) {
  Server server;
  RawPeer good{server.port()};
  ASSERT_TRUE(good.start_tls(kAlpn));
  const auto longest = framed(pattern(limits::kStrangerFrameBytesMax));
  good.send(longest);
  EXPECT_EQ(good.receive(longest.size()), longest);
  RawPeer bad{server.port()};
  ASSERT_TRUE(bad.start_tls(kAlpn));
  bad.send(Bytes{0, 1, 0, 1});
  EXPECT_EQ(server.connection(1).wait_closed(), CloseReason::frame_too_large);
}

TEST(BadPeer, AFloodOfKeyUpdatesIsServedLikeAnythingElse) {
  Server server;
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kAlpn));
  for (int i = 0; i < 3000; ++i) ASSERT_TRUE(peer.update_keys(i % 100 == 0));
  peer.send(framed(pattern(7)));
  EXPECT_EQ(peer.receive(11), framed(pattern(7)));
}

TEST(BadPeer, SilenceIsDropped) {
  ServerOptions options;
  options.idle_timeout = kShort;
  Server server{options};
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kAlpn));
  EXPECT_EQ(server.connection(0).wait_closed(), CloseReason::idle);
  EXPECT_TRUE(peer.ended());
}

TEST(BadPeer, SilenceWithinAFrameIsDroppedToo) {
  ServerOptions options;
  options.idle_timeout = kShort;
  Server server{options};
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kAlpn));
  peer.send(Bytes{0, 0, 0, 9, 1, 2});
  EXPECT_EQ(server.connection(0).wait_closed(), CloseReason::idle);
  EXPECT_TRUE(server.connection(0).now().frames.empty());
}

TEST(BadPeer, AHalfClosedConnectionIsClosed) {
  Server server;
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kAlpn));
  peer.send(framed(pattern(5)));
  peer.shut_down_writing();  // no close_notify: as if the peer had died
  EXPECT_EQ(server.connection(0).wait_closed(), CloseReason::peer);
  EXPECT_EQ(peer.receive(9), framed(pattern(5))) << "what was asked before is answered";
}

TEST(BadPeer, AFrameCutShortByTheEndIsNotDelivered) {
  Server server;
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kAlpn));
  peer.send(Bytes{0, 0, 0, 2, 1});
  peer.shut_down_writing();
  EXPECT_EQ(server.connection(0).wait_closed(), CloseReason::peer);
  EXPECT_TRUE(server.connection(0).now().frames.empty());
}

/// Answers a frame with many of a quarter of a megabyte.
Script flood(std::size_t frames) {
  return {nullptr, [frames](FrameConnection& connection, ByteView) {
            for (std::size_t i = 0; i < frames; ++i) connection.send(pattern(256 * 1024));
          }};
}

TEST(BadPeer, WhoNeverReadsFillsTheQueueAndIsDropped) {
  ServerOptions options;
  options.script = flood(100);
  Server server{options};
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kAlpn));
  peer.send(framed({}));
  EXPECT_EQ(server.connection(0).wait_closed(), CloseReason::slow);
}

TEST(BadPeer, WhoStopsReadingIsDroppedThoughTheQueueIsNotFull) {
  ServerOptions options;
  options.write_stall_timeout = kShort;
  options.script = flood(30);
  Server server{options};
  RawPeer peer{server.port()};
  const int little = 16 * 1024;
  ::setsockopt(peer.descriptor(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
  ASSERT_TRUE(peer.start_tls(kAlpn));
  peer.send(framed({}));
  EXPECT_EQ(server.connection(0).wait_closed(), CloseReason::slow);
}

TEST(BadPeer, ThoseOverTheMaximumAreClosedAtOnceAndNobodyElse) {
  ServerOptions options;
  options.connections_max = 2;
  Server server{options};
  RawPeer first{server.port()};
  ASSERT_TRUE(first.start_tls(kAlpn));
  {
    RawPeer second{server.port()};
    ASSERT_TRUE(second.start_tls(kAlpn));
    RawPeer third{server.port()};
    EXPECT_TRUE(third.ended());
    EXPECT_EQ(server.listener().connections(), 2U);
  }
  expect_connections(server, 1);
  expect_serves(server);
  first.send(framed(pattern(1)));
  EXPECT_EQ(first.receive(5), framed(pattern(1)));
}

TEST(BadPeer, WithoutDescriptorsNewConnectionsWaitAndOldOnesAreServed) {
  Server server;
  RawPeer old{server.port()};
  ASSERT_TRUE(old.start_tls(kAlpn));
  RawPeer waiting;
  const int next = ::dup(0);
  ASSERT_GE(next, 0);
  ::close(next);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{static_cast<rlim_t>(next), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  waiting.connect(server.port());
  for (int i = 0; i < 3; ++i) {
    old.send(framed(pattern(8)));
    EXPECT_EQ(old.receive(12), framed(pattern(8)));
  }
  EXPECT_EQ(server.listener().connections(), 1U);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(waiting.start_tls(kAlpn));
}

}  // namespace
}  // namespace martlet::net::test
