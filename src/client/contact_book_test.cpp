#include "client/contact_book.h"

#include "base/limits.h"
#include "client/sending_test.h"

namespace martlet::client {
namespace {

std::string card(const std::string& name, const std::string& lines) {
  return "BEGIN:VCARD\nVERSION:3.0\nFN:" + name + "\n" + lines + "END:VCARD\n";
}

struct ContactBookTest : Sending {
  ContactImport import(const std::string& file) {
    return engine_->contact_import(file, now_).take();
  }
  /// `name=handle` each, in the order of the list.
  std::string listed() { return text(engine_->contacts().value()); }
  std::string candidates(const std::string& name) {
    return text(engine_->candidates(name).value());
  }
  static std::string text(const std::vector<store::ContactRecord>& contacts) {
    std::string out;
    for (const auto& contact : contacts) out += contact.name + "=" + contact.handle + " ";
    return out;
  }
  void add(const std::string& name, const std::string& handle) {
    ASSERT_TRUE(engine_->contact_add({name, handle}, now_).ok());
  }
};

TEST_F(ContactBookTest, EveryAddressAndNumberOfACardIsAHandle) {
  const auto result = import(card("Eva Stone",
                                  "EMAIL:EVA@example.org\nTEL:+49 171 2345678\n"
                                  "TEL:+49 (0)171 2345678\nTEL:0171 2345678\n"));
  EXPECT_EQ(result.cards, 1U);
  EXPECT_EQ(result.added, 2U);
  EXPECT_EQ(result.without_country, 1U);
  ASSERT_EQ(result.skips.size(), 1U);
  EXPECT_EQ(result.skips[0].value, "0171 2345678");
  EXPECT_EQ(result.skips[0].line, 1U);
  EXPECT_EQ(listed(), "Eva Stone=+491712345678 Eva Stone=eva@example.org ");
  const auto contacts = engine_->contacts().value();
  EXPECT_NE(contacts[0].person, 0U);
  EXPECT_EQ(contacts[0].person, contacts[1].person);
}

TEST_F(ContactBookTest, TheSameFileAgainChangesNothing) {
  const auto file = card("Eva", "EMAIL:eva@example.org\nTEL:+491712345678\n") +
                    card("Eva", "EMAIL:eva@other.example\n");
  import(file);
  const auto before = engine_->contacts().value();
  now_ += std::chrono::hours{1};
  const auto again = import(file);
  EXPECT_EQ(again.added + again.renamed, 0U);
  EXPECT_EQ(again.unchanged, 3U);
  const auto after = engine_->contacts().value();
  ASSERT_EQ(after.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(after[i].person, before[i].person);
    EXPECT_EQ(after[i].added, before[i].added);
  }
  EXPECT_NE(before[0].person, before[2].person);  // two people of one name
  EXPECT_EQ(engine_->send({"Eva", "hi", {}}, now_).error().code, ErrorCode::ambiguous_name);
}

TEST_F(ContactBookTest, WhatCannotBeUsedIsSkipped) {
  const std::string mail = "EMAIL:x@example.org\n";
  const struct {
    const char* name;
    std::string file;
    const char* reason;
  } kCases[] = {
      {"no name", card("", mail), "a card without a name that can be used"},
      {"an address as name", card("x@example.org", mail), "a card without a name that can be used"},
      {"a number as name", card("+49 171 2345678", mail), "a card without a name that can be used"},
      {"oneself", card("Me", "EMAIL:alice@example.org\n"), "your own handle"},
      {"a short number", card("Taxi", "TEL:+49 110\n"), nullptr},
      {"no mail address", card("Eva", "EMAIL:eva at example\n"), "not a mail address"},
      {"nothing to write to", card("Eva", ""), "a card with neither mail nor number"},
  };
  for (const auto& [name, file, reason] : kCases) {
    SCOPED_TRACE(name);
    const auto result = import(file);
    EXPECT_EQ(result.added, 0U);
    ASSERT_GE(result.skips.size(), 1U);
    if (reason != nullptr) {
      EXPECT_STREQ(result.skips[0].reason.text, reason);
    }
    EXPECT_EQ(listed(), "");
  }
}

TEST_F(ContactBookTest, AHandleIsOnePersons) {
  const auto result = import(card("Eva", "EMAIL:family@example.org\n") +
                             card("Tom", "EMAIL:family@example.org\nEMAIL:tom@example.org\n"));
  EXPECT_EQ(result.added, 2U);
  EXPECT_EQ(result.skipped, 1U);
  EXPECT_EQ(listed(), "Eva=family@example.org Tom=tom@example.org ");
}

TEST_F(ContactBookTest, WhatIsNoAddressBookChangesNothing) {
  add("Bob", "bob@example.org");
  EXPECT_EQ(engine_->contact_import("", now_).error().code, ErrorCode::usage);
  EXPECT_EQ(engine_->contact_import("BEGIN:VCALENDAR\nEND:VCALENDAR\n", now_).error().code,
            ErrorCode::usage);
  std::string many;
  for (std::size_t i = 0; i <= limits::kVcardContactsMax; ++i) {
    many += card("E", "EMAIL:e" + std::to_string(i) + "@example.org\n");
  }
  EXPECT_EQ(engine_->contact_import(many, now_).error().code, ErrorCode::too_large);
  EXPECT_EQ(listed(), "Bob=bob@example.org ");
}

TEST_F(ContactBookTest, NamesMatchWholeThenInAnyCaseThenFromTheirBeginning) {
  add("Bob Miller", "a@example.org");
  add("bobby", "b@example.org");
  add("BOBBY", "c@example.org");
  add("\xc3\x96zlem", "d@example.org");
  const struct {
    const char* typed;
    const char* expected;
  } kCases[] = {
      {"bobby", "bobby=b@example.org "},
      {"Bobby", "BOBBY=c@example.org bobby=b@example.org "},
      {"bob", "BOBBY=c@example.org Bob Miller=a@example.org bobby=b@example.org "},
      {"bob m", "Bob Miller=a@example.org "},
      {"BOB MILLER", "Bob Miller=a@example.org "},
      {"Miller", ""},
      {"b", ""},
      {"", ""},
      {"bob miller jr", ""},
      {"\xc3\xb6z", "\xc3\x96zlem=d@example.org "},
  };
  for (const auto& [typed, expected] : kCases) {
    SCOPED_TRACE(typed);
    EXPECT_EQ(candidates(typed), expected);
  }
}

TEST_F(ContactBookTest, OfOnePersonsHandlesTheOneThatIsKnownIsMeant) {
  import(card("Bob Miller", "TEL:+491712345678\nEMAIL:bob@example.org\n"));
  EXPECT_EQ(engine_->send({"Bob", "hi", {}}, now_).error().code, ErrorCode::ambiguous_name);
  send("bob@example.org", "now known");
  const auto id = engine_->send({"Bob", "hi", {}}, now_);
  ASSERT_TRUE(id.ok());
  exchange();
  EXPECT_EQ(progress(id.value().id).state, store::MessageState::sent);
  EXPECT_EQ(engine_->names_of_peers().value().at(bob_.account), "Bob Miller");
}

TEST_F(ContactBookTest, ANameGivenByHandIsTheWholeContacts) {
  import(card("Bob Miller", "TEL:+491712345678\nEMAIL:bob@example.org\n"));
  add("Captain", "bob@example.org");
  EXPECT_EQ(listed(), "Captain=+491712345678 Captain=bob@example.org ");
  add("Mate", "mate@example.org");  // nobody's handle yet: a contact of its own
  add("Mate", "other@example.org");
  EXPECT_EQ(engine_->send({"Mate", "hi", {}}, now_).error().code, ErrorCode::ambiguous_name);
}

}  // namespace
}  // namespace martlet::client
