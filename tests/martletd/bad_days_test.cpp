// Kills, full disks, damaged files, and devices that do not behave.
#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <set>

#include "base/limits.h"
#include "one_core.h"
#include "server_process.h"

namespace martlet::martletd_test {
namespace {

namespace fs = std::filesystem;

struct BadDays : ServerProcess {
  /// Delivered to a fresh login until nothing more comes, acknowledged as it comes.
  std::vector<MessageId> read_all(const server::TestDevice& device, std::size_t expected) {
    DeviceClient reader{server_};
    EXPECT_TRUE(reader.log_in(device));
    std::vector<MessageId> got;
    while (got.size() < expected) {
      const auto deliver = reader.next_delivery();
      if (!deliver) break;
      got.push_back(deliver->message);
      reader.say(0, wire::Acknowledge{{deliver->sequence}});
    }
    EXPECT_FALSE(reader.next_delivery(Milliseconds{200}));
    return got;
  }
  /// Kills it again and again, and counts.
  void lose_nothing_to_kills() {
    start();
    const auto alice = member("alice@example.org");
    const auto bob = member("bob@example.org");
    std::set<MessageId> accepted;
    std::uint64_t number = 0;
    for (int life = 0; life < 4; ++life) {
      DeviceClient sender{server_};
      ASSERT_TRUE(sender.log_in(alice));
      // A window full of messages is always under way; the kill meets some half done.
      for (std::uint64_t i = 0; i < 200; ++i) sender.say(1'000 + i, send_to(bob, number++, 900));
      const auto answers = sender.answers(40 + 30 * static_cast<std::size_t>(life));
      process_->signal(SIGKILL);
      auto all = answers;
      for (auto& frame : sender.answers(200)) all.push_back(std::move(frame));
      process_->wait();
      for (const auto& frame : all) {
        if (const auto* body = std::get_if<wire::Accepted>(&frame.body))
          accepted.insert(body->message);
      }
      restart();
    }
    ASSERT_GT(accepted.size(), 200U);
    DeviceClient reader{server_};
    ASSERT_TRUE(reader.log_in(bob));
    auto missing = accepted;
    std::set<MessageId> seen;
    while (!missing.empty()) {
      // Some may come that were not accepted: written, but the answer did not make it.
      const auto deliver = reader.next_delivery();
      if (!deliver) break;
      EXPECT_TRUE(seen.insert(deliver->message).second) << "delivered twice on one connection";
      missing.erase(deliver->message);
      reader.say(0, wire::Acknowledge{{deliver->sequence}});
    }
    EXPECT_TRUE(missing.empty()) << missing.size() << " accepted messages are lost";
  }
  void limit_file_size(rlim_t bytes) const {
    const rlimit limit{bytes, RLIM_INFINITY};
    ASSERT_EQ(::prlimit(process_->pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  }
};

TEST_F(BadDays, KilledUnderLoadNothingAcceptedIsLost) { lose_nothing_to_kills(); }

TEST_F(BadDays, KilledUnderLoadOnOneCoreNothingAcceptedIsLost) {
  const OneCore here;
  lose_nothing_to_kills();
}

TEST_F(BadDays, AFullDiskRefusesNewMailKeepsOldAndRecoversByItself) {
  ::signal(SIGXFSZ, SIG_IGN);
  start();
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  DeviceClient sender{server_};
  ASSERT_TRUE(sender.log_in(alice));
  ASSERT_TRUE(std::holds_alternative<wire::Accepted>(sender.ask(send_to(bob, 0))));
  // No file may grow beyond so much: writes fail as they do when the disk is full.
  limit_file_size(256 * 1024);
  std::set<MessageId> accepted{message(0)};
  std::uint64_t number = 1;
  bool refused = false;
  while (!refused && number < 1'000) {
    const auto answer = sender.ask(send_to(bob, number, 10'000));
    const auto* refusal = std::get_if<wire::Refusal>(&answer);
    refused = refusal != nullptr;
    if (refused) {
      EXPECT_EQ(refusal->code, wire::RefusalCode::unavailable);
      EXPECT_GT(refusal->retry_after.count(), 0);
    } else {
      ASSERT_TRUE(std::holds_alternative<wire::Accepted>(answer));
      accepted.insert(message(number));
    }
    ++number;
  }
  ASSERT_TRUE(refused);
  EXPECT_NE(run_martletd({"status", "--data", data()}).out.find("disk_refuses"), std::string::npos);
  limit_file_size(RLIM_INFINITY);
  const auto again = sender.ask(send_to(bob, number, 10'000));
  EXPECT_TRUE(std::holds_alternative<wire::Accepted>(again));
  accepted.insert(message(number));
  EXPECT_NE(run_martletd({"status", "--data", data()}).out.find("health     ok"),
            std::string::npos);
  auto got = read_all(bob, accepted.size());
  EXPECT_EQ(std::set<MessageId>(got.begin(), got.end()), accepted);
  const auto log = stop().err;
  EXPECT_NE(log.find("warning disk_refuses"), std::string::npos) << log;
  EXPECT_NE(log.find("info disk_works_again"), std::string::npos) << log;
}

TEST_F(BadDays, ADamagedMailboxFileIsNamedAndServedOnlyWhenAccepted) {
  start();
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  {
    DeviceClient sender{server_};
    ASSERT_TRUE(sender.log_in(alice));
    for (std::uint64_t i = 0; i < 50; ++i) {
      ASSERT_TRUE(std::holds_alternative<wire::Accepted>(sender.ask(send_to(bob, i, 2'000))));
    }
  }
  kill();
  fs::path log;
  for (const auto& entry : fs::directory_iterator(fs::path{data()} / "mailbox-log")) {
    if (entry.path().extension() == ".log") log = entry.path();
  }
  ASSERT_GT(fs::file_size(log), 100'000U) << log;
  {
    std::fstream file{log, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(50'000);
    const std::string garbage(2'500, 'U');  // more than one envelope, of fifty
    file.write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
  }
  const auto outcome = run_martletd(serve_words());
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.err.find("damaged: " + log.string()), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(run_martletd({"status", "--data", data()}).exit_code, 3);

  std::ofstream{fs::path{data()} / "server.toml", std::ios::app}
      << "\n[store]\naccept_damage = true\n";
  restart();
  const auto got = read_all(bob, 50);
  EXPECT_GE(got.size(), 47U);
  EXPECT_LT(got.size(), 50U);
  EXPECT_NE(stop().err.find("damaged: " + log.string()), std::string::npos);
}

TEST_F(BadDays, ADeviceThatNeverReadsHoldsUpNobody) {
  start();
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  const auto carol = member("carol@example.org");
  DeviceClient deaf{server_};
  ASSERT_TRUE(deaf.log_in(bob));  // and from now on its reactor never turns
  DeviceClient sender{server_};
  ASSERT_TRUE(sender.log_in(alice));
  for (std::uint64_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(std::holds_alternative<wire::Accepted>(sender.ask(send_to(bob, i, 60'000))));
  }
  DeviceClient reader{server_};
  ASSERT_TRUE(reader.log_in(carol));
  ASSERT_TRUE(std::holds_alternative<wire::Accepted>(sender.ask(send_to(carol, 1'000))));
  EXPECT_TRUE(reader.next_delivery());
  EXPECT_EQ(read_all(bob, 100).size(), 100U);
}

TEST_F(BadDays, SendsWithoutPauseAreAllAnswered) {
  start();
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  DeviceClient sender{server_};
  ASSERT_TRUE(sender.log_in(alice));
  const std::size_t count = 3 * limits::kSendsInFlightMax;
  for (std::size_t i = 0; i < count; ++i) sender.say(1 + i, send_to(bob, i));
  const auto answers = sender.answers(count);
  ASSERT_EQ(answers.size(), count);
  for (const auto& frame : answers) {
    EXPECT_TRUE(std::holds_alternative<wire::Accepted>(frame.body));
  }
  const auto got = read_all(bob, count);
  ASSERT_EQ(got.size(), count);
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(got[i], message(i)) << "out of order at " << i;
}

TEST_F(BadDays, AFrameTooLongForAStrangerEndsTheConnection) {
  start();
  DeviceClient stranger{server_};
  stranger.say_bytes(Bytes(limits::kStrangerFrameBytesMax + 1));
  EXPECT_TRUE(stranger.closed());
  const auto alice = member("alice@example.org");
  DeviceClient in{server_};
  ASSERT_TRUE(in.log_in(alice));
  EXPECT_TRUE(std::holds_alternative<wire::Accepted>(in.ask(send_to(alice, 1, 60'000))));
}

TEST_F(BadDays, SilenceBeforeTheLoginEnds) {
  start();
  DeviceClient silent{server_};
  EXPECT_TRUE(silent.closed());  // after kHandshakeTimeout
}

}  // namespace
}  // namespace martlet::martletd_test
