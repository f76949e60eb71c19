#include "net/http_parser.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace martlet::net {
namespace {

using Kind = HttpParsed::Kind;

std::vector<HttpParsed> parse(std::string_view stream, std::size_t piece) {
  HttpParser parser;
  std::vector<HttpParsed> all;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    parser.take(bytes_of(stream.substr(at, piece)));
    for (auto found = parser.next(); found.kind != Kind::more; found = parser.next()) {
      all.push_back(std::move(found));
    }
  }
  return all;
}

TEST(HttpParser, FindsTheSameHoweverTheStreamIsCut) {
  const std::string_view stream =
      "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST /p HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 4\r\n\r\nbody"
      "HEAD / HTTP/1.0\r\n\r\n";
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    SCOPED_TRACE(piece);
    auto found = parse(stream, piece);
    // Whoever has sent the body along need not be told to go on.
    std::erase_if(found, [](const auto& each) { return each.kind == Kind::go_on; });
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].request.method + found[0].request.target, "GET/a?b=c");
    EXPECT_TRUE(found[0].keep_alive);
    EXPECT_FALSE(found[0].head_only);
    EXPECT_EQ(found[1].request.body, "body");
    EXPECT_EQ(found[2].request.method, "GET");
    EXPECT_TRUE(found[2].head_only);
    EXPECT_FALSE(found[2].keep_alive);
  }
}

TEST(HttpParser, FindsNothingBehindWhatItRefused) {
  HttpParser parser;
  parser.take(bytes_of("nonsense\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_EQ(parser.next().kind, Kind::refused);
  EXPECT_EQ(parser.next().kind, Kind::more);
  parser.take(bytes_of("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_EQ(parser.next().kind, Kind::more);
}

TEST(HttpParser, KnowsWhetherARequestIsUnderWay) {
  HttpParser parser;
  EXPECT_FALSE(parser.is_within_request());
  parser.take(bytes_of("GET / HT"));
  EXPECT_EQ(parser.next().kind, Kind::more);
  EXPECT_TRUE(parser.is_within_request());
  parser.take(bytes_of("TP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_EQ(parser.next().kind, Kind::request);
  EXPECT_FALSE(parser.is_within_request());
}

TEST(HttpParser, TakesARequestOfExactlyTheLimitAndNoLonger) {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ";
  const auto body = limits::kHttpRequestBytesMax - head.size() - 5 - 4;
  const auto request = [&](std::size_t size) {
    return head + std::to_string(size) + "\r\n\r\n" + std::string(size, 'b');
  };
  ASSERT_EQ(request(body).size(), limits::kHttpRequestBytesMax);
  for (const std::size_t piece : {std::size_t{1000}, limits::kHttpRequestBytesMax * 2}) {
    EXPECT_EQ(parse(request(body), piece).back().kind, Kind::request);
    EXPECT_EQ(parse(request(body + 1), piece).back().status, 413U);
  }
}

TEST(HttpParser, RequestsSentTogetherMayBeLongerThanOne) {
  std::string stream;
  for (int i = 0; i < 1000; ++i) stream += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  ASSERT_GT(stream.size(), limits::kHttpRequestBytesMax);
  EXPECT_EQ(parse(stream, stream.size()).size(), 1000U);
}

}  // namespace
}  // namespace martlet::net
