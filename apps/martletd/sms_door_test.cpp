#include "apps/martletd/sms_door.h"

#include <gtest/gtest.h>

namespace martlet::daemon {
namespace {

constexpr std::string_view kKey = "0123456789abcdef+/";

SmsDoor door() {
  return SmsDoor{gateways::GatewaySecret{kKey.size(), [](std::span<std::uint8_t> bytes) {
                                           std::copy(kKey.begin(), kKey.end(), bytes.begin());
                                           return kKey.size();
                                         }}};
}

const std::string kRightKey = "key=0123456789abcdef%2B/";
const std::string kSms = "&from=%2B491712345678&text=M-ABCDE-FGHJK";

TEST(SmsDoor, LetsTheGatewayIn) {
  for (const auto& request : {
           net::HttpRequest{"GET", "/sms/incoming?" + kRightKey + kSms, ""},
           net::HttpRequest{"POST", "/sms/incoming", kRightKey + kSms},
           net::HttpRequest{"POST", "/sms/incoming?" + kRightKey, kSms},
       }) {
    EXPECT_TRUE(is_sms_callback(request));
    const auto let = door().let_in(request);
    const auto* const sms = std::get_if<gateways::SmsCallback>(&let);
    ASSERT_NE(sms, nullptr);
    EXPECT_EQ(sms->from, "+491712345678");
    EXPECT_EQ(sms->text, "M-ABCDE-FGHJK");
  }
}

struct Turned {
  const char* name;
  net::HttpRequest request;
  unsigned status;
};

TEST(SmsDoor, TurnsAllOthersAway) {
  const std::string path = "/sms/incoming?";
  const Turned kCases[] = {
      {"no key", {"GET", path + kSms, ""}, 403},
      {"no query", {"GET", "/sms/incoming", ""}, 403},
      {"an empty key", {"GET", path + "key=" + kSms, ""}, 403},
      {"a wrong key", {"GET", path + "key=0123456789abcdef%2B." + kSms, ""}, 403},
      {"the key not escaped", {"GET", path + "key=0123456789abcdef+/" + kSms, ""}, 403},
      {"half the key", {"GET", path + "key=0123456789abcdef" + kSms, ""}, 403},
      {"the key and more", {"GET", path + kRightKey + "x" + kSms, ""}, 403},
      {"the key in capitals", {"GET", path + "key=0123456789ABCDEF%2B/" + kSms, ""}, 403},
      {"two keys", {"POST", path + kRightKey + kSms, kRightKey}, 403},
      {"a wrong key and a right one", {"GET", path + "key=x&" + kRightKey + kSms, ""}, 403},
      {"a wrong key and nothing else", {"GET", path + "key=x", ""}, 403},
      {"nothing that can be read", {"GET", path + kRightKey + kSms + "%", ""}, 403},
      {"no text", {"GET", path + kRightKey + "&from=%2B491712345678", ""}, 400},
      {"a short number", {"GET", path + kRightKey + "&from=4711&text=hi", ""}, 400},
      {"another method", {"PUT", path + kRightKey + kSms, ""}, 405},
  };
  for (const auto& turned : kCases) {
    SCOPED_TRACE(turned.name);
    const auto let = door().let_in(turned.request);
    const auto* const response = std::get_if<net::HttpResponse>(&let);
    ASSERT_NE(response, nullptr);
    EXPECT_EQ(response->status, turned.status);
    EXPECT_EQ(response->body.find("0123"), std::string::npos);
  }
}

TEST(SmsDoor, IsAtOnePath) {
  for (const auto* other : {"/sms/incoming/", "/sms", "/sms/incoming2?key=x", "/SMS/incoming", "/",
                            "//sms/incoming", "/sms/incoming;x"}) {
    EXPECT_FALSE(is_sms_callback({"GET", other, ""})) << other;
  }
}

}  // namespace
}  // namespace martlet::daemon
