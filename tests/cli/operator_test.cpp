// What the operator does to accounts, as their people see it.
#include <gtest/gtest.h>
#include <signal.h>

#include "cli/world.h"

namespace martlet::cli_test {
namespace {

struct Users : ::testing::Test {
  Outcome user(std::vector<std::string> words, const std::string& input = {},
               bool on_terminal = false) const {
    support::ProcessOptions options;
    options.words = {program("martletd"), "user"};
    options.words.insert(options.words.end(), words.begin(), words.end());
    options.words.insert(options.words.end(), {"--data", world.server.data().string()});
    options.input = input;
    options.on_terminal = on_terminal;
    return support::run(options);
  }
  Json json(std::vector<std::string> words) const {
    words.emplace_back("--json");
    const auto outcome = user(std::move(words));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const auto lines = parse_lines(outcome.out);
    EXPECT_EQ(lines.size(), 1U) << outcome.out;
    return lines.empty() ? Json{} : lines.front();
  }
  Json listed(const std::string& handle) const {
    const auto all = json({"ls"});
    for (const auto& one : all["users"]) {
      if (one["handles"] == Json::array({handle})) return one;
    }
    return {};
  }
  void expect_refused(const Outcome& outcome, int exit_code, const std::string& code) const {
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_EQ(error_of(outcome)["code"], code);
  }
  World world;
};

TEST_F(Users, TheListShowsWhoIsThereAndNothingOfWhatIsSaid) {
  world.alice.lines({"send", "bob@example.org", "a secret 4711"});
  for (const bool running : {true, false}) {
    SCOPED_TRACE(running ? "running" : "stopped");
    const auto bob = listed("bob@example.org");
    EXPECT_EQ(bob["devices"], 1);
    EXPECT_EQ(bob["state"], "active");
    EXPECT_EQ(bob["admin"], false);
    EXPECT_EQ(bob["waiting"]["items"], 1);
    EXPECT_EQ(bob["created"].get<std::string>().substr(0, 2), "20");
    const auto text = user({"ls"});
    EXPECT_NE(text.out.find("bob@example.org"), std::string::npos) << text.out;
    EXPECT_NE(text.out.find("1 waiting"), std::string::npos) << text.out;
    EXPECT_EQ(text.out.find("Bob"), std::string::npos) << "names are sealed: " << text.out;
    if (running) world.server.stop();
  }
}

TEST_F(Users, ASuspendedAccountIsToldAndItsSendersAre) {
  auto watch = world.bob.start({"watch"});
  world.alice.lines({"send", "bob@example.org", "before", "--wait", "delivered"});
  EXPECT_EQ(json({"suspend", "bob@example.org"})["user"]["state"], "suspended");
  const auto ended = watch.wait();
  expect_refused(ended, 8, "account_suspended");
  expect_refused(world.bob.run({"send", "alice@example.org", "kept here"}), 8, "account_suspended");
  expect_refused(world.alice.run({"send", "bob@example.org", "no"}), 8, "peer_suspended");
  const auto failed = world.alice.lines({"history", "bob@example.org"}).back();
  EXPECT_EQ(failed["state"], "failed");
  EXPECT_EQ(failed["reason"], "suspended");
  EXPECT_EQ(listed("bob@example.org")["state"], "suspended");

  EXPECT_EQ(json({"resume", "bob@example.org"})["user"]["state"], "active");
  world.alice.lines({"send", "bob@example.org", "after"});
  EXPECT_EQ(world.bob.texts({"watch", "--for", "0"}), std::vector<std::string>{"after"});
  EXPECT_EQ(world.alice.texts({"watch", "--for", "0"}), std::vector<std::string>{"kept here"});
}

TEST_F(Users, SuspendingWorksWithoutTheServer) {
  world.server.stop();
  json({"suspend", "bob@example.org"});
  ASSERT_TRUE(world.server.start());
  expect_refused(world.bob.run({"watch", "--for", "0"}), 8, "account_suspended");
  world.server.stop();
  json({"resume", "bob@example.org"});
  ASSERT_TRUE(world.server.start());
  world.bob.lines({"watch", "--for", "0"});
}

TEST_F(Users, OfAnErasedAccountNothingStays) {
  const std::string kName = "canary-4711";
  const auto canary = world.enrolled(kName);
  const auto spare = world.server.invite("spare-4712@example.org");
  const auto& data = world.server.data();
  for (const bool running : {true, false}) {
    SCOPED_TRACE(running ? "running" : "stopped");
    const auto name = running ? kName : "other-4713";
    const auto person = running ? canary : world.enrolled(name);
    world.alice.lines({"send", person.handle(), "for the canary"});
    person.lines({"send", "alice@example.org", "from the canary"});
    auto watch = person.start({"watch"});
    ASSERT_TRUE(watch.wait_for_line("for the canary"));
    if (!running) {
      watch.signal(SIGTERM);
      world.server.stop();
    }
    EXPECT_FALSE(files_with(data, name).empty());  // or the search finds nothing anyway
    const auto erased = json({"erase", person.handle(), "--yes"});
    EXPECT_EQ(erased["type"], "user_erased");
    EXPECT_EQ(erased["scrubbed"], true);
    EXPECT_EQ(files_with(data, name), std::set<std::string>{});
    EXPECT_FALSE(files_with(data, "spare-4712").empty());
    EXPECT_TRUE(listed(person.handle()).is_null());
    if (running) {
      expect_refused(watch.wait(), 3, "account_erased");
    } else {
      watch.wait();
      ASSERT_TRUE(world.server.start());
    }
    expect_refused(person.run({"watch", "--for", "0"}), 3, "account_erased");
    expect_refused(world.alice.run({"send", person.handle(), "who?"}), 7, "unknown_handle");
    EXPECT_EQ(files_with(data, name), std::set<std::string>{});
    EXPECT_EQ(user({"erase", person.handle(), "--yes"}).exit_code, 7);
  }
  // The handle is free for somebody else.
  const Person heir{world.folder.path() / "heir", canary.handle()};
  heir.enroll(world.server.invite(heir.handle()));
}

TEST_F(Users, ErasingAsksFirst) {
  const auto script = user({"erase", "bob@example.org"});
  EXPECT_EQ(script.exit_code, 2);
  EXPECT_NE(script.err.find("--yes"), std::string::npos) << script.err;
  EXPECT_EQ(user({"erase", "bob@example.org"}, "n\n", true).exit_code, 8);
  EXPECT_EQ(user({"erase", "bob@example.org"}, "\n", true).exit_code, 8);
  EXPECT_EQ(listed("bob@example.org")["state"], "active");
  EXPECT_EQ(user({"erase", "bob@example.org"}, "y\n", true).exit_code, 0);
  EXPECT_TRUE(listed("bob@example.org").is_null());
}

TEST_F(Users, WhoIsNobodyIsRefused) {
  const struct {
    const char* name;
    std::vector<std::string> words;
    int exit_code;
  } kCases[] = {
      {"nobody", {"suspend", "carol@example.org"}, 7},
      {"no handle", {"resume", "carol"}, 2},
      {"an id of nobody", {"erase", std::string(43, 'A'), "--yes"}, 7},
      {"nothing", {"suspend"}, 2},
      {"no verb", {}, 2},
      {"another verb", {"promote", "bob@example.org"}, 2},
      {"too much", {"ls", "bob@example.org"}, 2},
  };
  for (const bool running : {true, false}) {
    for (const auto& [name, words, exit_code] : kCases) {
      SCOPED_TRACE(std::string{name} + (running ? ", running" : ", stopped"));
      const auto outcome = user(words);
      EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
      EXPECT_EQ(outcome.out, "");
      EXPECT_NE(outcome.err, "");
    }
    if (running) world.server.stop();
  }
}

}  // namespace
}  // namespace martlet::cli_test
