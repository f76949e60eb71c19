// Starting, serving, stopping.
#include <sys/stat.h>

#include <fstream>

#include "net/listener.h"
#include "one_core.h"
#include "server_process.h"

namespace martlet::martletd_test {
namespace {

namespace fs = std::filesystem;
using support::Outcome;

struct Serve : ServerProcess {
  static mode_t mode_of(const fs::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777U;
  }
};

TEST_F(Serve, TheFirstStartMakesAllAndInvitesItsOperator) {
  start();
  for (const auto* name : {"server.toml", "tls-key.pem", "admin.sock", "lock"}) {
    EXPECT_EQ(mode_of(fs::path{data()} / name), 0600U) << name;
  }
  EXPECT_EQ(mode_of(data()), 0700U);
  const auto url = process_->wait_for_line("https://");
  ASSERT_TRUE(url);
  const auto invitation = parts_of(*url);
  EXPECT_EQ(invitation.host, "localhost");
  auto operator_device = server::TestDevice::make(random_);
  operator_device.found_account(random_, SystemClock{}.now());
  DeviceClient client{invitation};
  const auto answer = client.enrol(invitation.token, operator_device, "root@localhost");
  const auto* enrolled = std::get_if<wire::Enrolled>(&answer);
  ASSERT_NE(enrolled, nullptr);
  EXPECT_TRUE(enrolled->admin);
  EXPECT_EQ(enrolled->handle, "root@localhost");
  EXPECT_TRUE(client.log_in(operator_device));
}

TEST_F(Serve, ALaterStartNeedsTheFolderAloneAndComesBackOnItsPort) {
  start();
  const auto before = server_;
  EXPECT_TRUE(process_->wait_for_line("https://"));
  EXPECT_EQ(stop().exit_code, 0);
  restart();
  EXPECT_EQ(server_.port, before.port);
  EXPECT_EQ(server_.host, before.host);
  EXPECT_EQ(server_.fingerprint, before.fingerprint);
  EXPECT_TRUE(process_->wait_for_line("https://"));  // still nobody has joined
  member("alice@example.org");
  EXPECT_EQ(stop().exit_code, 0);
  restart();
  EXPECT_EQ(process_->out().find("https://"), std::string::npos);
}

TEST_F(Serve, ASecondProcessOnTheFolderSaysSoAndLeavesTheFirstAlone) {
  start();
  const auto second = run_martletd(serve_words());
  EXPECT_EQ(second.exit_code, 3);
  EXPECT_NE(second.err.find("another martletd is using " + data()), std::string::npos);
  EXPECT_EQ(second.out, "");
  EXPECT_TRUE(DeviceClient{server_}.log_in(member("alice@example.org")));
}

TEST_F(Serve, APortInUseIsSaid) {
  start();
  const auto other = run_martletd({"serve", "--data", (root_ / "other").string(), "--listen",
                                   "127.0.0.1:" + std::to_string(server_.port)});
  EXPECT_EQ(other.exit_code, 4);
  EXPECT_NE(other.err.find("in use by another program"), std::string::npos) << other.err;
  EXPECT_FALSE(fs::exists(root_ / "other" / "server.toml"));  // no first start was made
}

struct BadStart {
  const char* name;
  std::vector<std::string> words;
  const char* config;  ///< server.toml beside the data; null: none
  int exit_code;
  const char* says;
};

TEST_F(Serve, WhatCannotBeIsRefusedWithAReason) {
  std::ofstream{root_ / "file"} << "no folder";
  fs::create_directory(root_ / "full");
  std::ofstream{root_ / "full" / "photo"} << "something else";
  const auto settings = (root_ / "settings.toml").string();
  const auto fresh = (root_ / "fresh").string();
  const BadStart kStarts[] = {
      {"no folder given", {"serve"}, nullptr, 2, "--data"},
      {"no verb", {}, nullptr, 2, "subcommand"},
      {"a verb that is none", {"dance"}, nullptr, 2, "subcommand"},
      {"an option that is none", {"serve", "--data", fresh, "--fast"}, nullptr, 2, "--fast"},
      {"a bad name", {"serve", "--data", fresh, "--name", "a b"}, nullptr, 2, "--name"},
      {"a bad address", {"serve", "--data", fresh, "--listen", "here"}, nullptr, 2, "--listen"},
      {"an address that is none",
       {"serve", "--data", fresh, "--listen", "300.1.1.1:80"},
       nullptr,
       2,
       "300.1.1.1:80"},
      {"an address of somebody else",
       {"serve", "--data", fresh, "--listen", "192.0.2.1:8443"},
       nullptr,
       4,
       "192.0.2.1:8443"},
      {"a file for a folder",
       {"serve", "--data", (root_ / "file").string()},
       nullptr,
       3,
       "is not a folder"},
      {"a folder of something else",
       {"serve", "--data", (root_ / "full").string()},
       nullptr,
       3,
       "other files"},
      {"settings that are not there",
       {"serve", "--data", fresh, "--config", settings},
       nullptr,
       2,
       "settings.toml"},
      {"an unknown setting",
       {"serve", "--data", fresh, "--config", settings},
       "# one\nenvelope_lifetime = 3\n",
       2,
       "settings.toml, line 2: there is no setting `envelope_lifetime`"},
      {"a value out of bounds",
       {"serve", "--data", fresh, "--config", settings},
       "envelope_lifetime_days = 31\n",
       2,
       "line 1: `envelope_lifetime_days` must be a whole number of days, 1 to 30"},
      {"a certificate that is not there",
       {"serve", "--data", fresh, "--config", settings},
       "[tls]\ncertificate = \"/nowhere/c.pem\"\nkey = \"/nowhere/k.pem\"\n",
       3,
       "/nowhere/c.pem"},
  };
  for (const auto& bad : kStarts) {
    SCOPED_TRACE(bad.name);
    fs::remove(settings);
    if (bad.config != nullptr) std::ofstream{settings} << bad.config;
    const auto outcome = run_martletd(bad.words);
    EXPECT_EQ(outcome.exit_code, bad.exit_code) << outcome.err;
    EXPECT_NE(outcome.err.find(bad.says), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(Serve, SettingsOfTheOtherFileGoBefore) {
  start();
  EXPECT_EQ(stop().exit_code, 0);
  const auto settings = (root_ / "settings.toml").string();
  std::ofstream{settings} << "name = \"127.0.0.1\"\nenvelope_lifetime_days = 3\nreactors = 1\n";
  start({"--config", settings});
  EXPECT_EQ(server_.host, "127.0.0.1");
  EXPECT_NE(process_->out().find("https://127.0.0.1:"), std::string::npos);
}

TEST_F(Serve, HelpAndVersionAreNoMistakes) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--help"}, {"serve", "--help"}, {"invite", "--help"}, {"status", "--help"}}) {
    const auto outcome = run_martletd(words);
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_NE(outcome.out.find("Examples:"), std::string::npos);
    EXPECT_NE(outcome.out.find("Exit status:"), std::string::npos);
  }
  EXPECT_EQ(run_martletd({"--version"}).out, "martletd " MARTLET_VERSION "\n");
}

TEST_F(Serve, StoppingTellsEveryDevice) {
  start();
  const auto alice = member("alice@example.org");
  DeviceClient in{server_};
  ASSERT_TRUE(in.log_in(alice));
  DeviceClient stranger{server_};
  process_->signal(SIGTERM);
  for (auto* client : {&in, &stranger}) {
    const auto refusal = client->next_refusal();
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->code, wire::RefusalCode::shutting_down);
    EXPECT_EQ(client->closed(), net::CloseReason::peer);
  }
  EXPECT_EQ(process_->wait().exit_code, 0);
}

TEST_F(Serve, OnOneCoreItServesOnOneThreadAndStops) {
  const OneCore here;
  start();
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  DeviceClient sender{server_};
  DeviceClient reader{server_};
  ASSERT_TRUE(sender.log_in(alice));
  ASSERT_TRUE(reader.log_in(bob));
  for (std::uint64_t i = 0; i < 100; ++i) sender.say(1 + i, send_to(bob, i));
  EXPECT_EQ(sender.answers(100).size(), 100U);
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto deliver = reader.next_delivery();
    ASSERT_TRUE(deliver) << i;
    EXPECT_EQ(deliver->message, message(i));
    reader.say(0, wire::Acknowledge{{deliver->sequence}});
  }
  process_->signal(SIGTERM);
  const auto ended = process_->wait();
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_NE(ended.err.find("reactors=1"), std::string::npos) << ended.err;
}

TEST_F(Serve, LogsNameNobody) {
  start();
  const auto alice = member("alice.canary@example.org");
  DeviceClient client{server_};
  ASSERT_TRUE(client.log_in(alice));
  client.ask(wire::Lookup{"alice.canary@example.org"});
  client.say_bytes(Bytes{0xff, 0xff, 'c', 'a', 'n', 'a', 'r', 'y'});
  client.closed();
  const auto log = stop().err;
  EXPECT_NE(log.find("info started port="), std::string::npos) << log;
  EXPECT_NE(log.find("info stopped"), std::string::npos) << log;
  for (const auto& secret : {std::string{"canary"}, alice.id.hex(), to_base64url(alice.id.view()),
                             alice.account.hex(), server_.token}) {
    EXPECT_EQ(log.find(secret), std::string::npos) << secret;
  }
  EXPECT_EQ(std::ranges::count(log, '\n'), 3) << log;  // started, stopping, stopped
}

TEST_F(Serve, TwoDevicesTalkThroughIt) {
  start();
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  DeviceClient sender{server_};
  ASSERT_TRUE(sender.log_in(alice));
  const auto send = send_to(bob, 1, 1'000);
  EXPECT_TRUE(std::holds_alternative<wire::Accepted>(sender.ask(send)));
  DeviceClient reader{server_};
  ASSERT_TRUE(reader.log_in(bob));
  const auto waited = reader.next_delivery();
  ASSERT_TRUE(waited);
  EXPECT_EQ(waited->sealed, send.envelopes[0].sealed);
  EXPECT_TRUE(std::holds_alternative<wire::Accepted>(sender.ask(send_to(bob, 2))));
  const auto pushed = reader.next_delivery();
  ASSERT_TRUE(pushed);
  EXPECT_EQ(pushed->message, message(2));
  reader.say(0, wire::Acknowledge{{waited->sequence, pushed->sequence}});
  EXPECT_TRUE(std::holds_alternative<wire::Pong>(reader.ask(wire::Ping{})));
  DeviceClient again{server_};
  ASSERT_TRUE(again.log_in(bob));
  EXPECT_FALSE(again.next_delivery(Milliseconds{200}));
  EXPECT_EQ(reader.next_refusal()->code, wire::RefusalCode::device_elsewhere);
}

}  // namespace
}  // namespace martlet::martletd_test
