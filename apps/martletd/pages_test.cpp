#include "apps/martletd/pages.h"

#include <gtest/gtest.h>

namespace martlet::daemon {
namespace {

struct PageCase {
  const char* method;
  const char* target;
  unsigned status;
  const char* holds;
};

TEST(Pages, AnswerWhatThereIs) {
  const Pages pages;
  const PageCase kCases[] = {
      {"GET", "/", 200, "A Martlet server"},
      {"GET", "/health", 200, "\"status\":\"ok\""},
      {"GET", "/health?from=monitor", 200, "\"status\":\"ok\""},
      {"GET", "/i/j6bGSEUA9Yp2vhfAFtdBkQ", 200, "whole address"},
      {"GET", "/i/", 404, "nothing here"},
      {"GET", "/i", 404, "nothing here"},
      {"GET", "/i/a/b", 404, "nothing here"},
      {"GET", "/health/", 404, "nothing here"},
      {"GET", "/../etc/passwd", 404, "nothing here"},
      {"GET", "//", 404, "nothing here"},
      {"GET", "*", 404, "nothing here"},
      {"POST", "/", 405, "only GET"},
      {"DELETE", "/health", 405, "only GET"},
  };
  for (const auto& example : kCases) {
    SCOPED_TRACE(std::string{example.method} + " " + example.target);
    const auto response = pages.answer({example.method, example.target, ""});
    EXPECT_EQ(response.status, example.status);
    EXPECT_NE(response.body.find(example.holds), std::string::npos) << response.body;
  }
}

TEST(Pages, NothingThatAStrangerSentComesBack) {
  const Pages pages;
  for (const auto* target : {"/i/<script>alert(1)</script>", "/<b>bold", "/?q=canary-7731"}) {
    const auto response = pages.answer({"GET", target, "canary-7731"});
    for (const auto* part : {"script>alert", "<b>bold", "canary-7731"}) {
      EXPECT_EQ(response.body.find(part), std::string::npos);
    }
  }
}

TEST(Pages, HtmlRunsNoScriptsAndLeavesNoTraces) {
  const Pages pages;
  const auto response = pages.answer({"GET", "/i/token", ""});
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  std::string headers;
  for (const auto& [name, value] : response.headers) headers += name + ": " + value + "\n";
  for (const auto* wanted : {"default-src 'none'; style-src 'unsafe-inline'",
                             "Referrer-Policy: no-referrer", "Cache-Control: no-store"}) {
    EXPECT_NE(headers.find(wanted), std::string::npos) << headers;
  }
  for (const auto* wanted : {"lang=\"en\"", "<title>", "<main>", "<h1>", "width=device-width"}) {
    EXPECT_NE(response.body.find(wanted), std::string::npos);
  }
  EXPECT_EQ(response.body.find("<script"), std::string::npos);
}

TEST(Pages, OnlyAPostOfALinksPageConfirms) {
  struct Case {
    const char* method;
    const char* target;
    const char* token;  ///< null: none of these pages
    bool press;
  };
  const std::string longest(wire::kProofCodeBytesMax, 'a');
  const auto longest_target = "/confirm/" + longest;
  const auto too_long = longest_target + "a";
  const Case cases[] = {
      {"GET", "/confirm/j6bGSEUA9Yp2vhfAFtdBkQ", "j6bGSEUA9Yp2vhfAFtdBkQ", false},
      {"POST", "/confirm/j6bGSEUA9Yp2vhfAFtdBkQ", "j6bGSEUA9Yp2vhfAFtdBkQ", true},
      {"GET", "/confirm/abc?utm=1", "abc", false},
      {"GET", longest_target.c_str(), longest.c_str(), false},
      {"GET", too_long.c_str(), nullptr, false},
      {"PUT", "/confirm/abc", nullptr, false},
      {"DELETE", "/confirm/abc", nullptr, false},
      {"GET", "/confirm/", nullptr, false},
      {"GET", "/confirm", nullptr, false},
      {"POST", "/confirm/a/b", nullptr, false},
      {"POST", "/confirm/a%20b", nullptr, false},
      {"POST", "/confirm/<script>", nullptr, false},
      {"POST", "/i/abc", nullptr, false},
  };
  for (const auto& [method, target, token, press] : cases) {
    SCOPED_TRACE(std::string{method} + " " + target);
    const auto found = Pages::confirmation({method, target, "press=1"});
    ASSERT_EQ(found.has_value(), token != nullptr);
    if (!found) continue;
    EXPECT_EQ(found->token, token);
    EXPECT_EQ(found->press, press);
  }
}

TEST(Pages, ALinksPageSaysWhatTheOfficeSays) {
  using State = server::Confirmation::State;
  struct Case {
    State state;
    unsigned status;
    const char* title;
  };
  const Case cases[] = {{State::asks, 200, "Is this you?"},
                        {State::done, 200, "Confirmed"},
                        {State::used, 410, "has been used"},
                        {State::expired, 410, "too old"},
                        {State::unknown, 404, "does not work"}};
  for (const auto& [state, status, title] : cases) {
    SCOPED_TRACE(title);
    server::OfficeAnswer answer;
    answer.body = server::Confirmation{state, "o'brien@example.org", "<mallory>"};
    const auto response = Pages::confirmation_page(answer);
    EXPECT_EQ(response.status, status);
    EXPECT_NE(response.body.find(title), std::string::npos);
    EXPECT_EQ(response.body.find("<form") != std::string::npos, state == State::asks);
    EXPECT_EQ(response.body.find("o&#39;brien@example.org") != std::string::npos,
              state == State::asks);
    EXPECT_EQ(response.body.find("<mallory>"), std::string::npos);
    EXPECT_EQ(response.body.find("<script"), std::string::npos);
    std::string headers;
    for (const auto& [name, value] : response.headers) headers += name + ": " + value + "\n";
    for (const auto* wanted : {"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'",
                               "Referrer-Policy: no-referrer", "Cache-Control: no-store"}) {
      EXPECT_NE(headers.find(wanted), std::string::npos) << headers;
    }
  }
  server::OfficeAnswer refused;
  refused.body = wire::Refusal{wire::RefusalCode::unavailable, {}, {}};
  EXPECT_EQ(Pages::confirmation_page(refused).status, 503U);
}

TEST(Pages, HealthTellsWhatIsWrong) {
  Pages pages;
  pages.set_condition(Condition::damaged);
  auto response = pages.answer({"GET", "/health", ""});
  EXPECT_EQ(response.status, 503U);
  EXPECT_NE(response.body.find("damaged"), std::string::npos);
  pages.set_condition(Condition::disk_refuses);
  response = pages.answer({"GET", "/health", ""});
  EXPECT_EQ(response.status, 503U);
  EXPECT_NE(response.body.find("disk_refuses"), std::string::npos);
  pages.set_condition(Condition::ok);
  EXPECT_EQ(pages.answer({"GET", "/health", ""}).status, 200U);
}

TEST(Pages, WhereAnybodyMayJoinTheFrontPageSaysHow) {
  Pages pages;
  pages.set_joining("https://chat.example.org:8443#AAEC", "chat.example.org");
  for (const auto* target : {"/", "/?x", "/i", "/i/"}) {
    SCOPED_TRACE(target);
    const auto response = pages.answer({"GET", target, ""});
    EXPECT_EQ(response.status, 200U);
    EXPECT_NE(response.body.find("martlet enroll \"https://chat.example.org:8443#AAEC\" --handle "
                                 "NAME@chat.example.org<"),
              std::string::npos)
        << response.body;
  }
  EXPECT_NE(pages.answer({"GET", "/i/j6bGSEUA9Yp2vhfAFtdBkQ", ""}).body.find("You are invited"),
            std::string::npos);
  EXPECT_EQ(pages.answer({"GET", "/j", ""}).status, 404U);
}

}  // namespace
}  // namespace martlet::daemon
