#include "server/enrolment.h"

#include "crypto/hash.h"
#include "server/scene_test.h"

namespace martlet::server {
namespace {

using wire::RefusalCode;

struct EnrolmentTest : Scene {
  wire::Body enrol(const std::string& token, const TestDevice& device,
                   const std::string& handle = "") {
    const auto peer = connect();
    world_->take(peer);
    auto answer = answer_to(peer, wire::Enrol{token, handle, device.links});
    EXPECT_FALSE(world_->closed(peer));
    world_->disconnect(peer);
    return answer;
  }
};

TEST_F(EnrolmentTest, AnInvitationWithAHandleGivesItAndIsUsedUp) {
  const auto alice = newcomer();
  const auto token = invite("Alice@Example.org", 1, true);
  const auto answer = enrol(token, alice);
  const auto& enrolled = std::get<wire::Enrolled>(answer);
  EXPECT_EQ(enrolled.handle, "alice@example.org");
  EXPECT_EQ(enrolled.account, alice.account);
  EXPECT_TRUE(enrolled.admin);
  const auto record = directory_.account(alice.account).take().value();
  EXPECT_EQ(record.devices, std::vector{alice.id});
  EXPECT_EQ(record.head, alice.head);
  EXPECT_EQ(record.links, alice.links);
  EXPECT_EQ(record.enrolled, world_->now());
  EXPECT_TRUE(record.admin);
  EXPECT_EQ(code_of(enrol(token, newcomer())), RefusalCode::invitation_used);
}

TEST_F(EnrolmentTest, TheNewcomerGoesOnToLogInOnTheSameConnection) {
  const auto alice = newcomer();
  const auto token = invite("alice@example.org");
  const auto peer = connect();
  const auto challenge = nonce(peer);
  ASSERT_TRUE(
      std::holds_alternative<wire::Enrolled>(answer_to(peer, wire::Enrol{token, "", alice.links})));
  EXPECT_TRUE(std::holds_alternative<wire::Welcome>(
      answer_to(peer, alice.authenticate(challenge, exporter_))));
}

TEST_F(EnrolmentTest, ARepeatGetsTheSameAnswerEvenWhenUsedUpAndExpired) {
  const auto alice = newcomer();
  const auto token = invite("alice@example.org");
  ASSERT_TRUE(std::holds_alternative<wire::Enrolled>(enrol(token, alice)));
  world_->advance(limits::kInvitationLifetime * 2);
  const auto again = enrol(token, alice, "someone.else@example.org");
  EXPECT_EQ(std::get<wire::Enrolled>(again).handle, "alice@example.org");
  EXPECT_EQ(directory_disk_.accounts.size(), 1U);
}

TEST_F(EnrolmentTest, AnAnswerLostByTheDiskIsMadeUpForByTheRepeat) {
  const auto alice = newcomer();
  const auto token = invite("alice@example.org");
  for (const auto fault : {store::WriteFault::lost, store::WriteFault::written}) {
    directory_fault_ = fault;
    const auto answer = enrol(token, alice);
    EXPECT_EQ(code_of(answer), RefusalCode::unavailable);
    EXPECT_GT(std::get<wire::Refusal>(answer).retry_after.count(), 0);
  }
  directory_fault_ = store::WriteFault::none;
  EXPECT_TRUE(std::holds_alternative<wire::Enrolled>(enrol(token, alice)));
}

TEST_F(EnrolmentTest, AnInvitationWithoutAHandleLetsSeveralChooseALocalName) {
  const auto token = invite("", 2);
  const auto first = enrol(token, newcomer(), "First@chat.example.org");
  EXPECT_EQ(std::get<wire::Enrolled>(first).handle, "first@chat.example.org");
  EXPECT_TRUE(
      std::holds_alternative<wire::Enrolled>(enrol(token, newcomer(), "second@chat.example.org")));
  EXPECT_EQ(code_of(enrol(token, newcomer(), "third@chat.example.org")),
            RefusalCode::invitation_used);
}

struct BadHandle {
  const char* name;
  const char* invited;
  const char* wished;
  RefusalCode expected;
};

TEST_F(EnrolmentTest, RefusesHandlesThatTheInvitationDoesNotCover) {
  member("taken@chat.example.org");
  const BadHandle kHandles[] = {
      {"no choice made", "", "", RefusalCode::handle_refused},
      {"a name of another server", "", "alice@example.org", RefusalCode::handle_refused},
      {"a domain below ours", "", "alice@sub.chat.example.org", RefusalCode::handle_refused},
      {"a number without proof", "", "+15551234567", RefusalCode::handle_refused},
      {"no handle at all", "", "just words", RefusalCode::handle_refused},
      {"another than invited", "alice@example.org", "mallory@example.org",
       RefusalCode::handle_refused},
      {"a local one instead of the invited", "alice@example.org", "alice@chat.example.org",
       RefusalCode::handle_refused},
      {"a handle somebody has", "", "taken@chat.example.org", RefusalCode::handle_taken},
  };
  for (const auto& bad : kHandles) {
    SCOPED_TRACE(bad.name);
    EXPECT_EQ(code_of(enrol(invite(bad.invited), newcomer(), bad.wished)), bad.expected);
  }
  EXPECT_EQ(directory_disk_.accounts.size(), 1U);
}

TEST_F(EnrolmentTest, TheInvitedHandleMayBeSaidAloud) {
  EXPECT_TRUE(std::holds_alternative<wire::Enrolled>(
      enrol(invite("alice@example.org"), newcomer(), " ALICE@example.org ")));
}

TEST_F(EnrolmentTest, AHandleThatWentToSomebodyElseMeanwhileIsTaken) {
  const auto early = invite("alice@example.org");
  const auto late = invite("alice@example.org");
  ASSERT_TRUE(std::holds_alternative<wire::Enrolled>(enrol(early, newcomer())));
  EXPECT_EQ(code_of(enrol(late, newcomer())), RefusalCode::handle_taken);
}

TEST_F(EnrolmentTest, TokensThatNobodyGaveOutAreUnknown) {
  const auto alice = newcomer();
  const auto token = invite("alice@example.org");
  for (const auto& wrong : {std::string{"AAAAAAAAAAAAAAAAAAAAAA"}, token + "A", token.substr(1),
                            to_hex(crypto::sha256(bytes_of(token)))}) {
    EXPECT_EQ(code_of(enrol(wrong, alice)), RefusalCode::invitation_unknown);
  }
  EXPECT_EQ(directory_disk_.accounts.size(), 0U);
}

TEST_F(EnrolmentTest, AnExpiredInvitationIsRefused) {
  const auto token = invite("alice@example.org");
  world_->advance(limits::kInvitationLifetime);
  EXPECT_EQ(code_of(enrol(token, newcomer())), RefusalCode::invitation_expired);
}

struct BadChain {
  const char* name;
  std::function<void(std::vector<Bytes>&)> change;
};

TEST_F(EnrolmentTest, ForgedChainsAreRefusedAndTheInvitationStaysGood) {
  const auto token = invite("alice@example.org");
  auto alice = newcomer();
  const auto other = newcomer();
  const BadChain kChains[] = {
      {"garbage", [](auto& links) { links[0] = Bytes(200, 0x11); }},
      {"a flipped bit in what was signed", [](auto& links) { links[0][100] ^= 1; }},
      {"a flipped bit in the signature", [](auto& links) { links[0][links[0].size() - 5] ^= 1; }},
      {"cut short", [](auto& links) { links[0].pop_back(); }},
      {"two geneses", [&](auto& links) { links.push_back(other.links[0]); }},
      {"twice the same link", [](auto& links) { links.push_back(links[0]); }},
      {"retired",
       [&](auto& links) {
         links.push_back(transparency::create_link(transparency::next_place(alice.chain()),
                                                   transparency::RetireBody{}, now_, alice.key));
       }},
  };
  for (const auto& bad : kChains) {
    SCOPED_TRACE(bad.name);
    auto links = alice.links;
    bad.change(links);
    std::swap(links, alice.links);
    const auto answer = enrol(token, alice);
    std::swap(links, alice.links);
    EXPECT_EQ(code_of(answer), RefusalCode::chain_refused);
  }
  EXPECT_TRUE(std::holds_alternative<wire::Enrolled>(enrol(token, alice)));
}

TEST_F(EnrolmentTest, AnAccountThatIsHereDoesNotComeInAgainByAnotherInvitation) {
  const auto alice = member("alice@example.org");
  EXPECT_EQ(code_of(enrol(invite("second@example.org"), alice)), RefusalCode::chain_refused);
  EXPECT_FALSE(directory_.account_of_handle("second@example.org").take());
}

TEST_F(EnrolmentTest, TheTokenItselfIsNotStored) {
  const auto token = invite("alice@example.org");
  ASSERT_EQ(directory_disk_.invitations.size(), 1U);
  EXPECT_EQ(directory_disk_.invitations.begin()->first, crypto::sha256(bytes_of(token)));
  EXPECT_EQ(from_base64url(token).take().size(), limits::kInvitationTokenBytes);
  EXPECT_NE(token, invite("bob@example.org"));
}

struct BadInvite {
  const char* name;
  Invite request;
  RefusalCode expected;
};

TEST_F(EnrolmentTest, InvitationsOutOfBoundsAreNotMade) {
  member("taken@example.org");
  const auto week = limits::kInvitationLifetime;
  const BadInvite kInvites[] = {
      {"no handle at all", {"no handle", false, 1, week}, RefusalCode::malformed},
      {"no use", {"", false, 0, week}, RefusalCode::malformed},
      {"too many uses", {"", false, limits::kInvitationUsesMax + 1, week}, RefusalCode::malformed},
      {"one handle for two", {"a@example.org", false, 2, week}, RefusalCode::malformed},
      {"no time", {"", false, 1, Milliseconds{0}}, RefusalCode::malformed},
      {"time that has passed", {"", false, 1, Milliseconds{-1}}, RefusalCode::malformed},
      {"for ever",
       {"", false, 1, limits::kInvitationLifetimeMax + Milliseconds{1}},
       RefusalCode::malformed},
      {"a handle somebody has", {"taken@example.org", false, 1, week}, RefusalCode::handle_taken},
  };
  const auto before = directory_disk_.invitations.size();
  for (const auto& bad : kInvites) {
    SCOPED_TRACE(bad.name);
    const auto answer = world_->ask_as_operator(bad.request);
    ASSERT_TRUE(std::holds_alternative<wire::Refusal>(answer.body));
    EXPECT_EQ(std::get<wire::Refusal>(answer.body).code, bad.expected);
  }
  EXPECT_EQ(directory_disk_.invitations.size(), before);
}

TEST_F(EnrolmentTest, WithoutAnInvitationNobodyGetsInUnlessRegistrationIsOpen) {
  EXPECT_EQ(code_of(enrol("", newcomer(), "eve@chat.example.org")), RefusalCode::invitation_needed);
  start_open();
  EXPECT_TRUE(
      std::holds_alternative<wire::Enrolled>(enrol("", newcomer(), "eve@chat.example.org")));
}

TEST_F(EnrolmentTest, AStrangerGetsALocalNameThatIsFree) {
  start_open();
  const auto eve = newcomer();
  const auto first = enrol("", eve, "Eve@chat.example.org");
  EXPECT_EQ(std::get<wire::Enrolled>(first).handle, "eve@chat.example.org");
  EXPECT_FALSE(std::get<wire::Enrolled>(first).admin);
  // The answer was lost: the same once more, whatever is wished now.
  const auto again = enrol("", eve, "eva@chat.example.org");
  EXPECT_EQ(std::get<wire::Enrolled>(again).handle, "eve@chat.example.org");
  const auto admin = newcomer();
  enrol(invite("", 1, true), admin, "boss@chat.example.org");
  const struct {
    const char* name;
    std::vector<Bytes> links;
    const char* handle;
    RefusalCode code;
  } kCases[] = {
      {"no name", newcomer().links, "", RefusalCode::handle_refused},
      {"a taken one", newcomer().links, "EVE@chat.example.org", RefusalCode::handle_taken},
      {"another domain", newcomer().links, "eve@example.org", RefusalCode::handle_refused},
      {"a domain below", newcomer().links, "eve@a.chat.example.org", RefusalCode::handle_refused},
      {"a number", newcomer().links, "+15551234567", RefusalCode::handle_refused},
      {"the operator's", newcomer().links, "Postmaster@chat.example.org",
       RefusalCode::handle_refused},
      {"who administers", admin.links, "x@chat.example.org", RefusalCode::chain_refused},
      {"no chain", {Bytes(10, 1)}, "y@chat.example.org", RefusalCode::chain_refused},
  };
  for (const auto& [name, links, handle, code] : kCases) {
    SCOPED_TRACE(name);
    EXPECT_EQ(code_of(answer_to(connect(), wire::Enrol{"", handle, links})), code);
  }
  // Reserved names are the operator's to give.
  EXPECT_TRUE(std::holds_alternative<wire::Enrolled>(
      enrol(invite(""), newcomer(), "postmaster@chat.example.org")));
}

TEST_F(EnrolmentTest, StrangersAreLetInAFewAtATimeFromOneAddress) {
  start_open();
  StrangerLimits strangers{world_->now()};
  const auto enrol_from = [&](const char* address, std::size_t number) {
    const auto peer = world_->connect(exporter_, {network_of(address), &strangers});
    const auto name = "n" + std::to_string(number) + "@chat.example.org";
    return answer_to(peer, wire::Enrol{"", name, newcomer().links});
  };
  for (std::size_t i = 0; i < limits::kOpenEnrolmentsAnHour; ++i) {
    EXPECT_TRUE(std::holds_alternative<wire::Enrolled>(enrol_from("192.0.2.1", i)));
  }
  const auto refused = enrol_from("192.0.2.1", 100);
  EXPECT_EQ(code_of(refused), RefusalCode::limit_reached);
  EXPECT_GT(std::get<wire::Refusal>(refused).retry_after.count(), 0);
  EXPECT_TRUE(std::holds_alternative<wire::Enrolled>(enrol_from("192.0.2.2", 101)));
  // An invitation is its own limit.
  const auto peer = world_->connect(exporter_, {network_of("192.0.2.1"), &strangers});
  EXPECT_TRUE(std::holds_alternative<wire::Enrolled>(
      answer_to(peer, wire::Enrol{invite(""), "guest@chat.example.org", newcomer().links})));
}

}  // namespace
}  // namespace martlet::server
