// Address books as phones and mail programs export them, and writing to people by name. Everybody
// in tests/cli/address_books is invented.
#include <gtest/gtest.h>

#include <filesystem>

#include "cli/world.h"

namespace martlet::cli_test {
namespace {

std::string book(const std::string& name) {
  return std::string{MARTLET_SOURCE_DIR} + "/tests/cli/address_books/" + name;
}

struct Contacts : ::testing::Test {
  Json import(const std::string& file, const std::string& region = "DE") const {
    const auto lines = world.alice.lines({"--region", region, "contact", "import", book(file)});
    return lines.empty() ? Json{} : lines.front();
  }
  void expect_import(const std::string& file, int added, int unchanged, int skipped) const {
    SCOPED_TRACE(file);
    const auto result = import(file);
    EXPECT_EQ(result["type"], "imported");
    EXPECT_EQ(result["added"], added) << result;
    EXPECT_EQ(result["unchanged"], unchanged) << result;
    EXPECT_EQ(result["renamed"], 0) << result;
    EXPECT_EQ(result["skipped"], skipped) << result;
    EXPECT_EQ(result["skips"].size(), static_cast<std::size_t>(skipped));
  }
  Json handles_of(const std::string& name) const {
    for (const auto& contact : world.alice.lines({"contact", "ls"})) {
      if (contact["name"] == name) return contact["handles"];
    }
    return {};
  }
  std::string ambiguous(const std::vector<std::string>& words) const {
    const auto outcome = world.alice.run(words);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    const auto error = error_of(outcome);
    EXPECT_EQ(error["code"], "ambiguous_name");
    std::string names;
    for (const auto& one : error["candidates"]) {
      names += one["name"].get<std::string>() + "=" + one["handle"].get<std::string>() + " ";
    }
    return names;
  }
  World world;
};

TEST_F(Contacts, ExportsOfPhonesAreTakenOverOnce) {
  for (const bool again : {false, true}) {
    SCOPED_TRACE(again);
    expect_import("iphone.vcf", again ? 0 : 5, again ? 5 : 0, 0);
    expect_import("android.vcf", again ? 0 : 5, again ? 5 : 0, 1);
    expect_import("google.vcf", again ? 0 : 2, again ? 2 : 0, 2);
    expect_import("mail_program.vcf", again ? 0 : 2, again ? 2 : 0, 1);
  }
  EXPECT_EQ(handles_of("Robert Miller"), (Json{"+14155552671", "+491712345678", "bob@example.org",
                                               "robert.miller@boats.example"}));
  EXPECT_EQ(handles_of("Åse Marie Sørensen"), Json::array({"+49301234567"}));
  EXPECT_EQ(handles_of("Anna Sophie Müller"),
            (Json{"+442079460018", "+491712345679", "+49307654321", "anna@example.org"}));
  EXPECT_EQ(handles_of("José López"), Json::array({"+34612345678"}));
  EXPECT_EQ(handles_of("Bob Jones"), (Json{"+491712345670", "bob.jones@example.org"}));
  EXPECT_EQ(handles_of("Carol Bright"), (Json{"+33612345678", "carol@example.org"}));
  EXPECT_TRUE(handles_of("Voicemail").is_null());
}

TEST_F(Contacts, WhatIsSkippedIsToldWithItsLineAndReason) {
  const auto lines = world.alice.lines({"contact", "import", book("iphone.vcf")});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["added"], 3);
  EXPECT_EQ(lines[0]["skipped"], 2);
  EXPECT_EQ(lines[0]["without_country"], 2);
  EXPECT_EQ(lines[0]["skips"][0]["name"], "Robert Miller");
  EXPECT_EQ(lines[0]["skips"][0]["value"], "0171 2345678");
  EXPECT_EQ(lines[0]["skips"][0]["reason"], "a phone number without its country");
  EXPECT_EQ(lines[0]["skips"][0]["line"], 1);
  const auto more = import("google.vcf");
  EXPECT_EQ(more["skips"][0]["reason"], "a card with neither mail nor number");
  EXPECT_EQ(more["skips"][0]["line"], 18);
  EXPECT_EQ(more["skips"][1]["value"], "nameless@example.org");
  // Later, with the region: only what was missing.
  const auto later = import("iphone.vcf");
  EXPECT_EQ(later["added"], 2);
  EXPECT_EQ(later["unchanged"], 3);
}

TEST_F(Contacts, WhatIsNoAddressBookIsRefused) {
  const struct {
    const char* name;
    std::string path;
    std::string input;
    int exit_code;
  } kCases[] = {
      {"no such file", "/nonexistent/contacts.vcf", "", 2},
      {"a folder", "/", "", 2},
      {"an empty file", "-", "", 2},
      {"another file", book("../contacts_test.cpp"), "", 2},
      {"a card without an end", "-", "BEGIN:VCARD\nFN:Bob\nEMAIL:bob@example.org\n", 0},
  };
  for (const auto& [name, path, input, exit_code] : kCases) {
    SCOPED_TRACE(name);
    EXPECT_EQ(world.alice.run({"contact", "import", path}, input).exit_code, exit_code);
  }
  EXPECT_TRUE(world.alice.lines({"contact", "ls"}).empty());
}

TEST_F(Contacts, PeopleAreWrittenToByTheirNamesAndShownByThem) {
  import("iphone.vcf");
  world.alice.lines({"contact", "add", "Bobby Tables", "tables@example.org"});
  // Four handles, none of them used yet: which one is it?
  EXPECT_EQ(ambiguous({"send", "robert miller", "hi"}),
            "Robert Miller=+14155552671 Robert Miller=+491712345678 Robert Miller=bob@example.org "
            "Robert Miller=robert.miller@boats.example ");
  EXPECT_EQ(ambiguous({"history", "Robert"}).substr(0, 14), "Robert Miller=");
  world.alice.lines({"send", "bob@example.org", "by handle"});
  for (const auto* name : {"Robert Miller", "ROBERT MILLER", "Robert", "rob", "robert m"}) {
    SCOPED_TRACE(name);
    world.alice.lines({"send", name, std::string{"by "} + name});
  }
  EXPECT_EQ(world.bob.texts({"watch", "--for", "0"}).size(), 6U);
  world.bob.lines({"send", "alice@example.org", "back"});
  for (const auto& event : world.alice.lines({"watch", "--for", "0"})) {
    if (event["type"] != "message") continue;
    EXPECT_EQ(event["from_name"], "Robert Miller");
  }
  const auto chat = world.alice.lines({"chats"}).at(0);
  EXPECT_EQ(chat["name"], "Robert Miller");
  EXPECT_EQ(chat["last"]["from_name"], "Robert Miller");
  EXPECT_EQ(world.alice.lines({"history", "rob"}).back()["from_name"], "Robert Miller");
  EXPECT_EQ(world.alice.run({"send", "Robbie", "who?"}).exit_code, 7);
  EXPECT_EQ(world.alice.run({"send", "r", "too short"}).exit_code, 7);
  EXPECT_EQ(world.alice.run({"send", "Miller", "not how it begins"}).exit_code, 7);
}

TEST_F(Contacts, TwoPeopleOfOneFirstNameAreNotGuessedBetween) {
  import("google.vcf");
  world.alice.lines({"contact", "add", "Bob Miller", "bob@example.org"});
  EXPECT_EQ(ambiguous({"send", "Bob", "hi"}),
            "Bob Jones=+491712345670 Bob Jones=bob.jones@example.org Bob Miller=bob@example.org ");
  world.alice.lines({"send", "bob m", "unique"});
  // Being written to before decides between handles of one person, never between people.
  EXPECT_NE(ambiguous({"send", "Bob", "hi"}), "");
  world.alice.lines({"contact", "add", "Bob", "bob@example.org"});
  world.alice.lines({"send", "bob", "the whole name goes before its beginning"});
}

TEST_F(Contacts, OnATerminalItAsks) {
  import("google.vcf");
  world.alice.lines({"contact", "add", "Bob Miller", "bob@example.org"});
  const auto send = [&](const std::string& answer) {
    support::ProcessOptions options;
    options.words = {
        program("martlet"), "--profile", world.alice.profile().string(), "send", "Bob", "chosen"};
    options.input = answer;
    options.on_terminal = true;
    return support::run(options);
  };
  const auto chosen = send("3\n");
  EXPECT_EQ(chosen.exit_code, 0) << chosen.out;
  EXPECT_NE(chosen.out.find("3  Bob Miller  bob@example.org"), std::string::npos) << chosen.out;
  for (const auto* answer : {"\n", "0\n", "4\n", "3x\n", "no\n", "-1\n"}) {
    SCOPED_TRACE(answer);
    const auto refused = send(answer);
    EXPECT_EQ(refused.exit_code, 2) << refused.out;
  }
  EXPECT_EQ(world.bob.texts({"watch", "--for", "0"}), std::vector<std::string>{"chosen"});
}

TEST_F(Contacts, ANewNameIsTheWholeContacts) {
  import("iphone.vcf");
  world.alice.lines({"contact", "add", "Captain", "bob@example.org"});
  EXPECT_EQ(handles_of("Captain").size(), 4U);
  EXPECT_TRUE(handles_of("Robert Miller").is_null());
  const auto again = import("iphone.vcf");  // the file's names go before earlier ones
  EXPECT_EQ(again["renamed"], 4);
  EXPECT_EQ(handles_of("Robert Miller").size(), 4U);
}

}  // namespace
}  // namespace martlet::cli_test
