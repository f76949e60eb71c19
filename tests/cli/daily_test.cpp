// What happens on a good day while a program runs: messages pushed live, signals, servers that
// restart.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/world.h"

namespace martlet::cli_test {
namespace {

TEST(Watch, PrintsWhatIsPushed) {
  World world;
  auto watch = world.bob.start({"watch"});
  for (const auto* text : {"one", "two", "three"}) {
    world.alice.lines({"send", "bob@example.org", text});
    const auto line = watch.wait_for_line("\"type\":\"message\"");
    ASSERT_TRUE(line);
    EXPECT_EQ(Json::parse(*line)["text"], text);
  }
  watch.signal(SIGTERM);
  EXPECT_EQ(watch.wait().exit_code, 0);
}

TEST(Watch, DeliversAndTellsTheSender) {
  World world;
  auto watch = world.bob.start({"watch"});
  const auto sent = world.alice.lines({"send", "bob@example.org", "there?", "--wait", "delivered"});
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0]["state"], "delivered");
}

TEST(Watch, ASignalEndsItWithoutFault) {
  World world;
  world.alice.lines({"send", "bob@example.org", "before"});
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    auto watch = world.bob.start({"watch", "--since", "0"});
    ASSERT_TRUE(watch.wait_for_line("before"));
    watch.signal(signal);
    const auto outcome = watch.wait();
    EXPECT_EQ(outcome.exit_code, 0) << signal;
    EXPECT_EQ(outcome.err, "");
  }
  world.server.stop();
  auto watch = world.bob.start({"watch", "--since", "0"});
  ASSERT_TRUE(watch.wait_for_line("before"));
  watch.signal(SIGINT);
  EXPECT_EQ(watch.wait().exit_code, 0) << "without a server, too";
}

TEST(Watch, ASignalIsHeededWhileNobodyReadsAndNothingUnprintedCounts) {
  World world;
  const std::string large(59'000, 'y');
  for (const auto* number : {"1 ", "2 ", "3 "}) {
    world.alice.lines({"send", "bob@example.org", "-"}, number + large);
  }
  world.bob.lines({"chats"});  // so that all is here before watch begins

  const auto fifo = (world.folder.path() / "fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  auto command = world.bob.command({"watch", "--offline"});
  command.words.insert(command.words.begin(), {"sh", "-c", "exec \"$@\" >" + fifo, "sh"});
  Process watch{command};
  // A pipe holds 64 KiB: the first event fits, the second one does not.
  std::string got(100, '\0');
  while (::read(reader, got.data(), 1) != 1) {
    ASSERT_TRUE(watch.running()) << watch.wait().err;
    ::usleep(1'000);
  }
  watch.signal(SIGTERM);
  EXPECT_EQ(watch.wait().exit_code, 0);
  ::close(reader);

  const auto rest = world.bob.texts({"watch", "--for", "0"});
  ASSERT_GE(rest.size(), 2U);
  EXPECT_EQ(rest[rest.size() - 2].substr(0, 2), "2 ");
  EXPECT_EQ(rest.back().substr(0, 2), "3 ");
}

TEST(Watch, FindsBackToARestartedServer) {
  World world;
  auto watch = world.bob.start({"watch"});
  world.alice.lines({"send", "bob@example.org", "before"});
  ASSERT_TRUE(watch.wait_for_line("before"));
  for (const bool gently : {true, false}) {
    gently ? world.server.stop() : world.server.kill();
    ASSERT_TRUE(world.server.start());
    const auto text = gently ? "after a stop" : "after a kill";
    world.alice.lines({"send", "bob@example.org", text});
    ASSERT_TRUE(watch.wait_for_line(text)) << text;
  }
  watch.signal(SIGTERM);
  const auto outcome = watch.wait();
  EXPECT_EQ(outcome.exit_code, 0);
  const std::vector<std::string> expected{"before", "after a stop", "after a kill"};
  EXPECT_EQ(texts_of(parse_lines(outcome.out)), expected);
}

TEST(Watch, EndsQuietlyWhenItsReaderGoesAway) {
  World world;
  auto command = world.bob.command({"watch"});
  std::string line = "exec 2>&1; { ";
  for (const auto& word : command.words) line += "'" + word + "' ";
  Process both{{{"sh", "-c", line + "; echo \"exit $?\" >&2; } | head -n 1"}, {}, {}, {}, false}};
  world.alice.lines({"send", "bob@example.org", "first"});
  ASSERT_TRUE(both.wait_for_line("first"));
  world.alice.lines({"send", "bob@example.org", "second"});
  const auto outcome = both.wait();
  EXPECT_NE(outcome.out.find("exit 0"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("error"), std::string::npos) << outcome.out;
  EXPECT_EQ(world.bob.texts({"watch", "--for", "0"}), std::vector<std::string>{"second"});
}

TEST(Send, ManyInBothDirectionsArriveInOrder) {
  World world;
  std::vector<std::string> expected;
  for (int i = 0; i < 12; ++i) {
    expected.push_back("number " + std::to_string(i));
    world.alice.lines({"send", "bob@example.org", expected.back()});
    world.bob.lines({"send", "alice@example.org", expected.back()});
  }
  EXPECT_EQ(world.alice.texts({"watch", "--for", "0"}), expected);
  EXPECT_EQ(world.bob.texts({"watch", "--for", "0"}), expected);
}

}  // namespace
}  // namespace martlet::cli_test
