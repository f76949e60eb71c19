#include "apps/martletd/mail_message.h"

#include <gtest/gtest.h>

#include <sstream>

namespace martlet::daemon {
namespace {

ProofMail example() {
  return {"martlet@example.org", "o'brien&co@example.com", "chat.example.org",
          "alice@chat.example.org", "https://chat.example.org/confirm/dG9rZW4"};
}

TEST(MailMessage, HasWhatMailNeeds) {
  const Bytes unique(16, 0xab);
  const auto message = message_of(example(), unique, unix_millis(1'795'528'410'000));
  const auto id = to_hex(unique);
  for (const auto& part :
       {std::string{"From: Martlet <martlet@example.org>\r\n"},
        std::string{"To: <o'brien&co@example.com>\r\n"},
        "Date: " + mail_date(unix_millis(1'795'528'410'000)) + "\r\n",
        "Message-ID: <" + id + "@example.org>\r\n", std::string{"MIME-Version: 1.0\r\n"},
        std::string{"Auto-Submitted: auto-generated\r\n"},
        "multipart/alternative; boundary=\"martlet-" + id + "\"\r\n",
        std::string{"Content-Type: text/plain; charset=utf-8\r\n"},
        std::string{"Content-Type: text/html; charset=utf-8\r\n"},
        std::string{"\r\nhttps://chat.example.org/confirm/dG9rZW4\r\n"},
        std::string{"alice@chat.example.org"}}) {
    EXPECT_NE(message.find(part), std::string::npos) << part;
  }
  EXPECT_TRUE(message.ends_with("\r\n--martlet-" + id + "--\r\n"));
}

TEST(MailMessage, ItsLinesAreMail) {
  const auto message = message_of(example(), Bytes(16, 1), unix_millis(0));
  std::size_t start = 0;
  for (auto end = message.find("\r\n"); end != std::string::npos;
       start = end + 2, end = message.find("\r\n", start)) {
    const auto line = message.substr(start, end - start);
    EXPECT_LE(line.size(), 998U);
    for (const char c : line) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << line;
    EXPECT_FALSE(line.starts_with('.')) << line;
  }
  EXPECT_EQ(start, message.size());
}

TEST(MailMessage, TheHtmlPartIsEscaped) {
  auto mail = example();
  mail.asked_by = "a'b&c@example.org";
  const auto message = message_of(mail, Bytes(16, 1), unix_millis(0));
  const auto html = message.substr(message.find("text/html"));
  EXPECT_EQ(html.find("b&c@"), std::string::npos);
  EXPECT_NE(html.find("a&#39;b&amp;c@example.org"), std::string::npos);
  EXPECT_NE(html.find("o&#39;brien&amp;co@example.com"), std::string::npos);
  EXPECT_EQ(escape_html("<a href=\"x\">"), "&lt;a href=&quot;x&quot;&gt;");
}

TEST(MailMessage, DatesAreThoseOfMail) {
  EXPECT_EQ(mail_date(unix_millis(0)), "Thu, 01 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(mail_date(unix_millis(1'795'528'410'999)), "Tue, 24 Nov 2026 13:53:30 +0000");
  EXPECT_EQ(mail_date(unix_millis(951'782'400'000)), "Tue, 29 Feb 2000 00:00:00 +0000");
}

}  // namespace
}  // namespace martlet::daemon
