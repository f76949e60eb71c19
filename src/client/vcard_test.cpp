#include "client/vcard.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace martlet::client {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : ",") + text;
  return out;
}

/// `name|mails|numbers` a contact and `!line reason` a skipped line, each ended by a line feed.
std::string read(const std::string& text) {
  const auto file = parse_vcards(text);
  if (!file.ok()) return file.error().reason.text;
  std::string out;
  for (const auto& contact : file.value().contacts) {
    out += contact.name + "|" + joined(contact.mails) + "|" + joined(contact.numbers) + "\n";
  }
  for (const auto& line : file.value().skipped) {
    out += "!" + std::to_string(line.line) + " " + line.reason.text + "\n";
  }
  return out;
}

std::string card(const std::string& lines) {
  return "BEGIN:VCARD\nVERSION:3.0\n" + lines + "\nEND:VCARD\n";
}

std::string with_crlf(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? std::string{"\r\n"} : std::string(1, c);
  return out;
}

constexpr const char* kPhone =
    "BEGIN:VCARD\nVERSION:3.0\nPRODID:-//Apple Inc.//iPhone OS 17.1//EN\n"
    "N:Meyer;Jürgen;;Dr.;\nFN:Dr. Jürgen Meyer\nORG:Example GmbH;\n"
    "EMAIL;type=INTERNET;type=HOME;type=pref:juergen@example.org\n"
    "item1.EMAIL;type=INTERNET:meyer@work.example\nitem1.X-ABLabel:_$!<Other>!$_\n"
    "TEL;type=CELL;type=VOICE;type=pref:+49 170 1234567\nitem2.TEL:(030) 123-456\n"
    "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQ\n  AAAQABAAD/4gKgSUNDX1BST0ZJTEUA\n"
    "END:VCARD\n";
constexpr const char* kAndroid =
    "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=4D=C3=BCller;=41=6E=\n"
    "=6E=61;;;\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=41=6E=6E=61=20=4D=\n"
    "=C3=BCller\nTEL;CELL;PREF:0170-7654321\nTEL;HOME:+493098765\nEMAIL;HOME:anna@example.org\n"
    "PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQ\n SkZJRgABAQAAAQAB\n\nEND:VCARD\n";
constexpr const char* kGoogle =
    "BEGIN:VCARD\nVERSION:3.0\nFN:Ann\\, Bob\\; and Co\nN:Co;Ann;;;\n"
    "EMAIL;TYPE=INTERNET;TYPE=HOME:ann@exam\n ple.com\nTEL;TYPE=CELL:+1 202-555-0143\n"
    "CATEGORIES:myContacts\nEND:VCARD\n";
constexpr const char* kOutlook =
    "BEGIN:VCARD\nVERSION:2.1\nN;LANGUAGE=en-us:Smith;John\nORG:Contoso\n"
    "TEL;WORK;VOICE:(425) 555-0100\nTEL;WORK;FAX:(425) 555-0101\n"
    "ADR;WORK;PREF;ENCODING=QUOTED-PRINTABLE:;;1 Main St=0D=0A=\nFloor 2;Redmond;WA\n"
    "EMAIL;PREF;INTERNET:john@contoso.com\nX-MS-OL-DEFAULT-POSTAL-ADDRESS:2\nEND:VCARD\n";
constexpr const char* kNextcloud =
    "BEGIN:VCARD\nVERSION:4.0\nUID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1\n"
    "FN;PREF=1:Zoë Łuk\nTEL;VALUE=uri;TYPE=\"voice,cell\";X-A=\"a;b:c\":tel:+48-600-100-200;ext=5\n"
    "EMAIL;TYPE=home:mailto:zoe@example.pl\nREV:20231105T101500Z\nEND:VCARD\n";
constexpr const char* kNokia =
    "BEGIN:VCARD\nVERSION:2.1\nREV:20080101T120000Z\n"
    "N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Virtanen;P=C3=A4ivi;;;\n"
    "TEL;PREF;CELL;VOICE:+358401234567\nTEL;FAX:\nX-CLASS:private\nEND:VCARD\n";

struct Case {
  const char* name;
  std::string text;
  const char* expected;
};

void expect_each(const std::vector<Case>& cases) {
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    EXPECT_EQ(read(one.text), one.expected);
    EXPECT_EQ(read(with_crlf(one.text)), one.expected);
  }
}

TEST(Vcard, Exports) {
  expect_each({
      {"iPhone", kPhone,
       "Dr. Jürgen Meyer|juergen@example.org,meyer@work.example|+49 170 1234567,(030) 123-456\n"},
      {"Android", kAndroid, "Anna Müller|anna@example.org|0170-7654321,+493098765\n"},
      {"Google", kGoogle, "Ann, Bob; and Co|ann@example.com|+1 202-555-0143\n"},
      {"Outlook", kOutlook, "John Smith|john@contoso.com|(425) 555-0100,(425) 555-0101\n"},
      {"Nextcloud", kNextcloud, "Zoë Łuk|zoe@example.pl|+48-600-100-200\n"},
      {"Nokia", kNokia, "Päivi Virtanen||+358401234567\n"},
      {"a byte order mark", "\xef\xbb\xbf" + card("FN:A\nTEL:1"), "A||1\n"},
      {"no last line end", "BEGIN:VCARD\nTEL:1\nEND:VCARD", "||1\n"},
      {"lower case", "begin:vcard\nfn:A\ntel:1\nend:vcard\n", "A||1\n"},
  });
}

TEST(Vcard, Names) {
  const std::string tel = "\nTEL:1";
  expect_each({
      {"parts", card("N:Family;Given;Middle;Dr.;Jr." + tel), "Given Middle Family||1\n"},
      {"an empty FN", card("FN:\nN:F;G" + tel), "G F||1\n"},
      {"organisation", card("N:;;;;\nORG:Works;Sales" + tel), "Works||1\n"},
      {"none", card("TEL:1"), "||1\n"},
      {"controls and blanks", card("FN: A\\n\x01\x7f  B\t" + tel), "A B||1\n"},
      {"the first FN counts", card("FN:A\nFN:B" + tel), "A||1\n"},
  });
  const auto cut = read(card("FN:x" + std::string(199, 'y') + "é" + tel));
  EXPECT_EQ(cut, "x" + std::string(199, 'y') + "||1\n");
  std::string odd = "x";
  for (int i = 0; i < 120; ++i) odd += "é";
  EXPECT_EQ(read(card("FN:" + odd + tel)), odd.substr(0, 199) + "||1\n");
}

TEST(Vcard, SkipsBadLines) {
  const std::string qp = "FN;ENCODING=QUOTED-PRINTABLE:";
  expect_each({
      {"no colon", card("rubbish\nTEL:1"), "||1\n!3 no colon\n"},
      {"no name", card(":x\nTEL:1"), "||1\n!3 no name before the colon\n"},
      {"damaged hex", card(qp + "=4\nTEL:1"), "||1\n!3 damaged quoted-printable\n"},
      {"not hex", card(qp + "=ZZ\nTEL:1"), "||1\n!3 damaged quoted-printable\n"},
      {"a soft break before END", card("TEL:1\n" + qp + "A="),
       "||1\n!4 damaged quoted-printable\n"},
      {"not UTF-8", card("FN:\xff\nTEL:1"), "||1\n!3 not UTF-8\n"},
      {"an older phone's charset", card("FN;CHARSET=ISO-8859-1:Jos\xe9\nTEL:1"),
       "Jos\xc3\xa9||1\n"},
      {"the same, quoted", card("FN;CHARSET=iso-8859-1;ENCODING=QUOTED-PRINTABLE:L=F3pez\nTEL:1"),
       "L\xc3\xb3pez||1\n"},
      {"control characters of another charset", card("FN;CHARSET=ISO-8859-1:a\x93\nTEL:1"),
       "||1\n!3 not ISO-8859-1\n"},
      {"another charset", card("FN;CHARSET=SHIFT_JIS:\xc3\xa9\nTEL:1"),
       "||1\n!3 a charset other than UTF-8\n"},
      {"base64 text", card("FN;ENCODING=B:QQ==\nTEL:1"), "||1\n!3 a text in base64\n"},
      {"no mail", card("EMAIL:/o=Ex/cn=me\nTEL:1"), "||1\n!3 not a mail address\n"},
      {"a blank in a mail", card("EMAIL:a b@c.d\nTEL:1"), "||1\n!3 not a mail address\n"},
      {"no digits", card("TEL:call me\nEMAIL:a@b.c"), "|a@b.c|\n!3 not a number\n"},
      {"a private network", card("TEL;VALUE=uri:tel:704;phone-context=a.example\nTEL:1"),
       "||1\n!3 a number of a private network\n"},
      {"a long number", card("TEL:" + std::string(65, '1') + "\nTEL:1"),
       "||1\n!3 a number too long\n"},
      {"a long mail", card("EMAIL:" + std::string(253, 'a') + "@b\nTEL:1"),
       "||1\n!3 a mail address too long\n"},
      {"a long line", card("FN:" + std::string(limits::kVcardLineBytesMax, 'a') + "\nTEL:1"),
       "||1\n!3 a line too long\n"},
      {"twice the same", card("TEL:1\nTEL;HOME:1"), "||1\n"},
  });
}

TEST(Vcard, SkipsBadCards) {
  const auto good = card("TEL:1");
  expect_each({
      {"no END at the end", good + "BEGIN:VCARD\nTEL:2\n", "||1\n!5 a card without END\n"},
      {"no END before the next", "BEGIN:VCARD\nTEL:2\n" + good, "||1\n!1 a card without END\n"},
      {"END alone", "END:VCARD\n" + good, "||1\n!1 END without a card\n"},
      {"outside", "TEL:2\n" + good, "||1\n!1 outside a card\n"},
      {"nothing to reach", card("FN:A") + good, "||1\n!1 a card with neither mail nor number\n"},
      {"an assistant inside", card("AGENT:\nBEGIN:VCARD\nTEL:2\nEND:VCARD\nTEL:1"), "||1\n"},
  });
}

TEST(Vcard, Refused) {
  expect_each({
      {"nothing", "", "no vCard in it"},
      {"blanks", " \n\n", "no vCard in it"},
      {"a calendar", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", "no vCard in it"},
      {"a table", "Name,Phone\nA,1\n", "no vCard in it"},
  });
  std::string many;
  for (std::size_t i = 0; i < limits::kVcardContactsMax; ++i) many += card("TEL:1");
  EXPECT_TRUE(parse_vcards(many).ok());
  many += card("TEL:1");
  EXPECT_EQ(read(many), "more cards than an address book may hold");
}

TEST(Vcard, Bounds) {
  std::string lines = "TEL:0";
  for (std::size_t i = 1; i <= limits::kVcardAddressesMax; ++i) {
    lines += "\nTEL:" + std::to_string(i);
  }
  const auto full = parse_vcards(card(lines));
  ASSERT_TRUE(full.ok());
  EXPECT_EQ(full.value().contacts[0].numbers.size(), limits::kVcardAddressesMax);
  EXPECT_EQ(full.value().skipped_count, 1U);

  std::string rubbish;
  for (std::size_t i = 0; i < limits::kVcardSkippedMax + 5; ++i) rubbish += "x\n";
  const auto skipped = parse_vcards(card(rubbish + "TEL:1"));
  ASSERT_TRUE(skipped.ok());
  EXPECT_EQ(skipped.value().skipped.size(), limits::kVcardSkippedMax);
  EXPECT_EQ(skipped.value().skipped_count, limits::kVcardSkippedMax + 5);
}

}  // namespace
}  // namespace martlet::client
