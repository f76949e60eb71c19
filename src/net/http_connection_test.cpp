#include "net/http_connection.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "net/test_support.h"

namespace martlet::net::test {
namespace {

const std::string kHttpAlpn = "\x08http/1.1";
const std::string kHost = "Host: localhost\r\n";

/// Sends all in one record, says goodbye in no way, and gives back all that comes until the end.
std::string exchange(std::uint16_t port, const std::string& request) {
  RawPeer peer{port};
  EXPECT_TRUE(peer.start_tls(kHttpAlpn));
  peer.send(bytes_of(request));
  return peer.receive_all();
}

std::string body_of(const std::string& answer) {
  const auto end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "no body" : answer.substr(end + 4);
}

TEST(Http, AnswersAndEnds) {
  Server server;
  const auto answer =
      exchange(server.port(), "GET /health HTTP/1.1\r\n" + kHost + "Connection: close\r\n\r\n");
  EXPECT_EQ(answer,
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 12\r\n"
            "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\nGET /health ");
}

TEST(Http, KeepsTheConnectionForFurtherRequests) {
  Server server;
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kHttpAlpn));
  for (const auto* target : {"/one", "/two"}) {
    peer.send(bytes_of("GET " + std::string{target} + " HTTP/1.1\r\n" + kHost + "\r\n"));
    const auto header = peer.receive_until("\r\n\r\n");
    EXPECT_NE(header.find("Connection: keep-alive"), std::string::npos);
    EXPECT_EQ(text_of(peer.receive(9)), "GET " + std::string{target} + " ");
  }
}

TEST(Http, AnswersRequestsThatComeTogetherInTheirOrder) {
  Server server;
  const auto answer =
      exchange(server.port(), "GET /1 HTTP/1.1\r\n" + kHost + "\r\nPOST /2 HTTP/1.1\r\n" + kHost +
                                  "Content-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\n" + kHost +
                                  "Connection: close\r\n\r\n");
  const auto first = answer.find("GET /1 ");
  const auto second = answer.find("POST /2 abc");
  const auto third = answer.find("GET /3 ");
  ASSERT_NE(third, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
}

TEST(Http, HeadIsGetWithoutTheBody) {
  Server server;
  const auto answer =
      exchange(server.port(), "HEAD /x HTTP/1.1\r\n" + kHost + "Connection: close\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 7\r\n"), std::string::npos);
  EXPECT_EQ(body_of(answer), "");
}

TEST(Http, TakesABody) {
  Server server;
  const auto answer =
      exchange(server.port(), "POST /p HTTP/1.1\r\n" + kHost +
                                  "Connection: close\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(body_of(answer), "POST /p hello");
}

TEST(Http, TakesARequestByteByByte) {
  Server server;
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kHttpAlpn));
  const std::string request =
      "POST /slow HTTP/1.1\r\n" + kHost + "Connection: close\r\nContent-Length: 2\r\n\r\nok";
  for (const char byte : request) peer.send(bytes_of(std::string{byte}));
  EXPECT_EQ(body_of(peer.receive_all()), "POST /slow ok");
}

TEST(Http, SaysContinueToThoseWhoWait) {
  Server server;
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kHttpAlpn));
  peer.send(bytes_of("POST /e HTTP/1.1\r\n" + kHost +
                     "Connection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
  EXPECT_EQ(peer.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send(bytes_of("ok"));
  EXPECT_EQ(body_of(peer.receive_all()), "POST /e ok");
}

TEST(Http, ServesThoseWhoEndTheirSideAfterAsking) {
  Server server;
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kHttpAlpn));
  peer.send(bytes_of("GET /last HTTP/1.1\r\n" + kHost + "\r\n"));
  peer.shut_down_writing();
  EXPECT_EQ(body_of(peer.receive_all()), "GET /last ");
}

TEST(Http, RefusesAndCloses) {
  const std::string long_value(limits::kHttpRequestBytesMax, 'x');
  const std::string half(limits::kHttpRequestBytesMax / 2, 'x');
  const struct {
    const char* name;
    std::string request;
    const char* status;
  } kCases[] = {
      {"garbage", "\x01\x02\x03 garbage\r\n\r\n", "400"},
      {"a frame", std::string("\0\0\0\1x\r\n", 7), "400"},
      {"no such version", "GET / HTTP/3.0\r\n" + kHost + "\r\n", "400"},
      {"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
      {"two hosts", "GET / HTTP/1.1\r\n" + kHost + kHost + "\r\n", "400"},
      {"a method in lower case", "get / HTTP/1.1\r\n" + kHost + "\r\n", "400"},
      {"a target without its slash", "GET nowhere HTTP/1.1\r\n" + kHost + "\r\n", "400"},
      {"a proxy's request", "GET http://localhost/ HTTP/1.1\r\n" + kHost + "\r\n", "400"},
      {"a bad length", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: -1\r\n\r\n", "400"},
      {"two lengths",
       "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"},
      {"length and chunks",
       "POST / HTTP/1.1\r\n" + kHost +
           "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "400"},
      {"a header too long", "GET / HTTP/1.1\r\n" + kHost + "X: " + long_value + "\r\n\r\n", "431"},
      {"a header without end", "GET / HTTP/1.1\r\n" + kHost + "X: " + long_value, "431"},
      {"a target too long", "GET /" + long_value + " HTTP/1.1\r\n" + kHost + "\r\n", "431"},
      {"a body too long announced", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 16385\r\n\r\n",
       "413"},
      {"a body in chunks",
       "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n0\r\nh", "411"},
      {"header and body too long together",
       "POST / HTTP/1.1\r\n" + kHost + "X: " + half +
           "\r\nContent-Length: " + std::to_string(half.size()) + "\r\n\r\n" + half,
       "413"},
  };
  Server server;
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.name);
    const auto answer = exchange(server.port(), each.request);
    EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 " + std::string{each.status} + " ");
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
    EXPECT_EQ(answer.find("Server:"), std::string::npos);
  }
}

TEST(Http, ARequestThatNeverEndsTimesOut) {
  ServerOptions options;
  options.idle_timeout = Milliseconds{100};
  Server server{options};
  const auto answer = exchange(server.port(), "GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 408 ");
}

TEST(Http, SilenceBetweenRequestsEndsWithoutAWord) {
  ServerOptions options;
  options.idle_timeout = Milliseconds{100};
  Server server{options};
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kHttpAlpn));
  EXPECT_EQ(peer.receive_all(), "");
}

TEST(Http, AHeaderOfOursThatWouldBreakItsLineIsNotSent) {
  const HttpResponse kBroken[] = {
      {200, "text/plain", "x", {{"Location", "/a\r\nSet-Cookie: b"}}},
      {200, "text/plain", "x", {{"A\nB", "c"}}},
      {200, "text/plain\r\nX: y", "x", {}},
      {999, "text/plain", "x", {}},
  };
  for (const auto& broken : kBroken) {
    ServerOptions options;
    options.on_http = [&](const HttpRequest&) { return broken; };
    Server server{options};
    const auto answer = exchange(server.port(), "GET / HTTP/1.1\r\n" + kHost + "\r\n");
    EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 500 ");
    EXPECT_EQ(answer.find("Cookie"), std::string::npos);
  }
}

/// Answers later, when told to.
struct Later {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::pair<std::string, HttpAnswer>> waiting;

  OnHttp on_http() {
    return [this](std::size_t, const HttpRequest& request, HttpAnswer answer) {
      const std::lock_guard lock{mutex};
      waiting.emplace_back(request.target, std::move(answer));
      changed.notify_all();
    };
  }
  /// The first that waits; waits for it to come.
  std::pair<std::string, HttpAnswer> next() {
    std::unique_lock lock{mutex};
    changed.wait(lock, [this] { return !waiting.empty(); });
    auto first = std::move(waiting.front());
    waiting.erase(waiting.begin());
    return first;
  }
};

TEST(Http, AnAnswerMayComeLaterAndTheNextRequestWaits) {
  Later later;
  ServerOptions options;
  options.on_http_later = later.on_http();
  Server server{options};
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kHttpAlpn));
  peer.send(bytes_of("GET /1 HTTP/1.1\r\n" + kHost + "\r\nGET /2 HTTP/1.1\r\n" + kHost +
                     "Connection: close\r\n\r\n"));
  for (const auto* target : {"/1", "/2"}) {
    const auto [asked, answer] = later.next();
    EXPECT_EQ(asked, target);
    EXPECT_TRUE(later.waiting.empty());
    server.reactor(0).post([answer = answer, body = asked] {
      answer({200, "text/plain", body, {}});
    });
    peer.receive_until("\r\n\r\n");
    EXPECT_EQ(text_of(peer.receive(2)), target);
  }
  EXPECT_EQ(peer.receive_all(), "");
}

TEST(Http, AnAnswerToAPeerThatIsGoneDoesNothing) {
  Later later;
  ServerOptions options;
  options.on_http_later = later.on_http();
  Server server{options};
  HttpAnswer gone;
  {
    RawPeer peer{server.port()};
    ASSERT_TRUE(peer.start_tls(kHttpAlpn));
    peer.send(bytes_of("GET /gone HTTP/1.1\r\n" + kHost + "\r\n"));
    gone = later.next().second;
  }
  while (server.listener().connections() > 0) {
    // A connection that waits for its answer is not read: it is the answer that finds out.
    server.reactor(0).post([gone] { gone({200, "text/plain", "nobody", {}}); });
    std::this_thread::yield();
  }
  RawPeer other{server.port()};
  ASSERT_TRUE(other.start_tls(kHttpAlpn));
  other.send(bytes_of("GET /other HTTP/1.1\r\n" + kHost + "\r\n"));
  const auto answer = later.next().second;
  server.reactor(0).post([answer] {
    answer({200, "text/plain", "one", {}});
    answer({200, "text/plain", "two", {}});  // the second time: nothing
  });
  other.receive_until("\r\n\r\n");
  EXPECT_EQ(text_of(other.receive(3)), "one");
  server.stop();
  EXPECT_EQ(other.receive_all(), "");
}

TEST(Http, SendsItsOwnHeadersAndStatus) {
  ServerOptions options;
  options.on_http = [](const HttpRequest&) {
    return HttpResponse{404, "text/html", "<p>", {{"Cache-Control", "no-store"}}};
  };
  Server server{options};
  const auto answer = exchange(server.port(), "GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(answer.substr(0, 24), "HTTP/1.1 404 Not Found\r\n");
  EXPECT_NE(answer.find("Content-Type: text/html\r\n"), std::string::npos);
  EXPECT_NE(answer.find("Cache-Control: no-store\r\n"), std::string::npos);
  EXPECT_EQ(body_of(answer), "<p>");
}

TEST(Http, ManyRequestsWithoutReadingAnswersArePausedNotQueuedForEver) {
  ServerOptions options;
  options.on_http = [](const HttpRequest&) {
    return HttpResponse{200, "text/plain", std::string(100'000, 'x'), {}};
  };
  Server server{options};
  RawPeer peer{server.port()};
  ASSERT_TRUE(peer.start_tls(kHttpAlpn));
  constexpr std::size_t kRequests = 300;  // 30 MB of answers, more than may be queued
  std::string requests;
  for (std::size_t i = 0; i < kRequests; ++i) requests += "GET / HTTP/1.1\r\n" + kHost + "\r\n";
  peer.send(bytes_of(requests));
  std::size_t bodies = 0;
  for (std::size_t i = 0; i < kRequests; ++i) {
    if (peer.receive_until("\r\n\r\n").empty()) break;
    bodies += peer.receive(100'000).size();
  }
  EXPECT_EQ(bodies, kRequests * 100'000);
}

}  // namespace
}  // namespace martlet::net::test
