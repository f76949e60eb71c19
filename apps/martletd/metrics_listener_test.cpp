#include "apps/martletd/metrics_listener.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace martlet::daemon {
namespace {

struct MetricsListenerTest : ::testing::Test {
  /// A connection to the listener.
  Descriptor connect() const {
    Descriptor made{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(listener->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(made.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    return made;
  }
  static void say(const Descriptor& connection, std::string_view text) {
    static_cast<void>(!::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL));
  }
  static std::string hear(const Descriptor& connection) {
    std::string heard;
    std::array<char, 4'096> part;
    for (;;) {
      const auto got = ::recv(connection.get(), part.data(), part.size(), 0);
      if (got <= 0) return heard;
      heard.append(part.data(), static_cast<std::size_t>(got));
    }
  }
  std::string ask(std::string_view request) const {
    const auto connection = connect();
    say(connection, request);
    return hear(connection);
  }

  std::unique_ptr<MetricsListener> listener =
      MetricsListener::open({"127.0.0.1", 0}, [](std::string_view target) {
        return net::HttpResponse{target == "/metrics" ? 200U : 404U, "text/plain", "asked", {}};
      }).take();
};

TEST_F(MetricsListenerTest, AnswersAndCloses) {
  const auto answer = ask("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9464\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nasked")) << answer;
  EXPECT_NE(answer.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  const auto head = ask("HEAD /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  EXPECT_NE(head.find("Content-Length: 5\r\n"), std::string::npos);
}

struct Refused {
  const char* name;
  std::string request;
  int status;
};

TEST_F(MetricsListenerTest, RefusesAllElse) {
  const Refused kCases[] = {
      {"another page", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 404},
      {"writing", "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 405},
      {"a body", "GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx", 400},
      {"a name of the web", "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403},
      {"another machine", "GET /metrics HTTP/1.1\r\nHost: 192.0.2.1:9464\r\n\r\n", 403},
      {"no host", "GET /metrics HTTP/1.1\r\n\r\n", 403},
      {"two hosts", "GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", 403},
      {"no HTTP", "what is this\r\n\r\n", 400},
      {"another HTTP", "GET /metrics HTTP/2.0\r\nHost: localhost\r\n\r\n", 400},
      {"an endless header",
       "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n",
       431},
  };
  for (const auto& refused : kCases) {
    SCOPED_TRACE(refused.name);
    const auto answer = ask(refused.request);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(refused.status) + " ")) << answer;
  }
  EXPECT_TRUE(ask("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").ends_with("asked"));
}

TEST_F(MetricsListenerTest, TakesARequestInPieces) {
  const auto connection = connect();
  for (const char* piece : {"GET /met", "rics HTTP/1.1\r", "\nHost: local", "host\r\n", "\r\n"}) {
    say(connection, piece);
    ::usleep(2'000);
  }
  EXPECT_TRUE(hear(connection).ends_with("asked"));
}

TEST_F(MetricsListenerTest, WhoSaysNothingDoesNotHoldUpItsEnd) {
  const auto silent = connect();
  say(silent, "GET /met");
  ::usleep(20'000);
  const auto began = std::chrono::steady_clock::now();
  listener.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, MetricsListener::kPatience / 2);
}

TEST(MetricsListenerAddress, IsOnThisMachineOrRefused) {
  for (const auto* address : {"0.0.0.0", "::", "192.0.2.1", "10.0.0.1", "::ffff:127.0.0.1",
                              "localhost", "128.0.0.1", ""}) {
    SCOPED_TRACE(address);
    EXPECT_FALSE(is_loopback(address));
    const auto opened = MetricsListener::open({address, 0}, {});
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().exit, Exit::usage);
    EXPECT_NE(opened.error().message.find("for this machine alone"), std::string::npos);
  }
  for (const auto* address : {"127.0.0.1", "127.1.2.3", "::1"}) EXPECT_TRUE(is_loopback(address));
}

TEST_F(MetricsListenerTest, AnAddressInUseIsSaid) {
  const auto opened = MetricsListener::open({"127.0.0.1", listener->port()}, {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().exit, Exit::network);
  EXPECT_NE(opened.error().message.find(std::to_string(listener->port())), std::string::npos);
}

TEST(LoopbackHost, IsANameOrAddressOfThisMachine) {
  for (const auto* host :
       {"localhost", "localhost:1", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[::1]:80"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const auto* host :
       {"", ":80", "localhost.evil.example", "localhost:", "localhost:x", "127.0.0.1.evil.example",
        "127.0.0.1:99999", "[::1", "[::1]x", "[::2]", "::1", "[localhost.]", "1.127.0.0:80"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

}  // namespace
}  // namespace martlet::daemon
