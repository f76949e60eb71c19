#include <gtest/gtest.h>

#include "client/engine.h"

namespace martlet::client {
namespace {

constexpr const char* kToken = "AAECAwQFBgcICQoLDA0ODw";
constexpr const char* kPrint = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

std::string url(const std::string& authority, const std::string& fragment = "") {
  return "https://" + authority + "/i/" + kToken + fragment;
}

struct Accepted {
  const char* name;
  std::string url;
  const char* server;
};

TEST(InvitationUrl, Accepted) {
  const std::string print = std::string{"#"} + kPrint;
  const Accepted cases[] = {
      {"a name", url("chat.example.org"), "chat.example.org:443"},
      {"a port", url("chat.example.org:8443"), "chat.example.org:8443"},
      {"the highest port", url("chat.example.org:65535"), "chat.example.org:65535"},
      {"a pinned key", url("chat.example.org", print), "chat.example.org:443#"},
      {"capitals", url("CHAT.Example.ORG"), "chat.example.org:443"},
      {"a scheme in capitals", "HTTPS" + url("a.example").substr(5), "a.example:443"},
      {"a short name", url("localhost:1"), "localhost:1"},
      {"IPv4", url("127.0.0.1:8443"), "127.0.0.1:8443"},
      {"IPv6", url("[::1]:8443"), "[::1]:8443"},
      {"IPv6 without port", url("[2001:DB8::1]"), "[2001:db8::1]:443"},
      {"blanks around, as pasted", "  " + url("a.example") + "\r\n", "a.example:443"},
  };
  for (const auto& good : cases) {
    SCOPED_TRACE(good.name);
    const auto parsed = parse_invitation_url(good.url);
    ASSERT_TRUE(parsed.ok());
    const bool pinned = good.url.find('#') != std::string::npos;
    EXPECT_EQ(parsed.value().server.fingerprint.has_value(), pinned);
    EXPECT_EQ(parsed.value().token, kToken);
    EXPECT_EQ(to_text(parsed.value().server), good.server + std::string{pinned ? kPrint : ""});
  }
}

TEST(InvitationUrl, OfAServerThatAnybodyMayJoinHasNoToken) {
  const std::string print = std::string{"#"} + kPrint;
  const Accepted cases[] = {
      {"a name", "https://chat.example.org", "chat.example.org:443"},
      {"a slash", "https://chat.example.org/", "chat.example.org:443"},
      {"the page of invitations", "https://chat.example.org:8443/i", "chat.example.org:8443"},
      {"the same with a slash", "https://[::1]:8443/i/", "[::1]:8443"},
      {"pinned", "https://chat.example.org:8443" + print, "chat.example.org:8443#"},
      {"pinned, with a slash", " https://127.0.0.1:1/" + print + "\n", "127.0.0.1:1#"},
      {"pinned, the page", "https://127.0.0.1:1/i/" + print, "127.0.0.1:1#"},
  };
  for (const auto& good : cases) {
    SCOPED_TRACE(good.name);
    const auto parsed = parse_invitation_url(good.url);
    ASSERT_TRUE(parsed.ok());
    const bool pinned = good.url.find('#') != std::string::npos;
    EXPECT_EQ(parsed.value().token, "");
    EXPECT_EQ(to_text(parsed.value().server), good.server + std::string{pinned ? kPrint : ""});
  }
}

struct RefusedUrl {
  const char* name;
  std::string url;
};

TEST(InvitationUrl, Refused) {
  const std::string token = kToken;
  const std::string print = kPrint;
  const RefusedUrl cases[] = {
      {"nothing", ""},
      {"blanks", "  \n"},
      {"a handle", "alice@example.org"},
      {"another scheme", "http://a.example/i/" + token},
      {"no scheme", "a.example/i/" + token},
      {"a scheme alone", "https://"},
      {"no host", "https:///i/" + token},
      {"a user", "https://me@a.example/i/" + token},
      {"a blank in the host", url("a .example")},
      {"a hyphen at the end of a label", url("a-.example")},
      {"an underscore", url("a_b.example")},
      {"a byte of no name", url("a\xc3\xa4.example")},
      {"a byte zero", url(std::string{"a\0b", 3})},
      {"port 0", url("a.example:0")},
      {"port 65536", url("a.example:65536")},
      {"no port behind the colon", url("a.example:")},
      {"a leading zero", url("a.example:0443")},
      {"a signed port", url("a.example:+443")},
      {"a port of letters", url("a.example:https")},
      {"two ports", url("a.example:1:2")},
      {"a number too large for IPv4", url("127.0.0.256")},
      {"three groups", url("127.0.1")},
      {"IPv6 without brackets", url("::1")},
      {"an open bracket", "https://[::1/i/" + token},
      {"text behind the bracket", url("[::1]x:443")},
      {"an empty bracket", url("[]")},
      {"no port behind the bracket's colon", url("[::1]:")},
      {"a path of something else", "https://a.example/j/" + token},
      {"a folder before", "https://a.example/x/i/" + token},
      {"an invitation's page twice", "https://a.example/i/i/" + token},
      {"a slash too many", "https://a.example//"},
      {"a token without its page", "https://a.example/" + token},
      {"a query instead of a path", "https://a.example?x=1"},
      {"no fingerprint behind its sign", "https://a.example#"},
      {"a path in the fragment", "https://a.example#" + print + "/i/" + token},
      {"a token cut short", "https://a.example/i/" + token.substr(1)},
      {"a token too long", "https://a.example/i/" + token + "A"},
      {"a token of other letters", "https://a.example/i/" + token.substr(1) + "+"},
      {"a padded token", "https://a.example/i/" + token + "=="},
      {"a token with left-over bits", "https://a.example/i/" + token.substr(0, 21) + "x"},
      {"a slash behind the token", "https://a.example/i/" + token + "/"},
      {"a query", "https://a.example/i/" + token + "?x=1"},
      {"an empty fingerprint", url("a.example", "#")},
      {"a fingerprint cut short", url("a.example", "#" + print.substr(1))},
      {"a fingerprint too long", url("a.example", "#" + print + "A")},
      {"a fingerprint in hex", url("a.example", "#" + std::string(64, 'a'))},
      {"two fingerprints", url("a.example", "#" + print + "#" + print)},
      {"a blank within", url("a.example", " #" + print)},
      {"longer than any", url(std::string(600, 'a') + ".example")},
  };
  for (const auto& bad : cases) {
    SCOPED_TRACE(bad.name);
    const auto parsed = parse_invitation_url(bad.url);
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().code, ErrorCode::usage);
  }
}

}  // namespace
}  // namespace martlet::client
