// Handles, proven for real: a mail server (Debian's python3-aiosmtpd) gets the mail, a browser
// follows its link over HTTPS, and every device hears of it.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <sstream>

#include "cli/world.h"

namespace martlet::cli_test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMail = "alice@elsewhere.example";

std::string script(const std::string& name) {
  return std::string{MARTLET_SOURCE_DIR} + "/tests/support/" + name;
}

/// An SMTP server below `folder`. It ends with its owner.
class MailServer {
 public:
  explicit MailServer(const fs::path& folder) : folder_{folder} {
    fs::create_directories(mails());
    const auto made = support::run(
        {{"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
          "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
          "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key(), "-out", certificate()},
         {},
         {},
         {},
         false});
    EXPECT_EQ(made.exit_code, 0) << made.err;
  }
  void start(std::vector<std::string> more = {}) {
    std::vector<std::string> words{"/usr/bin/python3", script("smtp_server.py"), mails().string(),
                                   "--port", port_};
    words.insert(words.end(), more.begin(), more.end());
    process_.emplace(support::ProcessOptions{words, {}, {}, {}, false});
    const auto line = process_->wait_for_line("listening on ");
    ASSERT_TRUE(line) << process_->wait(std::chrono::seconds{1}).err;
    port_ = line->substr(line->rfind(' ') + 1);
  }
  void stop() {
    process_->signal(SIGKILL);
    process_->wait();
    process_.reset();
  }
  /// The mail that came as number `number`, from 1; waits for it.
  std::string mail(int number, std::chrono::seconds patience = std::chrono::seconds{60}) const {
    auto name = std::to_string(number);
    name.insert(0, 3 - name.size(), '0');
    const auto path = mails() / (name + ".eml");
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (!fs::exists(path)) {
      if (std::chrono::steady_clock::now() > give_up) {
        ADD_FAILURE() << "no mail came";
        return {};
      }
      ::usleep(20'000);
    }
    std::ifstream in{path, std::ios::binary};
    std::ostringstream content;
    content << in.rdbuf();
    return content.str();
  }
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator{mails()}, fs::directory_iterator{}));
  }

  fs::path mails() const { return folder_ / "mails"; }
  std::string certificate() const { return (folder_ / "mail-certificate.pem").string(); }
  std::string key() const { return (folder_ / "mail-key.pem").string(); }
  const std::string& port() const { return port_; }

 private:
  fs::path folder_;
  std::string port_ = "0";
  std::optional<Process> process_;
};

std::string link_in(const std::string& mail) {
  const auto start = mail.find("https://localhost:");
  return mail.substr(start, mail.find_first_of("\r\n\"", start) - start);
}

/// A world whose server sends mail.
class HandlesTest : public ::testing::Test {
 protected:
  HandlesTest() : mail_server_{folder_.path()}, server_{folder_.path() / "server"} {}

  void configure(const std::string& mail_section) {
    const auto file = (folder_.path() / "more.toml").string();
    std::ofstream{file} << "[mail]\n" << mail_section;
    server_.set_config(file);
    ASSERT_TRUE(server_.start());
  }
  void configure_plain() {
    configure("server = \"127.0.0.1:" + mail_server_.port() +
              "\"\nsecurity = \"none\"\nfrom = \"martlet@example.org\"\n");
  }
  Person enrolled(const std::string& name) {
    Person person{folder_.path() / name, name + "@example.org"};
    person.enroll(server_.invite(person.handle()));
    return person;
  }
  /// Another device of the same account.
  Person linked(const std::string& name, const Person& by) {
    Person device{folder_.path() / name, by.handle()};
    const std::string address = by.lines({"whoami"}).at(0)["server"];
    Process process{device.command({"device", "link", address})};
    const auto line = process.wait_for_line("\"type\":\"link\"");
    EXPECT_TRUE(line);
    if (line) by.lines({"device", "approve", Json::parse(*line)["payload"], "--yes"});
    EXPECT_EQ(process.wait().exit_code, 0);
    return device;
  }
  std::string browse(const std::string& method, const std::string& url) const {
    const auto outcome = support::run({{"/usr/bin/python3", script("browser.py"), method, url,
                                        (server_.data() / "tls-certificate.pem").string()},
                                       {},
                                       {},
                                       {},
                                       false});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.out;
  }
  static std::string state(const Person& person, const std::string& handle) {
    const auto listed = person.lines({"handle", "ls"});
    for (const auto& row : listed.at(0)["handles"]) {
      if (row["handle"] == handle) return row["state"];
    }
    return "none";
  }
  /// Waits until the handle is in that state.
  static void wait_for_state(const Person& person, const std::string& handle,
                             const std::string& wanted) {
    for (int i = 0; i < 200; ++i) {
      if (state(person, handle) == wanted) return;
      ::usleep(50'000);
    }
    FAIL() << handle << " is " << state(person, handle) << ", not " << wanted;
  }

  TemporaryFolder folder_;
  MailServer mail_server_;
  Server server_;
};

TEST_F(HandlesTest, ALinkInAMailProvesAnAddress) {
  mail_server_.start({"--certificate", mail_server_.certificate(), "--key", mail_server_.key(),
                      "--user", "martlet", "--password", "se\"cret"});
  const auto password = folder_.path() / "password";
  std::ofstream{password} << "se\"cret\n";
  fs::permissions(password, fs::perms::owner_read);
  configure("server = \"localhost:" + mail_server_.port() +
            "\"\nfrom = \"martlet@example.org\"\nuser = \"martlet\"\npassword_file = \"" +
            password.string() + "\"\nauthorities = \"" + mail_server_.certificate() + "\"\n");
  const auto alice = enrolled("alice");
  const auto bob = enrolled("bob");
  const auto phone = linked("phone", alice);
  auto watch = phone.start({"watch"});

  const auto added = alice.lines({"handle", "add", "Alice@Elsewhere.example"}).at(0);
  EXPECT_EQ(added["type"], "handle_added");
  EXPECT_EQ(added["v"], 1);
  EXPECT_EQ(added["handle"], kMail);
  EXPECT_EQ(added["method"], "mail_link");
  const auto mail = mail_server_.mail(1);
  for (const auto* part :
       {"X-Tls: yes", "X-User: martlet", "X-From: martlet@example.org",
        "X-To: alice@elsewhere.example", "Subject: ", "Message-ID: <",
        "Date: ", "multipart/alternative", "text/plain", "text/html", "alice@example.org"}) {
    EXPECT_NE(mail.find(part), std::string::npos) << part;
  }
  wait_for_state(alice, kMail, "pending");
  EXPECT_EQ(bob.run({"send", kMail, "too early"}).exit_code, 7);

  const auto link = link_in(mail);
  const auto asks = browse("GET", link);
  EXPECT_EQ(asks.substr(0, 4), "200\n");
  EXPECT_NE(asks.find("Is this you?"), std::string::npos);
  EXPECT_NE(asks.find("Referrer-Policy: no-referrer"), std::string::npos);
  EXPECT_EQ(state(alice, kMail), "pending") << "who opens a link has not confirmed";
  ASSERT_TRUE(watch.wait_for_line("\"what\":\"pending\"")) << "on her other device";
  EXPECT_EQ(browse("POST", link).substr(0, 4), "200\n");
  const auto line = watch.wait_for_line("\"what\":\"confirmed\"");
  ASSERT_TRUE(line);
  const auto event = Json::parse(*line);
  EXPECT_EQ(event["type"], "handle");
  EXPECT_EQ(event["handle"], kMail);
  for (const auto* method : {"GET", "POST"}) {
    const auto used = browse(method, link);
    EXPECT_EQ(used.substr(0, 4), "410\n");
    EXPECT_NE(used.find("has been used"), std::string::npos);
    EXPECT_EQ(used.find("elsewhere.example"), std::string::npos);
  }
  EXPECT_EQ(browse("POST", link + "x").substr(0, 4), "404\n");

  // Bob reaches her by it, and sees it once it is what she writes as.
  bob.lines({"send", kMail, "hello"});
  EXPECT_EQ(alice.texts({"watch", "--for", "0"}), std::vector<std::string>{"hello"});
  alice.lines({"handle", "default", kMail});
  ASSERT_TRUE(watch.wait_for_line("\"what\":\"default\""));
  EXPECT_EQ(alice.lines({"whoami"}).at(0)["handle"], kMail);
  alice.lines({"send", "bob@example.org", "hi"});
  EXPECT_EQ(bob.lines({"history", kMail}).back()["from"], kMail);

  EXPECT_EQ(alice.lines({"handle", "rm", "alice@example.org"}).at(0)["handles"].size(), 1U);
  EXPECT_EQ(error_of(alice.run({"handle", "rm", kMail}))["code"], "handle_last");
  EXPECT_EQ(bob.run({"send", "alice@example.org", "gone"}).exit_code, 7);
  ASSERT_TRUE(watch.wait_for_line("\"what\":\"removed\""));
  watch.signal(SIGTERM);
  EXPECT_EQ(watch.wait().exit_code, 0);
  EXPECT_EQ(phone.lines({"whoami"}).at(0)["handle"], kMail);

  const auto token = link.substr(link.rfind('/') + 1);
  EXPECT_FALSE(files_with(server_.data(), kMail).empty()) << "or the search finds nothing";
  EXPECT_TRUE(files_with(server_.data(), token).empty()) << "the server keeps hashes";
  server_.stop();
}

TEST_F(HandlesTest, AHandleMovesToWhoProvesItAndTheOtherIsTold) {
  mail_server_.start();
  configure_plain();
  const auto alice = enrolled("alice");
  const auto bob = enrolled("bob");
  bob.lines({"handle", "add", "alice@example.org"});
  auto watch = alice.start({"watch"});
  const auto link = link_in(mail_server_.mail(1));
  EXPECT_EQ(browse("POST", link).substr(0, 4), "200\n");
  const auto line = watch.wait_for_line("\"what\":\"moved\"");
  ASSERT_TRUE(line);
  EXPECT_EQ(Json::parse(*line)["handle"], "alice@example.org");
  watch.signal(SIGTERM);
  watch.wait();
  EXPECT_EQ(state(bob, "alice@example.org"), "confirmed");
  EXPECT_EQ(state(alice, "alice@example.org"), "moved");
}

TEST_F(HandlesTest, AnAddressThatTheMailServerRefuses) {
  mail_server_.start({"--refuse", "nobody@elsewhere.example"});
  configure_plain();
  const auto alice = enrolled("alice");
  alice.lines({"handle", "add", "nobody@elsewhere.example"});
  wait_for_state(alice, "nobody@elsewhere.example", "refused");
  EXPECT_EQ(mail_server_.count(), 0U);
  alice.lines({"handle", "rm", "nobody@elsewhere.example"});
  EXPECT_EQ(state(alice, "nobody@elsewhere.example"), "none");
}

TEST_F(HandlesTest, AMailServerThatIsDownGetsTheMailLaterAlsoAfterARestart) {
  mail_server_.start();
  mail_server_.stop();
  configure_plain();
  const auto alice = enrolled("alice");
  alice.lines({"handle", "add", kMail});
  wait_for_state(alice, kMail, "retrying");
  EXPECT_FALSE(alice.lines({"handle", "ls"}).at(0)["handles"].at(1)["retry_at"].is_null());
  server_.kill();
  mail_server_.start();
  ASSERT_TRUE(server_.start());
  const auto link = link_in(mail_server_.mail(1));
  EXPECT_EQ(browse("POST", link).substr(0, 4), "200\n");
  EXPECT_EQ(state(alice, kMail), "confirmed");
}

TEST_F(HandlesTest, InDevelopmentMailsAreFilesAndTheirLinksArePrinted) {
  const auto mails = folder_.path() / "outgoing";
  fs::create_directories(mails);
  configure("folder = \"" + mails.string() + "\"\n");
  const auto alice = enrolled("alice");
  alice.lines({"handle", "add", kMail});
  const auto line = server_.wait_for_line("mail to alice@elsewhere.example: ");
  ASSERT_TRUE(line);
  const auto link = link_in(*line);
  const auto files = files_with(mails, link);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_TRUE(files.begin()->ends_with(".eml"));
  EXPECT_EQ(browse("POST", link).substr(0, 4), "200\n");
  EXPECT_EQ(state(alice, kMail), "confirmed");
}

TEST_F(HandlesTest, WhatIsRefusedSaysWhy) {
  configure("folder = \"" + folder_.path().string() + "\"\n");
  const auto alice = enrolled("alice");
  struct Case {
    std::vector<std::string> words;
    int exit_code;
    const char* code;
  };
  const Case cases[] = {
      {{"handle", "add", "carol@localhost"}, 8, "handle_local"},
      {{"handle", "add", "+15550123456"}, 8, "handle_unsupported"},
      {{"handle", "add", "nothing"}, 2, "usage"},
      {{"handle", "add", kMail, "--method", "sms"}, 8, "handle_unsupported"},
      {{"handle", "confirm", kMail, "123456"}, 8, "proof_over"},
      {{"handle", "rm", "bob@example.org"}, 7, "unknown_handle"},
      {{"handle", "rm", "alice@example.org"}, 8, "handle_last"},
      {{"handle", "default", kMail}, 7, "unknown_handle"},
      {{"--offline", "handle", "add", kMail}, 4, "network"},
      {{"handle", "add"}, 2, "usage"},
      {{"handle"}, 2, "usage"},
  };
  for (const auto& [words, exit_code, code] : cases) {
    SCOPED_TRACE(words.back());
    const auto outcome = alice.run(words);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_EQ(error_of(outcome)["code"], code);
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_EQ(alice.lines({"--offline", "handle", "ls"}).at(0)["handles"].at(0)["default"], true);
  for (int i = 0; i < 10; ++i) {
    alice.lines({"handle", "add", "a" + std::to_string(i) + "@elsewhere.example"});
  }
  const auto outcome = alice.run({"handle", "add", "b@elsewhere.example"});
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_EQ(error_of(outcome)["code"], "rate_limited");
}

}  // namespace
}  // namespace martlet::cli_test
