#include "gateways/sms_callback.h"

#include <gtest/gtest.h>

#include "gateways/gateway_limits.h"

namespace martlet::gateways {
namespace {

struct Good {
  const char* name;
  std::string target;
  std::string body;
  std::string text;
};

TEST(ParseSmsCallback, TakesWhatGatewaysSend) {
  const Good kCases[] = {
      {"Kannel's GET",
       "/sms/incoming?key=k+1&from=%2B491712345678&to=4711&text=M-7K2Q+Gr%C3%BC%C3%9Fe", "",
       "M-7K2Q Gr\u00fc\u00dfe"},
      {"a POST", "/sms/incoming", "text=hi&from=%2b491712345678&key=k%201", "hi"},
      {"the key in the URL, the rest in the body", "/sms/incoming?key=k%201",
       "from=%2B491712345678&text=hi", "hi"},
      {"no text", "/?key=k+1&from=%2B491712345678&text=", "", ""},
      {"no text nor sign", "/?key=k+1&from=%2B491712345678&text", "", ""},
      {"signs within", "/?key=k+1&from=%2B491712345678&text=a=b%26c?d%2B", "", "a=b&c?d+"},
      {"empty fields", "/?&&key=k+1&&from=%2B491712345678&text=hi&", "&", "hi"},
      {"names escaped", "/?k%65y=k+1&from=%2B491712345678&%74ext=hi", "", "hi"},
      {"others twice", "/?key=k+1&from=%2B491712345678&text=hi&to=1&to=2", "", "hi"},
      {"as long as may be",
       "/?key=k+1&from=%2B491712345678&text=" + std::string(limits::kIncomingTextBytesMax, 'x'), "",
       std::string(limits::kIncomingTextBytesMax, 'x')},
  };
  for (const auto& good : kCases) {
    SCOPED_TRACE(good.name);
    const auto parsed = parse_sms_callback(good.target, good.body);
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(sms_callback_key(good.target, good.body), "k 1");
    EXPECT_EQ(parsed.value().from, "+491712345678");
    EXPECT_EQ(parsed.value().text, good.text);
  }
}

struct Bad {
  const char* name;
  std::string target;
  std::string body = {};
};

TEST(ParseSmsCallback, RefusesAllElse) {
  std::string fields = "/?key=k&from=%2B491712345678&text=hi";
  for (std::size_t i = 0; i + 2 < limits::kCallbackFieldsMax; ++i) fields += "&x";
  const Bad kCases[] = {
      {"nothing", ""},
      {"no query", "/sms/incoming"},
      {"no key", "/?from=%2B491712345678&text=hi"},
      {"no sender", "/?key=k&text=hi"},
      {"no text", "/?key=k&from=%2B491712345678"},
      {"two keys", "/?key=k&key=k&from=%2B491712345678&text=hi"},
      {"two senders", "/?key=k&from=%2B491712345678&text=hi", "from=%2B491712345679"},
      {"two texts", "/?key=k&from=%2B491712345678&text=hi&text"},
      {"names in capitals", "/?KEY=k&FROM=%2B491712345678&TEXT=hi"},
      {"the plus not escaped", "/?key=k&from=+491712345678&text=hi"},
      {"no plus", "/?key=k&from=491712345678&text=hi"},
      {"dialled", "/?key=k&from=00491712345678&text=hi"},
      {"a national number", "/?key=k&from=01712345678&text=hi"},
      {"a short number", "/?key=k&from=4711&text=hi"},
      {"a name for a sender", "/?key=k&from=Bank&text=hi"},
      {"an address", "/?key=k&from=a%40example.org&text=hi"},
      {"a number with blanks", "/?key=k&from=%2B49+171+2345678&text=hi"},
      {"an empty sender", "/?key=k&from=&text=hi"},
      {"half an escape", "/?key=k&from=%2B491712345678&text=hi%4"},
      {"a lonely percent", "/?key=k&from=%2B491712345678&text=100%"},
      {"no hex", "/?key=k&from=%2B491712345678&text=%G0"},
      {"no hex, signed", "/?key=k&from=%2B491712345678&text=%+1"},
      {"a bad escape elsewhere", "/?key=k&from=%2B491712345678&text=hi&to=%"},
      {"not UTF-8", "/?key=k&from=%2B491712345678&text=%E4"},
      {"a text too long",
       "/?key=k&from=%2B491712345678&text=" + std::string(limits::kIncomingTextBytesMax + 1, 'x')},
      {"a query too long",
       "/?key=k&from=%2B491712345678&text=hi&x=" + std::string(limits::kCallbackBytesMax, 'x')},
      {"a body too long", "/?key=k&from=%2B491712345678&text=hi",
       std::string(limits::kCallbackBytesMax + 1, '&')},
      {"too many fields", fields},
  };
  for (const auto& bad : kCases) {
    SCOPED_TRACE(bad.name);
    const auto parsed = parse_sms_callback(bad.target, bad.body);
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().failure, Failure::malformed);
  }
  EXPECT_TRUE(parse_sms_callback(fields.substr(0, fields.size() - 2), "").ok());
}

TEST(SmsCallbackKey, IsReadWhateverElseIsWrong) {
  EXPECT_EQ(sms_callback_key("/?key=k&from=4711", ""), "k");
  EXPECT_EQ(sms_callback_key("/", "key=k"), "k");
  EXPECT_EQ(sms_callback_key("/?key=k", "key=k"), "");
  EXPECT_EQ(sms_callback_key("/?from=4711", ""), "");
  EXPECT_EQ(sms_callback_key("/?key=k&text=%", ""), "");
  EXPECT_EQ(sms_callback_key("", ""), "");
}

}  // namespace
}  // namespace martlet::gateways
