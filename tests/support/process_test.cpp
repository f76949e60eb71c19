#include "support/process.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace martlet::support {
namespace {

using namespace std::chrono_literals;

ProcessOptions shell(const std::string& command) {
  return {{"sh", "-c", command}, {}, {}, {}, false};
}

TEST(Process, CarriesInputOutputAndStatus) {
  auto options = shell("cat; echo $COLOUR >&2; pwd; exit 7");
  options.input = std::string(300'000, 'x') + "\n";
  options.added["COLOUR"] = "green";
  options.folder = "/";
  const auto outcome = run(options);
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_EQ(outcome.out, options.input + "/\n");
  EXPECT_EQ(outcome.err, "green\n");
}

TEST(Process, GivesLinesAsTheyCome) {
  Process process{shell("echo one; echo two; exec cat")};
  EXPECT_EQ(process.wait_for_line("o"), "one");
  EXPECT_EQ(process.wait_for_line("o"), "two");
  EXPECT_EQ(process.wait_for_line("three"), std::nullopt) << "it ended";
  EXPECT_EQ(process.wait().exit_code, 0);
}

TEST(Process, TellsHowItWasKilled) {
  Process process{shell("echo ready; exec sleep 600")};
  ASSERT_TRUE(process.wait_for_line("ready"));
  EXPECT_TRUE(process.running());
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait().exit_code, 128 + SIGTERM);
  EXPECT_FALSE(process.running());
}

TEST(Process, KillsWhatDoesNotEnd) {
  const auto outcome = run(shell("exec sleep 600"), 50ms);
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_EQ(outcome.exit_code, 128 + SIGKILL);
}

TEST(Process, AProgramThatIsNotThere) {
  EXPECT_EQ(run({{"/no/such/program"}, {}, {}, {}, false}).exit_code, 127);
}

TEST(Process, OnATerminal) {
  auto options = shell("test -t 0 && test -t 1 && test -t 2 && echo yes");
  options.on_terminal = true;
  EXPECT_EQ(run(options).out, "yes\r\n");
}

}  // namespace
}  // namespace martlet::support
