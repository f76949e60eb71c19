// What operators type: addresses, durations, server.toml.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "apps/martletd/config.h"
#include "apps/martletd/config_explain.h"
#include "apps/martletd/duration.h"

namespace martlet::daemon {
namespace {

namespace fs = std::filesystem;

struct AddressCase {
  const char* typed;
  const char* address;  ///< null: refused
  int port;
};

TEST(ListenAddress, TakesTwoFormsAndNoOther) {
  const AddressCase kCases[] = {
      {"127.0.0.1:8443", "127.0.0.1", 8443},
      {"0.0.0.0:0", "0.0.0.0", 0},
      {"[::1]:443", "::1", 443},
      {"[::]:65535", "::", 65'535},
      {"", nullptr, 0},
      {":8443", nullptr, 0},
      {"127.0.0.1", nullptr, 0},
      {"127.0.0.1:", nullptr, 0},
      {"127.0.0.1:65536", nullptr, 0},
      {"127.0.0.1:-1", nullptr, 0},
      {"127.0.0.1:80a", nullptr, 0},
      {"127.0.0.1:+80", nullptr, 0},
      {"127.0.0.1: 80", nullptr, 0},
      {"::1:443", nullptr, 0},
      {"[]:443", nullptr, 0},
      {"[127.0.0.1]:443", nullptr, 0},
      {"[::1]", nullptr, 0},
  };
  for (const auto& example : kCases) {
    SCOPED_TRACE(example.typed);
    const auto parsed = ListenAddress::parse(example.typed);
    ASSERT_EQ(parsed.has_value(), example.address != nullptr);
    if (!parsed) continue;
    EXPECT_EQ(parsed->address, example.address);
    EXPECT_EQ(parsed->port, example.port);
    EXPECT_EQ(parsed->text(), example.typed);
  }
}

struct DurationCase {
  const char* typed;
  std::int64_t seconds;  ///< 0: refused
};

TEST(ParseDuration, TakesAWholeNumberAndAUnit) {
  const DurationCase kCases[] = {
      {"90s", 90},
      {"30m", 1'800},
      {"12h", 43'200},
      {"7d", 604'800},
      {"2w", 1'209'600},
      {"36500d", 36'500LL * 86'400},
      {"", 0},
      {"d", 0},
      {"7", 0},
      {"0d", 0},
      {"-1d", 0},
      {"+1d", 0},
      {"1.5d", 0},
      {"7 d", 0},
      {" 7d", 0},
      {"7dd", 0},
      {"7y", 0},
      {"9223372036854775807w", 0},
      {"99999999999999999999s", 0},
      {"36525d", 0},
  };
  for (const auto& example : kCases) {
    SCOPED_TRACE(example.typed);
    const auto parsed = parse_duration(example.typed);
    ASSERT_EQ(parsed.has_value(), example.seconds != 0);
    if (parsed) {
      EXPECT_EQ(*parsed, Seconds{example.seconds});
    }
  }
}

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() { fs::create_directories(folder_); }
  ~ConfigTest() override { fs::remove_all(folder_); }
  Outcome<void> read(const std::string& text) {
    std::ofstream{file_} << text;
    return read_config(file_, config_);
  }

  fs::path folder_ = fs::temp_directory_path() / ("martlet-config-" + std::to_string(::getpid()));
  fs::path file_ = folder_ / "server.toml";
  Config config_;
};

TEST_F(ConfigTest, EverySettingArrives) {
  ASSERT_TRUE(read("name = \"chat.example.org\"\nlisten = \"[::]:443\"\npublic_port = 8443\n"
                   "envelope_lifetime_days = 30\nscrub_interval_s = 1\nreactors = 3\n"
                   "registration = \"open\"\n"
                   "[admin]\nmetrics = \"[::1]:9464\"\n"
                   "[limits]\nsends_a_minute = 7\nenvelopes_a_minute = 4096\n"
                   "bytes_a_minute = 0\n"
                   "[tls]\ncertificate = \"/etc/c.pem\"\nkey = \"/etc/k.pem\"\npublic = true\n"
                   "[mail]\nserver = \"smtp.example.org:465\"\nsecurity = \"tls\"\n"
                   "from = \"Martlet@example.org\"\nuser = \"u\"\npassword_file = \"/etc/p\"\n"
                   "authorities = \"/etc/a.pem\"\n"
                   "[sms]\ngateway_url = \"http://127.0.0.1:13013/cgi-bin/sendsms\"\n"
                   "username = \"martlet\"\npassword_file = \"/etc/sms\"\nsender = \"Martlet\"\n"
                   "prefixes = [\"+49\", \"+4366\"]\n"
                   "inbound_number = \"+4930123456\"\ncallback_key_file = \"/etc/key\"\n")
                  .ok());
  EXPECT_EQ(config_.mail.server, "smtp.example.org:465");
  EXPECT_EQ(config_.mail.security, MailSettings::Security::tls);
  EXPECT_EQ(config_.mail.from, "martlet@example.org");
  EXPECT_EQ(config_.mail.user, "u");
  EXPECT_EQ(config_.mail.password_file, "/etc/p");
  EXPECT_EQ(config_.mail.authorities, "/etc/a.pem");
  EXPECT_TRUE(config_.mail.is_set());
  EXPECT_EQ(config_.name, "chat.example.org");
  EXPECT_EQ(config_.host(), "chat.example.org");
  EXPECT_EQ(config_.domain(), "chat.example.org");
  EXPECT_EQ(config_.listen.text(), "[::]:443");
  EXPECT_EQ(config_.public_port, 8443);
  EXPECT_EQ(config_.envelope_lifetime, std::chrono::days{30});
  EXPECT_EQ(config_.scrub_interval, Seconds{1});
  EXPECT_EQ(config_.reactors, 3U);
  EXPECT_TRUE(config_.open_registration);
  EXPECT_EQ(config_.metrics->text(), "[::1]:9464");
  EXPECT_EQ(config_.send_rates.sends, 7U);
  EXPECT_EQ(config_.send_rates.envelopes, 4'096U);
  EXPECT_EQ(config_.send_rates.bytes, 0U);
  EXPECT_EQ(config_.tls_certificate, "/etc/c.pem");
  EXPECT_EQ(config_.tls_key, "/etc/k.pem");
  EXPECT_TRUE(config_.tls_public);
  EXPECT_EQ(config_.sms.gateway_url, "http://127.0.0.1:13013/cgi-bin/sendsms");
  EXPECT_EQ(config_.sms.username, "martlet");
  EXPECT_EQ(config_.sms.password_file, "/etc/sms");
  EXPECT_EQ(config_.sms.sender, "Martlet");
  EXPECT_TRUE(config_.sms.may_send_to("+491712345678"));
  EXPECT_TRUE(config_.sms.may_send_to("+436641234567"));
  EXPECT_FALSE(config_.sms.may_send_to("+43171234567"));
  EXPECT_FALSE(config_.sms.may_send_to("+3549001234"));
  EXPECT_TRUE(SmsSettings{}.may_send_to("+3549001234"));
  EXPECT_EQ(config_.sms.inbound_number, "+4930123456");
  EXPECT_EQ(config_.sms.callback_key_file, "/etc/key");
  EXPECT_TRUE(config_.sms.sends());
  EXPECT_TRUE(config_.sms.receives());
}

TEST_F(ConfigTest, TheStoresSection) {
  EXPECT_EQ(config_.store.mailboxes, StoreSettings::Engine::segments);
  EXPECT_EQ(config_.store.disk_bytes_max, 0U);
  ASSERT_TRUE(read("[store]\ndisk_max = \"20GB\"\naccept_damage = true\n").ok());
  EXPECT_EQ(config_.store.disk_bytes_max, 20'000'000'000U);
  EXPECT_TRUE(config_.store.accept_damage);
  config_ = {};
  ASSERT_TRUE(read("[store]\nmailboxes = \"rocks\"\n").ok());
  EXPECT_EQ(config_.store.mailboxes, StoreSettings::Engine::rocks);
  for (const auto* refused :
       {"mailboxes = \"files\"", "mailboxes = 1", "disk_max = 20", "disk_max = \"20\"",
        "disk_max = \"63MB\"", "disk_max = \"\"", "disk_max = \"GB\"", "disk_max = \"-1GB\"",
        "disk_max = \"20 GB\"", "disk_max = \"20GB \"", "disk_max = \"20GiB\"",
        "disk_max = \"1.5GB\"", "disk_max = \"99999999999999TB\"", "accept_damage = 1",
        "mailboxes = \"rocks\"\ndisk_max = \"20GB\""}) {
    SCOPED_TRACE(refused);
    config_ = {};
    EXPECT_FALSE(read("[store]\n" + std::string{refused} + "\n").ok());
  }
}

TEST_F(ConfigTest, ExplainsEverySettingWithItsSource) {
  ASSERT_TRUE(read("listen = \"[::]:443\"\n\n[tls]\npublic = true\ncertificate = \"/etc/c.pem\"\n"
                   "key = \"/etc/k.pem\"\n")
                  .ok());
  const auto settings = explain(config_);
  std::vector<std::string> names;
  for (const auto& setting : settings) {
    names.push_back(setting.name);
    EXPECT_FALSE(setting.about.empty()) << setting.name;
    if (setting.name == "listen") {
      EXPECT_EQ(setting.value, "\"[::]:443\"");
      EXPECT_EQ(setting.source, file_.string() + ", line 1");
    } else if (setting.name == "public_port") {
      EXPECT_EQ(setting.value, "443") << "what `listen` decides";
      EXPECT_EQ(setting.source, "default");
    } else if (setting.name == "tls.public") {
      EXPECT_EQ(setting.value, "true");
      EXPECT_EQ(setting.source, file_.string() + ", line 4");
    }
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, setting_names()) << "none forgotten";
  EXPECT_NE(explained_text(settings).find("tls.key = \"/etc/k.pem\""), std::string::npos);
  EXPECT_NE(explained_json(settings).find(R"({"about":)"), std::string::npos);
}

TEST_F(ConfigTest, WhatIsNotSaidStays) {
  config_.name = "before.example.org";
  ASSERT_TRUE(read("# nothing but a remark\n").ok());
  EXPECT_EQ(config_.name, "before.example.org");
  EXPECT_EQ(config_.envelope_lifetime, limits::kEnvelopeLifetime);
}

TEST_F(ConfigTest, TheFirstConfigReadsBack) {
  Config first;
  first.name = "chat.example.org";
  first.listen = {"127.0.0.1", 4433};
  ASSERT_TRUE(read(first_config(first)).ok());
  EXPECT_EQ(config_.name, "chat.example.org");
  EXPECT_EQ(config_.listen.text(), "127.0.0.1:4433");
  EXPECT_FALSE(config_.public_port);
  Config nameless;
  Config fresh;
  std::ofstream{file_} << first_config(nameless);
  ASSERT_TRUE(read_config(file_, fresh).ok());
  EXPECT_EQ(fresh.name, "");
}

TEST_F(ConfigTest, SettingsThatAreRemarksInTheFirstConfigAreRealOnes) {
  // So that an operator who takes away the `#` gets what the remark promised.
  auto text = first_config(Config{});
  for (auto at = text.find("# "); at != std::string::npos; at = text.find("# ", at + 1)) {
    const bool setting = at == 0 || text[at - 1] == '\n';
    if (setting && text.find(" = ", at) < text.find('\n', at)) text.erase(at, 2);
  }
  for (const auto* section :
       {"# [admin]", "# [limits]", "# [store]", "# [tls]", "# [mail]", "# [sms]"}) {
    text.replace(text.find(section), 2, "");
  }
  const auto outcome = read(text);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message << "\n" << text;
  EXPECT_EQ(config_.public_port, 443);
  EXPECT_EQ(config_.metrics->port, 9'464);
  const Config standard;  // what the remarks say is the default
  EXPECT_EQ(config_.send_rates.sends, standard.send_rates.sends);
  EXPECT_EQ(config_.send_rates.envelopes, standard.send_rates.envelopes);
  EXPECT_EQ(config_.send_rates.bytes, standard.send_rates.bytes);
  EXPECT_TRUE(config_.tls_public);
  EXPECT_EQ(config_.mail.user, "martlet");
  EXPECT_EQ(config_.store.disk_bytes_max, 20'000'000'000U);
  EXPECT_TRUE(config_.sms.sends());
  EXPECT_TRUE(config_.sms.receives());
}

struct BadConfig {
  const char* name;
  const char* text;
  const char* says;  ///< after the file's name
};

TEST_F(ConfigTest, MistakesAreNamedWithTheirLine) {
  const BadConfig kConfigs[] = {
      {"an unknown setting", "name = \"a.example\"\nnmae = \"b\"\n",
       ", line 2: there is no setting `nmae`"},
      {"an unknown one of tls", "[tls]\nfoo = 1\n", ", line 2: there is no setting `tls.foo`"},
      {"an unknown table", "[web]\nport = 1\n", ", line 1: there is no setting `web`"},
      {"tls that is no table", "tls = true\n", ", line 1: there is no setting `tls`"},
      {"no TOML", "name = \n", ", line 1: "},
      {"a number for a text", "name = 5\n", ", line 1: `name` must be a domain or an IP address"},
      {"no name", "name = \"a b\"\n", ", line 1: `name` must be"},
      {"an empty name", "name = \"\"\n", ", line 1: `name` must be"},
      {"no address", "\n\nlisten = \"8443\"\n", ", line 3: `listen` must be"},
      {"port 0 to the world", "public_port = 0\n", ", line 1: `public_port` must be a port"},
      {"a port too large", "public_port = 65536\n", ", line 1: `public_port` must be a port"},
      {"no day", "envelope_lifetime_days = 0\n", "1 to 30"},
      {"too many days", "envelope_lifetime_days = 31\n", "1 to 30"},
      {"half a day", "envelope_lifetime_days = 1.5\n", "1 to 30"},
      {"scrubbing all the time", "scrub_interval_s = 0\n", "1 to 86400"},
      {"registration for whom?", "registration = \"all\"\n", "\"invite\" or \"open\""},
      {"registration as a flag", "registration = true\n", "\"invite\" or \"open\""},
      {"no reactor", "reactors = 0\n", "1 to 256"},
      {"too many reactors", "reactors = 257\n", "1 to 256"},
      {"metrics for all", "[admin]\nmetrics = \"0.0.0.0:9464\"\n",
       ", line 2: `admin.metrics` must be \"ADDRESS:PORT\" with a loopback address"},
      {"metrics for the network", "[admin]\nmetrics = \"192.0.2.1:9464\"\n", "loopback address"},
      {"metrics at a name", "[admin]\nmetrics = \"localhost:9464\"\n", "loopback address"},
      {"metrics without a port", "[admin]\nmetrics = \"127.0.0.1\"\n", "loopback address"},
      {"an unknown one of limits", "[limits]\nlogins = 1\n", "there is no setting `limits.logins`"},
      {"fewer than no Sends", "[limits]\nsends_a_minute = -1\n",
       ", line 2: `limits.sends_a_minute` must be 0 (no limit), or"},
      {"Sends beyond counting", "[limits]\nsends_a_minute = 1000000000001\n", "must be 0"},
      {"envelopes that a group's Send exceeds", "[limits]\nenvelopes_a_minute = 4095\n",
       "or 4096 to"},
      {"bytes that one Send exceeds", "[limits]\nbytes_a_minute = 4194303\n", "or 4194304 to"},
      {"a relative path", "[tls]\ncertificate = \"c.pem\"\nkey = \"/k.pem\"\n",
       ", line 2: `tls.certificate` must be an absolute path"},
      {"half of TLS", "[tls]\nkey = \"/k.pem\"\n", "go together"},
      {"a public self-signed certificate", "[tls]\npublic = true\n", "`tls.public` needs"},
      {"an unknown one of mail", "[mail]\nfoo = 1\n", ", line 2: there is no setting `mail.foo`"},
      {"mail that is no table", "mail = true\n", ", line 1: there is no setting `mail`"},
      {"a mail server without a port", "[mail]\nserver = \"smtp.example.org\"\n",
       ", line 2: `mail.server` must be"},
      {"a mail server that is a URL", "[mail]\nserver = \"smtp://a.example:25\"\n",
       ", line 2: `mail.server` must be"},
      {"an unknown security", "[mail]\nsecurity = \"ssl\"\n", ", line 2: `mail.security` must be"},
      {"a number as sender", "[mail]\nfrom = \"+15550100123\"\n", ", line 2: `mail.from` must be"},
      {"a mail password at a relative path", "[mail]\npassword_file = \"p\"\n",
       ", line 2: `mail.password_file` must be"},
      {"no user", "[mail]\nuser = \"\"\n", ", line 2: `mail.user` must be"},
      {"mail from nobody", "[mail]\nserver = \"a.example:25\"\n", "needs `mail.from`"},
      {"a user without a password", "[mail]\nuser = \"u\"\n", "go together"},
      {"mail to two places",
       "[mail]\nserver = \"a.example:25\"\nfrom = \"a@b\"\nfolder = \"/tmp\"\n", "exclude"},
      {"mail across the network in the clear",
       "[mail]\nserver = \"a.example:25\"\nfrom = \"a@b\"\nsecurity = \"none\"\n",
       "must be on this machine"},
      {"an unknown one of sms", "[sms]\npassword = \"hunter2\"\n",
       ", line 2: there is no setting `sms.password`"},
      {"sms that is no table", "sms = true\n", ", line 1: there is no setting `sms`"},
      {"a gateway with a query", "[sms]\ngateway_url = \"http://a/?to=\"\n",
       ", line 2: `sms.gateway_url` must be http://"},
      {"a gateway with a password", "[sms]\ngateway_url = \"http://a:b@c/\"\n", "must be http://"},
      {"an empty gateway", "[sms]\ngateway_url = \"\"\n", "must be http://"},
      {"no username", "[sms]\nusername = \"\"\n", "a name of printable ASCII"},
      {"a relative password file", "[sms]\npassword_file = \"pw\"\n", "an absolute path"},
      {"a sender of 12 letters", "[sms]\nsender = \"abcdefghijkl\"\n", "up to 11 letters"},
      {"a sender with signs", "[sms]\nsender = \"a&b\"\n", "up to 11 letters"},
      {"one prefix, no list", "[sms]\nprefixes = \"+49\"\n",
       ", line 2: `sms.prefixes` must be a list"},
      {"no prefix", "[sms]\nprefixes = []\n", "`sms.prefixes` must be a list"},
      {"an empty prefix", "[sms]\nprefixes = [\"+49\", \"\"]\n", "must be a list"},
      {"only a plus", "[sms]\nprefixes = [\"+\"]\n", "must be a list"},
      {"a prefix without a plus", "[sms]\nprefixes = [\"49\"]\n", "must be a list"},
      {"a prefix with a blank", "[sms]\nprefixes = [\"+49 171\"]\n", "must be a list"},
      {"a number for a prefix", "[sms]\nprefixes = [49]\n", "must be a list"},
      {"prefixes without a gateway", "[sms]\nprefixes = [\"+49\"]\n", "needs `sms.gateway_url`"},
      {"a national inbound number", "[sms]\ninbound_number = \"030123456\"\n",
       ", line 2: `sms.inbound_number` must be a number such as"},
      {"an inbound number with blanks", "[sms]\ninbound_number = \"+49 30 123456\"\n",
       "must be a number such as"},
      {"half a gateway", "[sms]\ngateway_url = \"http://a/\"\nusername = \"a\"\n",
       "`sms.sender` go together"},
      {"a gateway without its password",
       "[sms]\ngateway_url = \"http://a/\"\nusername = \"a\"\nsender = \"a\"\n", "go together"},
      {"a password without its gateway", "[sms]\npassword_file = \"/pw\"\n", "go together"},
      {"an inbound number without its key", "[sms]\ninbound_number = \"+4930123456\"\n",
       "`sms.callback_key_file` go together"},
      {"a key without its number", "[sms]\ncallback_key_file = \"/key\"\n", "go together"},
      {"public that is neither", "[tls]\npublic = 1\n", "`tls.public` must be true or false"},
  };
  for (const auto& bad : kConfigs) {
    SCOPED_TRACE(bad.name);
    const auto outcome = read(bad.text);
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().exit, Exit::usage);
    EXPECT_TRUE(outcome.error().message.starts_with(file_.string())) << outcome.error().message;
    EXPECT_NE(outcome.error().message.find(bad.says), std::string::npos) << outcome.error().message;
    EXPECT_EQ(config_.name, "");  // nothing was taken over
  }
}

TEST_F(ConfigTest, AFileThatIsNotThereIsSaid) {
  const auto outcome = read_config(folder_ / "missing.toml", config_);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().exit, Exit::usage);
  EXPECT_NE(outcome.error().message.find("missing.toml"), std::string::npos);
}

TEST(Config, WithoutANameTheAddressStandsIn) {
  Config config;
  EXPECT_EQ(config.host(), "localhost");  // nobody connects to 0.0.0.0
  EXPECT_EQ(config.domain(), "localhost");
  config.listen = {"192.0.2.7", 8443};
  EXPECT_EQ(config.host(), "192.0.2.7");
  EXPECT_EQ(config.domain(), "localhost");  // an address is no domain for handles
  config.listen = {"::1", 8443};
  EXPECT_EQ(config.host(), "[::1]");
}

}  // namespace
}  // namespace martlet::daemon
