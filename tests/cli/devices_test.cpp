// Several devices of one account, linked as people link them, through the real programs.
#include <gtest/gtest.h>
#include <signal.h>

#include "cli/world.h"

namespace martlet::cli_test {
namespace {

/// Alice's account, and how her further devices come in.
class Devices : public testing::Test {
 protected:
  Person profile(const std::string& name) {
    return {world_.folder.path() / name, "alice@example.org"};
  }

  /// A new device that waits, and what it shows.
  struct Newcomer {
    Person person;
    Process process;
    Json shown;
  };
  Newcomer newcomer(const std::string& name, const std::string& answers = {}) {
    auto person = profile(name);
    Process process{person.command({"device", "link", address_, "--device-name", name}, answers)};
    const auto line = process.wait_for_line("\"type\":\"link\"");
    EXPECT_TRUE(line);
    return {std::move(person), std::move(process), line ? Json::parse(*line) : Json{}};
  }
  Person linked(const std::string& name, const Person& by, const std::string& role = "admin") {
    auto device = newcomer(name);
    const auto approved =
        by.lines({"device", "approve", device.shown["payload"], "--yes", "--role", role});
    EXPECT_EQ(approved.at(0)["type"], "approved");
    const auto outcome = device.process.wait();
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(parse_lines(outcome.out).back()["type"], "linked");
    EXPECT_EQ(parse_lines(outcome.out).back()["device"], approved.at(0)["device"]);
    return device.person;
  }
  static std::string id_of(const Person& person) {
    return person.lines({"whoami"}).at(0)["device"];
  }

  World world_;
  const std::string address_ = world_.alice.lines({"whoami"}).at(0)["server"];
};

TEST_F(Devices, EveryMessageShowsOnAllOfThem) {
  const Person phone = linked("phone", world_.alice);
  const Person tablet = linked("tablet", phone);
  EXPECT_EQ(tablet.lines({"device", "ls"}).size(), 3U);

  const auto sent = world_.bob.lines({"send", "alice@example.org", "to all of you"});
  EXPECT_EQ(sent.at(0)["devices"], 3);
  for (const auto* device : std::initializer_list<const Person*>{&world_.alice, &phone, &tablet}) {
    EXPECT_EQ(device->texts({"watch", "--for", "0"}), std::vector<std::string>{"to all of you"});
  }
  phone.lines({"send", "bob@example.org", "from the phone", "--wait", "sent"});
  EXPECT_EQ(world_.bob.texts({"watch", "--for", "0"}), std::vector<std::string>{"from the phone"});
  for (const auto* device : std::initializer_list<const Person*>{&world_.alice, &phone, &tablet}) {
    const auto rows = device->lines({"history", "bob@example.org"});
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[1]["text"], "from the phone");
    EXPECT_EQ(rows[1]["direction"], "out");
    EXPECT_EQ(rows[1]["state"], "delivered");
  }
  // Each calls the others by their names, also after one was renamed from another.
  const auto names = [](const Person& person) {
    std::set<std::string> all;
    for (const auto& row : person.lines({"device", "ls"})) all.insert(row["name"]);
    return all;
  };
  world_.alice.lines({"device", "rename", id_of(world_.alice), "laptop"});
  world_.alice.lines({"device", "rename", id_of(tablet), "big tablet"});
  const std::set<std::string> expected{"laptop", "phone", "big tablet"};
  EXPECT_EQ(names(phone), expected);
  EXPECT_EQ(names(tablet), expected);
  EXPECT_EQ(names(world_.alice), expected);
  EXPECT_EQ(tablet.lines({"whoami"}).at(0)["device_name"], "big tablet");
  // What is read on one is read on the others.
  tablet.lines({"read", "bob@example.org"});
  EXPECT_EQ(world_.alice.lines({"chats"}).at(0)["unread"], 0);
}

TEST_F(Devices, AllOfThemSayWhenOneComesAndGoes) {
  const Person phone = linked("phone", world_.alice);
  const auto phone_id = id_of(phone);
  auto watch_laptop = world_.alice.start({"watch", "--since", "0"});
  auto watch_phone = phone.start({"watch", "--since", "0"});
  ASSERT_TRUE(watch_laptop.wait_for_line(phone_id));  // the phone itself was added
  const auto tablet_id = [&] {
    auto device = newcomer("tablet", "y\n");
    // The profiles are in use by watch, so a third one approves.
    watch_phone.signal(SIGTERM);
    watch_phone.wait();
    phone.lines({"device", "approve", device.shown["payload"], "--yes"});
    return std::string{parse_lines(device.process.wait().out).back()["device"]};
  }();
  const auto alert = watch_laptop.wait_for_line(tablet_id, std::chrono::seconds{5});
  ASSERT_TRUE(alert);
  EXPECT_EQ(Json::parse(*alert)["type"], "device");
  EXPECT_EQ(Json::parse(*alert)["what"], "added");

  auto watch_tablet = profile("tablet").start({"watch"});
  const auto revoked = phone.lines({"device", "revoke", tablet_id, "--yes", "--reason", "lost"});
  EXPECT_EQ(revoked.at(0)["device"], tablet_id);
  const auto gone = watch_laptop.wait_for_line("\"revoked\"", std::chrono::seconds{5});
  ASSERT_TRUE(gone);
  EXPECT_EQ(Json::parse(*gone)["device"], tablet_id);
  const auto ended = watch_tablet.wait();
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_EQ(error_of(ended)["code"], "device_revoked");
  // Bob's next message goes to exactly the two that are left.
  EXPECT_EQ(world_.bob.lines({"send", "alice@example.org", "hi"}).at(0)["devices"], 2);
}

TEST_F(Devices, ByDigitsThatBothScreensShow) {
  auto device = newcomer("phone", "y\n");
  const auto outcome = world_.alice.run({"device", "approve", device.shown["number"]}, "y\n");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto linked = device.process.wait();
  EXPECT_EQ(linked.exit_code, 0) << linked.err;
  const auto there = parse_lines(linked.out);
  const auto here = parse_lines(outcome.out);
  ASSERT_EQ(there.size(), 3U);
  ASSERT_EQ(here.size(), 2U);
  EXPECT_EQ(there[1]["type"], "compare");
  EXPECT_EQ(here[0]["type"], "admit");
  EXPECT_EQ(here[0]["digits"], there[1]["digits"]);
  EXPECT_NE(here[0]["digits"], device.shown["number"]);
}

TEST_F(Devices, ANoOnEitherScreenKeepsItOut) {
  struct Case {
    const char* there;
    const char* here;
  };
  for (const auto& [there, here] : {Case{"n\n", "y\n"}, Case{"y\n", "n\n"}, Case{"", "y\n"}}) {
    auto device = newcomer("phone", there);
    const auto outcome = world_.alice.run({"device", "approve", device.shown["number"]}, here);
    EXPECT_NE(outcome.exit_code, 0) << there << here;
    EXPECT_NE(device.process.wait().exit_code, 0) << there << here;
    EXPECT_EQ(world_.alice.lines({"device", "ls"}).size(), 1U);
  }
}

TEST_F(Devices, WhatIsNoCodeIsRefused) {
  struct Case {
    std::vector<std::string> words;
    int exit_code;
    const char* code;
  };
  const Case cases[] = {
      {{"device", "approve", "hello"}, 2, "usage"},
      {{"device", "approve", "1234567"}, 2, "usage"},
      {{"device", "approve", "12345678", "--yes"}, 2, "usage"},
      {{"device", "approve", "12345678"}, 7, "unknown_device"},
      {{"device", "revoke", "nothing", "--yes"}, 7, "unknown_device"},
      {{"device", "revoke", id_of(world_.alice)}, 2, "usage"},  // nobody said yes
      {{"device", "link", address_}, 2, "already_enrolled"},
  };
  for (const auto& [words, exit_code, code] : cases) {
    const auto outcome = world_.alice.run(words);
    EXPECT_EQ(outcome.exit_code, exit_code) << words[1];
    EXPECT_EQ(error_of(outcome)["code"], code) << words[1];
  }
  const auto nowhere = profile("x").run({"device", "link", "not a server"});
  EXPECT_EQ(nowhere.exit_code, 2);
}

TEST_F(Devices, FiveWrongNumbersAndTheServerPauses) {
  std::string code;
  for (int i = 0; i < 6; ++i) {
    code = error_of(world_.alice.run({"device", "approve", "0000000" + std::to_string(i)}))["code"];
    EXPECT_EQ(code, i < 5 ? "unknown_device" : "rate_limited") << i;
  }
}

TEST_F(Devices, ADeviceThatGaveUpIsNoLongerThere) {
  auto device = newcomer("phone");
  device.process.signal(SIGINT);
  EXPECT_NE(device.process.wait().exit_code, 0);
  const auto outcome = world_.alice.run({"device", "approve", device.shown["payload"], "--yes"});
  EXPECT_EQ(error_of(outcome)["code"], "unknown_device");
}

TEST_F(Devices, TwoApproveAtTheSameMoment) {
  const Person phone = linked("phone", world_.alice);
  auto first = newcomer("first");
  auto second = newcomer("second");
  Process by_laptop{world_.alice.command({"device", "approve", first.shown["payload"], "--yes"})};
  Process by_phone{phone.command({"device", "approve", second.shown["payload"], "--yes"})};
  EXPECT_EQ(by_laptop.wait().exit_code, 0);
  EXPECT_EQ(by_phone.wait().exit_code, 0);
  EXPECT_EQ(first.process.wait().exit_code, 0);
  EXPECT_EQ(second.process.wait().exit_code, 0);
  EXPECT_EQ(phone.lines({"device", "ls"}).size(), 4U);
}

TEST_F(Devices, AMemberApprovesNobody) {
  const auto browser = linked("browser", world_.alice, "member");
  auto device = newcomer("phone");
  const auto outcome = browser.run({"device", "approve", device.shown["payload"], "--yes"});
  EXPECT_EQ(outcome.exit_code, 8);
  const auto revoke = browser.run({"device", "revoke", id_of(world_.alice), "--yes"});
  EXPECT_EQ(revoke.exit_code, 8);
  // But it may leave.
  EXPECT_EQ(browser.lines({"device", "revoke", id_of(browser), "--yes"}).at(0)["own"], true);
  EXPECT_EQ(browser.run({"chats"}).exit_code, 0) << "what is on it stays readable";
}

TEST_F(Devices, TheWordsBringAnAccountBack) {
  const std::string words = world_.alice.lines({"recovery", "show"}).at(0)["words"];
  auto typed = words;
  typed.replace(0, typed.find(' '), "zzzz");
  const auto fresh = profile("fresh");
  const auto typo = fresh.run({"recovery", "use", address_, "alice@example.org"}, typed);
  EXPECT_EQ(typo.exit_code, 2);
  EXPECT_NE(std::string{error_of(typo)["message"]}.find("word 1 "), std::string::npos);
  const auto other = fresh.run({"recovery", "use", address_, "bob@example.org"}, words);
  EXPECT_EQ(error_of(other)["code"], "refused");
  const auto back = fresh.lines({"recovery", "use", address_, "alice@example.org"}, words);
  EXPECT_EQ(back.at(0)["type"], "recovered");
  EXPECT_EQ(back.at(0)["public_code"], world_.alice.lines({"whoami"}).at(0)["public_code"]);
  fresh.lines({"device", "revoke", id_of(world_.alice), "--yes", "--reason", "lost"});
  EXPECT_EQ(world_.alice.run({"watch", "--for", "0"}).exit_code, 3);
  EXPECT_EQ(world_.bob.lines({"send", "alice@example.org", "welcome back"}).at(0)["devices"], 1);
  EXPECT_EQ(fresh.texts({"watch", "--for", "0"}), std::vector<std::string>{"welcome back"});
}

TEST_F(Devices, ForgottenWordsAreGoneFromTheProfile) {
  world_.alice.lines({"recovery", "forget", "--yes"});
  const auto outcome = world_.alice.run({"recovery", "show"});
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_EQ(error_of(outcome)["code"], "unknown_words");
}

}  // namespace
}  // namespace martlet::cli_test
