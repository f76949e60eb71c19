#include "gateways/sms_gateway.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace martlet::gateways {
namespace {

using Outcome = Handover::Outcome;

GatewaySecret secret(std::string_view text) {
  return {text.size(), [&](std::span<std::uint8_t> bytes) {
            std::copy(text.begin(), text.end(), bytes.begin());
            return text.size();
          }};
}

/// Gives every connection the same answer, and keeps what was asked. An empty answer: none comes.
class FakeGateway {
 public:
  explicit FakeGateway(std::string answer) : answer_{std::move(answer)} {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, plain, size), 0);
    EXPECT_EQ(::listen(listener_, 4), 0);
    EXPECT_EQ(::getsockname(listener_, plain, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this] { serve(); }};
  }
  ~FakeGateway() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    if (silent_ >= 0) ::close(silent_);
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/cgi-bin/sendsms";
  }
  /// Not before a send has ended.
  const std::string& request() const { return request_; }

 private:
  void serve() {
    for (;;) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      std::string got;
      std::array<char, 4096> part;
      while (got.find("\r\n\r\n") == std::string::npos) {
        const auto count = ::recv(peer, part.data(), part.size(), 0);
        if (count <= 0) break;
        got.append(part.data(), static_cast<std::size_t>(count));
      }
      request_ = got;
      if (answer_.empty()) {
        silent_ = peer;
        continue;
      }
      static_cast<void>(::send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL));
      ::close(peer);
    }
  }

  const std::string answer_;
  int listener_ = -1;
  int silent_ = -1;
  int port_ = 0;
  std::string request_;
  std::thread thread_;
};

SmsGatewayConfig config_for(const std::string& url) {
  return {url, "mart let", secret("p&ss=w+rd%"), "+4930123456"};
}

std::string answer(const std::string& status, const std::string& more = "") {
  return "HTTP/1.1 " + status + "\r\n" + more + "Content-Length: 2\r\nConnection: close\r\n\r\nok";
}

TEST(SmsGateway, AsksAsKannelWantsIt) {
  FakeGateway fake{answer("202 Accepted")};
  SmsGateway gateway{config_for(fake.url())};
  const auto said = gateway.send("+491712345678", "123456 is your code & more \u00fc");
  EXPECT_EQ(said.outcome, Outcome::taken);
  EXPECT_EQ(said.status, 202);
  EXPECT_EQ(fake.request().substr(0, fake.request().find('\r')),
            "GET /cgi-bin/sendsms?username=mart%20let&password=p%26ss%3Dw%2Brd%25"
            "&from=%2B4930123456&to=%2B491712345678&charset=UTF-8"
            "&text=123456%20is%20your%20code%20%26%20more%20%C3%BC HTTP/1.1");
}

struct Said {
  const char* name;
  std::string answer;
  Outcome outcome;
  int status;
};

TEST(SmsGateway, TellsNoFromNotNow) {
  const Said kCases[] = {
      {"sent", answer("200 OK"), Outcome::taken, 200},
      {"queued", answer("202 Accepted"), Outcome::taken, 202},
      {"no body", "HTTP/1.1 204 No Content\r\n\r\n", Outcome::taken, 204},
      {"a redirect, not followed", answer("302 Found", "Location: http://127.0.0.1:1/\r\n"),
       Outcome::refused, 302},
      {"a bad request", answer("400 Bad Request"), Outcome::refused, 400},
      {"a wrong password", answer("403 Forbidden"), Outcome::refused, 403},
      {"a wrong path", answer("404 Not Found"), Outcome::refused, 404},
      {"patience", answer("429 Too Many Requests"), Outcome::failed, 429},
      {"slow itself", answer("408 Request Timeout"), Outcome::failed, 408},
      {"broken", answer("500 Internal Server Error"), Outcome::failed, 500},
      {"Kannel without its SMSC", answer("503 Service Unavailable"), Outcome::failed, 503},
      {"no HTTP", "220 mail.example.org ESMTP\r\n", Outcome::failed, 0},
      {"cut", "HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n0: Acc", Outcome::failed, 0},
      {"endless", "HTTP/1.1 202 Accepted\r\n\r\n" + std::string(limits::kAnswerBytesMax + 1, 'x'),
       Outcome::failed, 0},
  };
  for (const auto& said : kCases) {
    SCOPED_TRACE(said.name);
    FakeGateway fake{said.answer};
    SmsGateway gateway{config_for(fake.url())};
    const auto got = gateway.send("+491712345678", "hi");
    EXPECT_EQ(got.outcome, said.outcome);
    EXPECT_EQ(got.status, said.status);
  }
}

TEST(SmsGateway, ThatIsDownHasFailed) {
  std::string url;
  {
    FakeGateway fake{answer("200 OK")};
    url = fake.url();
  }
  SmsGateway gateway{config_for(url)};
  const auto said = gateway.send("+491712345678", "hi");
  EXPECT_EQ(said.outcome, Outcome::failed);
  EXPECT_EQ(said.status, 0);
}

TEST(SmsGateway, ThatSaysNothingHasFailed) {
  FakeGateway fake{""};
  auto config = config_for(fake.url());
  config.timeout = Milliseconds{200};
  SmsGateway gateway{std::move(config)};
  EXPECT_EQ(gateway.send("+491712345678", "hi").outcome, Outcome::failed);
}

TEST(SmsGateway, IsLeftWhenTheServerStops) {
  FakeGateway fake{""};
  auto config = config_for(fake.url());
  config.timeout = std::chrono::hours{1};  // the test's own time limit would end it
  SmsGateway gateway{std::move(config)};
  std::thread stop{[&] { gateway.give_up(); }};
  EXPECT_EQ(gateway.send("+491712345678", "hi").outcome, Outcome::failed);
  stop.join();
}

TEST(SmsGateway, DoesNotSendWhatIsTooLong) {
  FakeGateway fake{answer("200 OK")};
  SmsGateway gateway{config_for(fake.url())};
  const std::string most(limits::kSmsTextBytesMax, '%');
  EXPECT_EQ(gateway.send("+491712345678", most).outcome, Outcome::taken);
  EXPECT_EQ(gateway.send("+491712345678", most + "%").outcome, Outcome::refused);
}

TEST(IsGatewayUrl, TakesPlainOnesOnly) {
  for (const auto* good : {"http://127.0.0.1:13013/cgi-bin/sendsms", "https://sms.example.org/send",
                           "http://[::1]:13013/", "http://localhost"}) {
    EXPECT_TRUE(is_gateway_url(good)) << good;
  }
  for (const auto* bad :
       {"", "http://", "http:///send", "http://:80/", "ftp://example.org/", "file:///etc/passwd",
        "HTTP://example.org", "//example.org", "http://user:pw@example.org/",
        "http://example.org/?a=b", "http://example.org/#a", "http://exa mple.org/",
        "http://example.org/\n", "http://ex\u00e4mple.org/", "http://example.org/<to>"}) {
    EXPECT_FALSE(is_gateway_url(bad)) << bad;
  }
  EXPECT_FALSE(is_gateway_url("http://a/" + std::string(limits::kUrlBytesMax, 'x')));
}

}  // namespace
}  // namespace martlet::gateways
