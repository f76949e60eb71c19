// What a running server tells of itself: over HTTP on loopback, and to `martletd status --watch`.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include <fstream>
#include <nlohmann/json.hpp>

#include "server_process.h"

namespace martlet::martletd_test {
namespace {

/// What a plain HTTP server at this loopback port answers; empty: nobody listens.
std::string get(std::uint16_t port, const std::string& target) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string heard;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    const auto request = "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    static_cast<void>(!::send(fd, request.data(), request.size(), MSG_NOSIGNAL));
    std::array<char, 16'384> part;
    for (ssize_t got = 0; (got = ::recv(fd, part.data(), part.size(), 0)) > 0;) {
      heard.append(part.data(), static_cast<std::size_t>(got));
    }
  }
  ::close(fd);
  return heard;
}

struct MetricsOfAServer : ServerProcess {
  /// Starts it with these settings added to those that it wrote itself.
  void start_with(const std::string& settings) {
    start();
    EXPECT_EQ(stop().exit_code, 0);
    std::ofstream{data() + "/server.toml", std::ios::app} << settings;
    start();
  }
  /// Where it said that its metrics are.
  std::uint16_t metrics_port() {
    const auto line = process_->wait_for_line("metrics on http://127.0.0.1:");
    if (!line) return 0;
    return static_cast<std::uint16_t>(std::stoi(line->substr(line->rfind(':') + 1)));
  }
  /// The value of a metric with this whole name; -1: it is not there.
  static double value(const std::string& metrics, const std::string& name) {
    const auto at = metrics.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(metrics.substr(at + name.size() + 2));
  }
};

TEST_F(MetricsOfAServer, AreThereRightAndOfNobody) {
  start_with("\n[admin]\nmetrics = \"127.0.0.1:0\"\n");
  const auto port = metrics_port();
  ASSERT_NE(port, 0);
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  DeviceClient sender{server_};
  DeviceClient reader{server_};
  ASSERT_TRUE(sender.log_in(alice));
  ASSERT_TRUE(reader.log_in(bob));
  for (std::uint64_t i = 1; i <= 5; ++i) {
    ASSERT_TRUE(std::holds_alternative<wire::Accepted>(sender.ask(send_to(bob, i, 100))));
  }
  for (int i = 0; i < 3; ++i) {
    const auto delivery = reader.next_delivery();
    ASSERT_TRUE(delivery);
    reader.say(0, wire::Acknowledge{{delivery->sequence}});
  }
  ASSERT_TRUE(std::holds_alternative<wire::Pong>(reader.ask(wire::Ping{})));
  // A round trip behind the acknowledgements: the office has taken them in.
  ASSERT_TRUE(std::holds_alternative<wire::Account>(reader.ask(wire::Lookup{"alice@example.org"})));

  const auto metrics = get(port, "/metrics");
  EXPECT_TRUE(metrics.starts_with("HTTP/1.1 200 OK\r\n")) << metrics;
  EXPECT_NE(metrics.find("Content-Type: text/plain; version=0.0.4"), std::string::npos);
  EXPECT_EQ(value(metrics, "martlet_sends_accepted_total"), 5);
  EXPECT_EQ(value(metrics, "martlet_envelopes_accepted_total"), 5);
  EXPECT_EQ(value(metrics, "martlet_envelope_bytes_accepted_total"), 500);
  EXPECT_EQ(value(metrics, "martlet_envelopes_delivered_total"), 5);
  EXPECT_EQ(value(metrics, "martlet_envelopes_acknowledged_total"), 3);
  EXPECT_EQ(value(metrics, "martlet_waiting_envelopes"), 2);
  EXPECT_EQ(value(metrics, "martlet_waiting_bytes"), 200);
  EXPECT_EQ(value(metrics, "martlet_devices_online"), 2);
  EXPECT_EQ(value(metrics, "martlet_logins_total"), 2);
  EXPECT_EQ(value(metrics, "martlet_connections"), 2);
  EXPECT_EQ(value(metrics, "martlet_tls_handshakes_total"), 4);  // two enrolled before
  EXPECT_EQ(value(metrics, "martlet_connections_accepted_total"), 4);
  EXPECT_GE(value(metrics, "martlet_sync_seconds_count"), 1);
  EXPECT_EQ(value(metrics, "martlet_sync_sends_sum"), 5);
  EXPECT_GT(value(metrics, "martlet_mailbox_disk_bytes"), 500);
  EXPECT_GE(value(metrics, "martlet_office_batch_requests_count"), 1);
  for (const auto& part : {std::string{"alice"}, std::string{"bob"}, std::string{"@"},
                           std::string{"example.org"}, to_base64url(alice.id.view()),
                           to_base64url(bob.id.view()), to_base64url(alice.account.view()),
                           alice.id.hex(), bob.account.hex(), alice.id.hex().substr(0, 12)}) {
    EXPECT_EQ(metrics.find(part), std::string::npos) << part;
  }
  EXPECT_TRUE(get(port, "/other").starts_with("HTTP/1.1 404"));
  const auto page = get(port, "/");
  EXPECT_NE(page.find("Content-Security-Policy: default-src 'none';"), std::string::npos);
  for (const auto* part : {"/watch.js", "/watch.css"}) {
    EXPECT_NE(page.find('"' + std::string{part} + '"'), std::string::npos);
    EXPECT_TRUE(get(port, part).starts_with("HTTP/1.1 200 OK\r\n")) << part;
  }
  EXPECT_EQ(page.find("style="), std::string::npos) << "its policy forbids what is inline";
  const auto json = get(port, "/metrics.json");
  const auto numbers = nlohmann::json::parse(json.substr(json.find("\r\n\r\n")));
  EXPECT_EQ(numbers["martlet_sends_accepted_total"], 5);
  // All that the page draws is there.
  const auto script = get(port, "/watch.js");
  std::size_t names = 0;
  for (auto at = script.find("'martlet_"); at != std::string::npos;
       at = script.find("'martlet_", at + 1)) {
    const auto name = script.substr(at + 1, script.find('\'', at + 1) - at - 1);
    EXPECT_TRUE(numbers.contains(name)) << name;
    ++names;
  }
  EXPECT_GE(names, 10U);

  const auto status = run_martletd({"status", "--data", data(), "--json"});
  ASSERT_EQ(status.exit_code, 0) << status.err;
  EXPECT_EQ(nlohmann::json::parse(status.out)["metrics"]["martlet_sends_accepted_total"], 5);
  EXPECT_EQ(stop().exit_code, 0);
  EXPECT_EQ(get(port, "/metrics"), "");
}

TEST_F(MetricsOfAServer, AreNowhereUnlessAsked) {
  start();
  EXPECT_EQ(process_->out().find("metrics"), std::string::npos);
}

TEST_F(MetricsOfAServer, AreForThisMachineOrTheServerDoesNotStart) {
  start();
  EXPECT_EQ(stop().exit_code, 0);
  const auto settings = data() + "/server.toml";
  for (const auto* address : {"0.0.0.0:0", "[::]:0", "192.0.2.7:9464"}) {
    SCOPED_TRACE(address);
    const auto more = root_ / "more.toml";
    std::ofstream{more} << "[admin]\nmetrics = \"" << address << "\"\n";
    const auto outcome = run_martletd({"serve", "--data", data(), "--config", more.string()});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_NE(outcome.err.find("more.toml, line 2: `admin.metrics` must be"), std::string::npos);
    EXPECT_NE(outcome.err.find("loopback"), std::string::npos) << outcome.err;
  }
}

TEST_F(MetricsOfAServer, AreWatchedSecondBySecondUntilInterrupted) {
  start();
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  DeviceClient sender{server_};
  ASSERT_TRUE(sender.log_in(alice));
  support::ProcessOptions options;
  options.words = {program(), "status", "--data", data(), "--watch", "--json"};
  support::Process watch{options};
  bool seen = false;
  for (std::uint64_t i = 1; i <= 20 && !seen; ++i) {
    ASSERT_TRUE(std::holds_alternative<wire::Accepted>(sender.ask(send_to(bob, i))));
    const auto line = watch.wait_for_line("\"type\":\"watch\"");
    ASSERT_TRUE(line);
    const auto json = nlohmann::json::parse(*line);
    EXPECT_EQ(json["online"], 1);
    seen = json["a_second"]["accepted"].get<double>() > 0 && json["waiting"]["items"] > 0;
  }
  EXPECT_TRUE(seen);
  watch.signal(SIGINT);
  const auto ended = watch.wait();
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.err, "");

  options.words = {program(), "status", "--data", data(), "--watch"};
  options.on_terminal = true;
  support::Process screen{options};
  EXPECT_TRUE(screen.wait_for_line("1 devices online"));
  screen.signal(SIGINT);
  const auto drawn = screen.wait();
  EXPECT_EQ(drawn.exit_code, 0);
  EXPECT_NE(drawn.out.find("\x1b[H\x1b[2J"), std::string::npos);
}

TEST_F(MetricsOfAServer, AreDrawnByABrowser) {
  start_with("\n[admin]\nmetrics = \"127.0.0.1:0\"\n");
  const auto port = metrics_port();
  ASSERT_NE(port, 0);
  DeviceClient client{server_};
  ASSERT_TRUE(client.log_in(member("alice@example.org")));
  // The page asks once a second; a browser without a screen lets that time pass and prints what is
  // then on the page.
  support::ProcessOptions options;
  options.words = {"/usr/bin/chromium",
                   "--headless",
                   "--no-sandbox",
                   "--disable-gpu",
                   "--disable-dev-shm-usage",
                   "--user-data-dir=" + (root_ / "browser").string(),
                   "--virtual-time-budget=5000",
                   "--dump-dom",
                   "http://127.0.0.1:" + std::to_string(port) + "/"};
  const auto shown = support::Process{options}.wait();
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_NE(shown.out.find("1 devices online."), std::string::npos) << shown.out;
  std::size_t drawn = 0;
  const std::string line = "<polyline points=\"";
  for (auto at = shown.out.find(line); at != std::string::npos; at = shown.out.find(line, at + 1)) {
    // Two points at least: a plot that goes on.
    const auto points = shown.out.substr(at + line.size(), 200);
    if (std::ranges::count(points.substr(0, points.find('"')), ',') >= 2) ++drawn;
  }
  EXPECT_GE(drawn, 5U) << shown.out;
}

TEST_F(MetricsOfAServer, CannotBeWatchedWithoutAServer) {
  const auto none = run_martletd({"status", "--data", data(), "--watch"});
  EXPECT_EQ(none.exit_code, 3);
  start();
  EXPECT_EQ(stop().exit_code, 0);
  const auto stopped = run_martletd({"status", "--data", data(), "--watch"});
  EXPECT_EQ(stopped.exit_code, 4);
  EXPECT_NE(stopped.err.find("no server runs"), std::string::npos) << stopped.err;
  EXPECT_EQ(run_martletd({"status", "--data", data(), "--watch", "--mailboxes"}).exit_code, 2);
}

TEST_F(MetricsOfAServer, CountWhoSendsTooMuchAndHeMayComeAgain) {
  start_with("\n[limits]\nsends_a_minute = 60\n\n[admin]\nmetrics = \"127.0.0.1:0\"\n");
  const auto port = metrics_port();
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  DeviceClient sender{server_};
  ASSERT_TRUE(sender.log_in(alice));
  std::size_t accepted = 0;
  std::size_t refused = 0;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    const auto answer = sender.ask(send_to(bob, i));
    if (const auto* refusal = std::get_if<wire::Refusal>(&answer)) {
      ++refused;
      EXPECT_EQ(refusal->code, wire::RefusalCode::limit_reached);
      EXPECT_GE(refusal->retry_after, std::chrono::seconds{1});
    } else {
      accepted += std::holds_alternative<wire::Accepted>(answer) ? 1U : 0U;
    }
  }
  EXPECT_GE(accepted, 60U);
  EXPECT_EQ(accepted + refused, 100U);
  ASSERT_GT(refused, 0U);
  EXPECT_EQ(value(get(port, "/metrics"), "martlet_rate_limited_total{kind=\"sends\"}"),
            static_cast<double>(refused));
  // The connection lives on, and so does the account's next message.
  bool passed = false;
  for (int i = 0; i < 200 && !passed; ++i) {
    ::usleep(100'000);
    passed = std::holds_alternative<wire::Accepted>(sender.ask(send_to(bob, 1'000)));
  }
  EXPECT_TRUE(passed);
}

}  // namespace
}  // namespace martlet::martletd_test
