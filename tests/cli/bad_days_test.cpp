// Bad days: programs killed at any moment, a full disk. Nothing accepted is lost, nothing shown
// twice.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <thread>

#include "cli/world.h"

namespace martlet::cli_test {
namespace {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::milliseconds;

/// Whole lines only: who is killed may leave a part of one.
std::vector<Json> whole_lines(const std::string& out) {
  const auto end = out.rfind('\n');
  return end == std::string::npos ? std::vector<Json>{} : parse_lines(out.substr(0, end + 1));
}

std::map<std::string, int> counted(const std::vector<std::string>& texts) {
  std::map<std::string, int> counts;
  for (const auto& text : texts) ++counts[text];
  return counts;
}

/// Waits through moments that differ from run to run: what holds must hold at each of them.
class Moments {
 public:
  Moments() : seed_{std::random_device{}()}, random_{seed_} {
    ::testing::Test::RecordProperty("seed", std::to_string(seed_));
  }
  void pass(int milliseconds_max) {
    std::this_thread::sleep_for(
        Milliseconds{std::uniform_int_distribution{0, milliseconds_max}(random_)});
  }

 private:
  std::uint32_t seed_;
  std::mt19937 random_;
};

TEST(BadDays, AClientKilledBetweenReceiveAndAcknowledge) {
  constexpr int kMessages = 40;
  World world;
  std::vector<std::string> expected;
  for (int i = 0; i < kMessages; ++i) expected.push_back("number " + std::to_string(i));
  std::thread sender{[&] {
    for (const auto& text : expected) world.alice.lines({"send", "bob@example.org", text});
  }};

  Moments moments;
  std::map<std::string, int> printed;
  for (int kills = 0; kills < 30; ++kills) {
    auto watch = world.bob.start({"watch"});
    // From its start on, or from the first message on: then it is about to acknowledge.
    if (kills % 2 == 1) watch.wait_for_line("\"type\":\"message\"", 2s);
    moments.pass(kills % 2 == 1 ? 20 : 300);
    watch.signal(SIGKILL);
    for (const auto& text : texts_of(whole_lines(watch.wait().out))) ++printed[text];
  }
  sender.join();
  for (const auto& text : world.bob.texts({"watch", "--for", "0"})) ++printed[text];

  for (const auto& text : expected) EXPECT_GE(printed[text], 1) << text;
  EXPECT_EQ(printed.size(), expected.size());
  EXPECT_EQ(world.bob.texts({"history", "alice@example.org", "--limit", "1000"}), expected)
      << "stored exactly once, in order";
  EXPECT_EQ(world.bob.texts({"watch", "--for", "0"}), std::vector<std::string>{});
}

TEST(BadDays, ASenderKilledAtAnyMoment) {
  World world;
  Moments moments;
  std::vector<std::string> texts;
  for (int i = 0; i < 25; ++i) {
    texts.push_back("number " + std::to_string(i));
    auto send = world.alice.start({"send", "bob@example.org", texts.back()});
    moments.pass(250);
    send.signal(SIGKILL);
    send.wait();
  }
  // What came into the outbox before the kill goes out later, and only once.
  const auto own = world.alice.texts({"history", "bob@example.org", "--limit", "1000"});
  EXPECT_LE(own.size(), texts.size());
  EXPECT_EQ(world.bob.texts({"watch", "--for", "0"}), own);
}

struct Sender {
  Person person;
  std::vector<std::string> texts;
  std::set<std::string> accepted;
};

/// Sends all its texts; notes those that the server accepted. The others stay queued.
void send_all(Sender& sender) {
  for (const auto& text : sender.texts) {
    const auto outcome = sender.person.run({"send", "bob@example.org", text, "--timeout", "3s"});
    if (outcome.exit_code == 0) {
      sender.accepted.insert(text);
    } else {
      EXPECT_TRUE(outcome.exit_code == 4 || outcome.exit_code == 9) << outcome.err;
    }
  }
}

TEST(BadDays, AServerKilledUnderLoad) {
  World world;
  const std::string filler(2'000, '.');
  std::vector<Sender> senders;
  for (const auto* name : {"carol", "dave", "erin"}) {
    senders.push_back({world.enrolled(name), {}, {}});
    for (int i = 0; i < 15; ++i) {
      senders.back().texts.push_back(std::string{name} + " " + std::to_string(i) + filler);
    }
  }
  auto watch = world.bob.start({"watch"});
  std::vector<std::thread> threads;
  for (auto& sender : senders) threads.emplace_back([&sender] { send_all(sender); });
  Moments moments;
  for (int kills = 0; kills < 6; ++kills) {
    moments.pass(1'500);
    world.server.kill();
    moments.pass(200);
    ASSERT_TRUE(world.server.start());
  }
  for (auto& thread : threads) thread.join();
  for (auto& sender : senders)
    sender.person.lines({"watch", "--for", "0"});  // flush what is queued
  world.alice.lines({"send", "bob@example.org", "the end"});
  ASSERT_TRUE(watch.wait_for_line("the end"));
  watch.signal(SIGTERM);
  const auto outcome = watch.wait();
  EXPECT_EQ(outcome.exit_code, 0);

  auto live = counted(texts_of(parse_lines(outcome.out)));
  for (const auto& sender : senders) {
    EXPECT_GT(sender.accepted.size(), 0U) << "a test of nothing";
    for (const auto& text : sender.accepted) {
      EXPECT_EQ(live[text], 1) << sender.person.handle() << ": accepted";
    }
    for (const auto& text : sender.texts) {
      EXPECT_EQ(live[text], 1) << sender.person.handle() << ": queued, and sent later";
    }
    EXPECT_EQ(world.bob.texts({"history", sender.person.handle(), "--limit", "1000"}), sender.texts)
        << "in the sender's order";
  }
}

TEST(BadDays, PlaintextIsNowhere) {
  World world;
  const std::string canary = "the geese fly at dawn 5hVq";
  const std::string answer = "honk honk 9xKd";
  const auto check_server = [&] {
    EXPECT_EQ(files_with(world.server.data(), canary), std::set<std::string>{});
    EXPECT_EQ(files_with(world.server.data(), answer), std::set<std::string>{});
    for (const auto& file : files_with(world.server.data(), "alice@example.org")) {
      EXPECT_TRUE(file.starts_with("directory/")) << file << " names a handle";
    }
  };
  EXPECT_FALSE(files_with(world.server.data(), "alice@example.org").empty())
      << "the search finds nothing at all";
  world.alice.lines({"contact", "add", "Bobby Tables", "bob@example.org"});
  world.alice.lines({"send", "bob@example.org", canary});
  check_server();  // while it waits
  EXPECT_EQ(world.bob.texts({"watch", "--for", "0"}), std::vector<std::string>{canary});
  world.bob.lines({"send", "alice@example.org", answer, "--offline"});
  world.bob.lines({"read", "alice@example.org"});
  world.alice.lines({"watch", "--for", "0"});
  check_server();
  world.server.kill();
  check_server();

  for (const auto* person : {&world.alice, &world.bob}) {
    for (const auto& secret : {canary, answer, std::string{"bob@example.org"},
                               std::string{"alice@example.org"}, std::string{"Bobby Tables"}}) {
      EXPECT_EQ(files_with(person->profile(), secret), std::set<std::string>{}) << secret;
    }
  }
}

/// A small disk of its own. Needs root; `mounted` says whether it came to be.
class SmallDisk {
 public:
  SmallDisk(const std::filesystem::path& at, const std::string& size) : at_{at} {
    std::filesystem::create_directories(at_);
    mounted = ::mount("tmpfs", at_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
    if (!mounted) {
      std::cerr << "SKIPPED: only root can mount a small disk; the full-disk tests did not run\n";
    }
  }
  ~SmallDisk() {
    if (mounted) ::umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  void fill() const {
    std::ofstream out{at_ / "filler", std::ios::binary};
    for (std::size_t size = 1 << 20; size > 0; size /= 2) {
      const std::string part(size, 'f');
      while (out.write(part.data(), static_cast<std::streamsize>(size)).flush()) {
      }
      out.clear();
    }
  }
  void free() const { std::filesystem::remove(at_ / "filler"); }

  bool mounted = false;

 private:
  std::filesystem::path at_;
};

/// Sends until the server accepts no more; says whether it came to that.
bool send_until_refused(Sender& sender) {
  constexpr int kTextsMax = 100;  // of all senders together more than the store can have reserved
  const std::string filler(59'000, '.');
  for (int i = 0; i < kTextsMax; ++i) {
    sender.texts.push_back(std::to_string(i) + filler);
    const auto outcome =
        sender.person.run({"send", "bob@example.org", "-", "--timeout", "3s"}, sender.texts.back());
    if (outcome.exit_code == 0) continue;
    EXPECT_EQ(outcome.exit_code, 9) << outcome.err;
    return true;
  }
  return false;
}

TEST(BadDays, AFullDiskOfTheServer) {
  TemporaryFolder folder;
  const SmallDisk disk{folder.path() / "disk", "48m"};
  if (!disk.mounted) GTEST_SKIP() << "only root can mount a small disk";
  Server server{folder.path() / "disk" / "server"};
  ASSERT_TRUE(server.start());
  const Person bob{folder.path() / "bob", "bob@example.org"};
  bob.enroll(server.invite(bob.handle()));
  std::vector<Sender> senders;
  for (const auto* name : {"alice", "carol", "dave"}) {
    const Person person{folder.path() / name, std::string{name} + "@example.org"};
    person.enroll(server.invite(person.handle()));
    person.lines({"send", "bob@example.org", "before"});
    senders.push_back({person, {"before"}, {}});
  }

  disk.fill();
  std::vector<std::thread> threads;
  for (auto& sender : senders) {
    threads.emplace_back(
        [&sender] { EXPECT_TRUE(send_until_refused(sender)) << "it is not full"; });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(server.running()) << "a full disk is no reason to die";

  disk.free();
  for (auto& sender : senders) {
    sender.texts.push_back("it goes on by itself");
    sender.person.lines({"send", "bob@example.org", sender.texts.back(), "--timeout", "60s"});
  }
  bob.lines({"watch", "--for", "0"});
  for (const auto& sender : senders) {
    EXPECT_EQ(bob.texts({"history", sender.person.handle(), "--limit", "1000"}), sender.texts)
        << "all of them, once, in order";
  }
  server.kill();
  ASSERT_TRUE(server.start());
  EXPECT_EQ(bob.texts({"watch", "--for", "0"}), std::vector<std::string>{});
}

TEST(BadDays, AFullDiskOfTheClient) {
  World world;
  const SmallDisk disk{world.folder.path() / "disk", "2m"};
  if (!disk.mounted) GTEST_SKIP() << "only root can mount a small disk";
  const Person carol{world.folder.path() / "disk" / "carol", "carol@example.org"};
  carol.enroll(world.server.invite(carol.handle()));
  const std::string filler(50'000, '.');
  std::vector<std::string> expected;
  for (int i = 0; i < 5; ++i) {
    expected.push_back(std::to_string(i) + filler);
    world.alice.lines({"send", "carol@example.org", "-"}, expected.back());
  }
  disk.fill();
  const auto outcome = carol.run({"watch", "--for", "2s"});
  EXPECT_LT(texts_of(parse_lines(outcome.out)).size(), expected.size()) << "the disk is not full";
  const auto sent = carol.run({"send", "alice@example.org", "hi", "--timeout", "2s"});
  EXPECT_NE(sent.exit_code, 0);

  disk.free();
  carol.run({"watch", "--for", "0"});
  EXPECT_EQ(carol.texts({"history", "alice@example.org"}), expected) << "all of them, once";
}

}  // namespace
}  // namespace martlet::cli_test
