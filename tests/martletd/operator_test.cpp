// martletd invite and status, with the server running and without.
#include "server_process.h"

namespace martlet::martletd_test {
namespace {

struct Operator : ServerProcess {
  support::Outcome run(std::vector<std::string> words) const {
    words.insert(words.begin() + 1, {"--data", data()});
    return run_martletd(std::move(words));
  }
};

TEST_F(Operator, InvitesWithTheServerRunningAndWithout) {
  start();
  const auto running = run({"invite", "--handle", "alice@example.org"});
  EXPECT_EQ(stop().exit_code, 0);
  const auto stopped = run({"invite", "--handle", "bob@example.org"});
  restart();
  for (const auto& outcome : {running, stopped}) {
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(std::ranges::count(outcome.out, '\n'), 1);
    const auto invitation = parts_of(outcome.out.substr(0, outcome.out.find('\n')));
    EXPECT_EQ(invitation.port, server_.port);
    EXPECT_EQ(invitation.fingerprint, server_.fingerprint);
    auto device = server::TestDevice::make(random_);
    device.found_account(random_, SystemClock{}.now());
    DeviceClient client{invitation};
    EXPECT_TRUE(std::holds_alternative<wire::Enrolled>(client.enrol(invitation.token, device)));
  }
}

TEST_F(Operator, InvitationsForSeveralAreGoodForSoMany) {
  start();
  const auto outcome = run({"invite", "--uses", "2", "--expires", "1h", "--admin"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto invitation = parts_of(outcome.out.substr(0, outcome.out.find('\n')));
  for (const auto* handle : {"one@localhost", "two@localhost", "three@localhost"}) {
    auto device = server::TestDevice::make(random_);
    device.found_account(random_, SystemClock{}.now());
    DeviceClient client{invitation};
    const auto answer = client.enrol(invitation.token, device, handle);
    if (std::string{handle} == "three@localhost") {
      EXPECT_EQ(std::get<wire::Refusal>(answer).code, wire::RefusalCode::invitation_used);
    } else {
      EXPECT_TRUE(std::get<wire::Enrolled>(answer).admin);
    }
  }
}

struct BadInvite {
  const char* name;
  std::vector<std::string> words;
  int exit_code;
  const char* says;
};

TEST_F(Operator, InvitationsThatCannotBeAreRefusedEitherWay) {
  start();
  member("taken@example.org");
  const BadInvite kInvites[] = {
      {"no handle", {"invite", "--handle", "no handle"}, 2, "no such invitation"},
      {"taken", {"invite", "--handle", "taken@example.org"}, 8, "has this handle already"},
      {"no uses", {"invite", "--uses", "0"}, 2, "no such invitation"},
      {"uses that are no number", {"invite", "--uses", "many"}, 2, "--uses"},
      {"one name for many", {"invite", "--handle", "a@b.example", "--uses", "2"}, 2, "one use"},
      {"no duration", {"invite", "--expires", "soon"}, 2, "--expires"},
      {"too long", {"invite", "--expires", "367d"}, 2, "366 days"},
  };
  for (const bool running : {true, false}) {
    for (const auto& bad : kInvites) {
      SCOPED_TRACE(std::string{bad.name} + (running ? ", running" : ", stopped"));
      const auto outcome = run(bad.words);
      EXPECT_EQ(outcome.exit_code, bad.exit_code) << outcome.err;
      EXPECT_NE(outcome.err.find(bad.says), std::string::npos) << outcome.err;
      EXPECT_EQ(outcome.out, "");
    }
    if (running) {
      EXPECT_EQ(stop().exit_code, 0);
    }
  }
}

TEST_F(Operator, WhereNoServerIsTheVerbsSaySo) {
  for (const auto* verb : {"invite", "status"}) {
    const auto outcome = run({verb});
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_NE(outcome.err.find("is not the data folder of a server"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(data()));  // asking makes nothing
  }
}

TEST_F(Operator, StatusIsTheSameRunningAndStopped) {
  start();
  const auto alice = member("alice@example.org");
  const auto bob = member("bob@example.org");
  DeviceClient sender{server_};
  ASSERT_TRUE(sender.log_in(alice));
  const auto send = send_to(bob, 1, 500);
  ASSERT_TRUE(std::holds_alternative<wire::Accepted>(sender.ask(send)));
  const auto starts = to_hex(ByteView{send.envelopes[0].sealed}.first(16));
  for (const bool running : {true, false}) {
    SCOPED_TRACE(running ? "running" : "stopped");
    const auto json = run({"status", "--json", "--mailboxes"});
    ASSERT_EQ(json.exit_code, 0) << json.err;
    EXPECT_EQ(std::ranges::count(json.out, '\n'), 1);
    for (const auto& part : {std::string{"\"health\":\"ok\""}, std::string{"\"accounts\":2"},
                             std::string{"\"online\":"} + (running ? "1" : "0"),
                             std::string{"\"waiting\":{\"items\":1,\"bytes\":500}"},
                             "\"device\":\"" + to_base64url(bob.id.view()) + "\"",
                             "\"sealed_starts_hex\":\"" + starts + "\""}) {
      EXPECT_NE(json.out.find(part), std::string::npos) << part << " in " << json.out;
    }
    const auto text = run({"status"});
    EXPECT_NE(text.out.find("1 sealed items, 500 bytes, for 1 devices"), std::string::npos)
        << text.out;
    if (running) {
      EXPECT_EQ(stop().exit_code, 0);
    }
  }
}

TEST_F(Operator, ADeepDataFolderIsNoProblem) {
  root_ /= std::string(100, 'd');
  std::filesystem::create_directory(root_);
  start();
  EXPECT_EQ(run({"status"}).exit_code, 0);
  root_ = root_.parent_path();
}

}  // namespace
}  // namespace martlet::martletd_test
