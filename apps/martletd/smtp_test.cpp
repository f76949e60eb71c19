#include "apps/martletd/smtp.h"

#include <gtest/gtest.h>

namespace martlet::daemon {
namespace {

using SmtpOutcome = server::ProofSent::Outcome;

TEST(Smtp, OnlyWhatIsAboutTheMailIsFinal) {
  struct Case {
    const char* name;
    bool done;
    const char* command;
    int reply;
    SmtpOutcome outcome;
  };
  const Case cases[] = {
      {"taken", true, "DATA", 250, SmtpOutcome::sent},
      {"no such mailbox", false, "RCPT", 550, SmtpOutcome::refused},
      {"greylisted", false, "RCPT", 451, SmtpOutcome::failed},
      {"the message is refused", false, "DATA", 554, SmtpOutcome::refused},
      {"the message is refused for now", false, "DATA", 452, SmtpOutcome::failed},
      {"our sender is refused", false, "MAIL", 553, SmtpOutcome::failed},
      {"our login is refused", false, "AUTH", 535, SmtpOutcome::failed},
      {"no STARTTLS", false, "EHLO", 250, SmtpOutcome::failed},
      {"the line broke behind RCPT", false, "RCPT", 0, SmtpOutcome::failed},
      {"nobody answers", false, "", 0, SmtpOutcome::failed},
  };
  for (const auto& [name, done, command, reply, outcome] : cases) {
    EXPECT_EQ(outcome_of(done, command, reply), outcome) << name;
  }
}

struct ServerName {
  const char* text;
  bool good;
};

TEST(MailSettings, AServerIsAHostAndAPort) {
  const ServerName names[] = {
      {"smtp.example.org:587", true},
      {"localhost:25", true},
      {"127.0.0.1:25", true},
      {"[::1]:25", true},
      {"smtp.example.org", false},
      {":25", false},
      {"smtp.example.org:", false},
      {"a.example:0", false},
      {"a.example:65536", false},
      {"a.example:25x", false},
      {"smtp://a.example:25", false},
      {"a b:25", false},
      {"[]:25", false},
      {"[::1:25", false},
      {"[x]:25", false},
      {"a.example/path:25", false},
      {"user@a.example:25", false},
  };
  for (const auto& [text, good] : names) EXPECT_EQ(is_mail_server(text), good) << text;
  EXPECT_TRUE(is_on_this_machine("localhost:25"));
  EXPECT_TRUE(is_on_this_machine("127.0.0.2:25"));
  EXPECT_TRUE(is_on_this_machine("[::1]:25"));
  EXPECT_FALSE(is_on_this_machine("smtp.example.org:25"));
  EXPECT_FALSE(is_on_this_machine("localhost.example.org:25"));
}

}  // namespace
}  // namespace martlet::daemon
