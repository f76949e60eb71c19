// Phone numbers as people prove and use them: through a real gateway (Debian's kannel), by the
// programs themselves.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "cli/world.h"
#include "support/kannel.h"

namespace martlet::cli_test {
namespace {

constexpr const char* kNumber = "+491712345678";
constexpr const char* kOther = "+491722345678";

class PhoneTest : public ::testing::Test {
 protected:
  PhoneTest() : server_{folder_.path() / "server"}, kannel_{folder_.path() / "kannel"} {
    const auto file = (folder_.path() / "more.toml").string();
    std::ofstream{file} << kannel_.settings();
    server_.set_config(file);
    started_ = server_.start() && kannel_.start(server_.address());
  }
  void SetUp() override { ASSERT_TRUE(started_) << kannel_.error(); }
  Person enrolled(const std::string& name) {
    Person person{folder_.path() / name, name + "@example.org"};
    person.enroll(server_.invite(person.handle()));
    return person;
  }
  static std::string state(const Person& person, const std::string& handle) {
    const auto listed = person.lines({"handle", "ls"});
    for (const auto& row : listed.at(0)["handles"]) {
      if (row["handle"] == handle) return row["state"];
    }
    return "none";
  }

  TemporaryFolder folder_;
  Server server_;
  support::Kannel kannel_;
  bool started_ = false;
};

TEST_F(PhoneTest, ACodeBySmsMakesANumberAHandle) {
  const auto alice = enrolled("alice");
  const auto bob = enrolled("bob");
  EXPECT_EQ(error_of(alice.run({"handle", "add", "0171 2345678"}))["code"], "region_needed");
  const auto added = alice.lines({"--region", "DE", "handle", "add", "0171 2345678"}).at(0);
  EXPECT_EQ(added["handle"], kNumber);
  EXPECT_EQ(added["method"], "sms_code");
  const auto sms = kannel_.sms_to(kNumber);
  ASSERT_TRUE(sms);
  const auto code = sms->substr(0, 6);
  auto wrong = code;
  wrong[0] = wrong[0] == '9' ? '0' : static_cast<char>(wrong[0] + 1);
  EXPECT_EQ(error_of(alice.run({"handle", "confirm", kNumber, wrong}))["code"], "code_wrong");
  EXPECT_EQ(bob.run({"send", kNumber, "too early"}).exit_code, 7);
  alice.lines({"handle", "confirm", "+49 (0)171 2345678", code});
  EXPECT_EQ(state(alice, kNumber), "confirmed");

  bob.lines({"--region", "DE", "contact", "add", "Alice", "0171/2345678"});
  bob.lines({"send", "Alice", "hello"});
  EXPECT_EQ(alice.texts({"watch", "--for", "0"}), std::vector<std::string>{"hello"});
  EXPECT_TRUE(files_with(server_.data(), code).empty()) << "the server keeps hashes";

  // Numbers without a country are from where the own one is.
  alice.lines({"handle", "default", kNumber});
  EXPECT_EQ(alice.lines({"contact", "add", "Eva", "0172 2345678"}).at(0)["handle"], kOther);
}

TEST_F(PhoneTest, ATextFromThePhoneMakesItsNumberAHandle) {
  const auto alice = enrolled("alice");
  const auto added = alice.lines({"handle", "add", kNumber, "--method", "inbound"}).at(0);
  EXPECT_EQ(added["number"], support::Kannel::kServersNumber);
  ASSERT_TRUE(kannel_.send_from(kOther, added["text"])) << kannel_.error();
  auto watch = alice.start({"watch"});
  ASSERT_TRUE(watch.wait_for_line("\"what\":\"pending\""));
  ASSERT_TRUE(kannel_.send_from(kNumber, added["text"])) << kannel_.error();
  const auto told = watch.wait_for_line("\"what\":\"confirmed\"");
  ASSERT_TRUE(told);
  EXPECT_EQ(Json::parse(*told)["handle"], kNumber);
  watch.signal(SIGTERM);
  watch.wait();
  EXPECT_EQ(state(alice, kNumber), "confirmed");
  EXPECT_EQ(state(alice, kOther), "none");
}

}  // namespace
}  // namespace martlet::cli_test
