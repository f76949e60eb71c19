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

}  // namespace
}  // namespace martlet::daemon
