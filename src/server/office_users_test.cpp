// What the operator does to accounts: looks, suspends, resumes, erases.
#include "server/scene_test.h"
#include "transparency/link_builder.h"

namespace martlet::server {
namespace {

using store::AccountStatus;
using store::WriteFault;
using wire::RefusalCode;

struct OfficeUsersTest : Scene {
  TestDevice alice = member("alice@example.org");
  TestDevice bob = member("bob@example.org");

  template <class Body>
  wire::RefusalCode refused(Body body) {
    const auto answer = world_->ask_as_operator(std::move(body));
    return std::get<wire::Refusal>(answer.body).code;
  }
  UserLine suspended(const std::string& who, bool suspended = true) {
    return std::get<UserStatus>(world_->ask_as_operator(Suspend{who, suspended}).body).user;
  }
  /// What a login of this device is answered on a new connection; it must be closed then.
  std::optional<RefusalCode> login_refusal(const TestDevice& device) {
    const auto peer = connect();
    world_->say(peer, 9, device.authenticate(nonce(peer), exporter_));
    world_->work_all();
    const auto frames = world_->take(peer);
    EXPECT_EQ(frames.size(), 1U);
    EXPECT_TRUE(world_->closed(peer));
    return frames.empty() ? std::nullopt : code_of(frames[0].body);
  }
  /// Erases, and gives back what the operator is told at the next tick.
  std::optional<UserErased> erased(const std::string& who) {
    OfficeRequest request{SessionId{kOperator, 1}, 5, 1, Erase{who}};
    world_->serve(std::move(request));
    world_->advance(Milliseconds{1'000});
    for (const auto& answer : world_->take_operator_answers()) {
      if (const auto* told = std::get_if<UserErased>(&answer.body)) return *told;
    }
    return std::nullopt;
  }
};

TEST_F(OfficeUsersTest, TheListTellsRoutingStateAndWhatWaits) {
  const auto sender = online(alice);
  answer_to(sender, send_to(bob, 1, 400));
  answer_to(sender, send_to(bob, 2, 500));
  suspended("bob@example.org");
  const auto list = std::get<UserList>(world_->ask_as_operator(ListUsers{}).body);
  EXPECT_FALSE(list.more);
  ASSERT_EQ(list.users.size(), 2U);
  EXPECT_LT(list.users[0].account, list.users[1].account);
  for (const auto& user : list.users) {
    const bool is_bob = user.account == bob.account;
    EXPECT_EQ(user.handles,
              std::vector<std::string>{is_bob ? "bob@example.org" : "alice@example.org"});
    EXPECT_EQ(user.devices, 1U);
    EXPECT_EQ(user.online, is_bob ? 0U : 1U);
    EXPECT_FALSE(user.admin);
    EXPECT_EQ(user.status, is_bob ? AccountStatus::suspended : AccountStatus::active);
    EXPECT_EQ(user.enrolled, kStart);
    EXPECT_EQ(user.waiting.items, is_bob ? 2U : 0U);
    EXPECT_EQ(user.waiting.bytes, is_bob ? 900U : 0U);
  }
  const auto behind =
      std::get<UserList>(world_->ask_as_operator(ListUsers{list.users[0].account}).body);
  ASSERT_EQ(behind.users.size(), 1U);
  EXPECT_EQ(behind.users[0].account, list.users[1].account);
}

TEST_F(OfficeUsersTest, ALongListComesInPages) {
  for (std::size_t i = 0; i < limits::kUsersAPage; ++i) {
    store::AccountRecord record;
    record.account =
        AccountId{{0, static_cast<std::uint8_t>(i / 250), static_cast<std::uint8_t>(i % 250)}};
    ASSERT_TRUE(directory_.enrol(record, std::nullopt).ok());
  }
  const auto first = std::get<UserList>(world_->ask_as_operator(ListUsers{}).body);
  EXPECT_TRUE(first.more);
  ASSERT_EQ(first.users.size(), limits::kUsersAPage);
  const auto rest =
      std::get<UserList>(world_->ask_as_operator(ListUsers{first.users.back().account}).body);
  EXPECT_FALSE(rest.more);
  EXPECT_EQ(rest.users.size(), 2U);
}

TEST_F(OfficeUsersTest, WhoIsNobodyIsRefused) {
  ASSERT_TRUE(erased("bob@example.org"));
  const struct {
    const char* name;
    std::string who;
    RefusalCode code;
  } kCases[] = {
      {"nothing", "", RefusalCode::malformed},
      {"no handle", "bob", RefusalCode::malformed},
      {"nobody's handle", "carol@example.org", RefusalCode::unknown_handle},
      {"a handle that is free again", "bob@example.org", RefusalCode::unknown_handle},
      {"nobody's id", to_base64url(AccountId{{9}}.view()), RefusalCode::unknown_account},
      {"an erased id", to_base64url(bob.account.view()), RefusalCode::account_erased},
      {"a device's id", to_base64url(alice.id.view()), RefusalCode::unknown_account},
  };
  for (const auto& [name, who, code] : kCases) {
    SCOPED_TRACE(name);
    EXPECT_EQ(refused(Suspend{who, true}), code);
    EXPECT_EQ(refused(Suspend{who, false}), code);
    EXPECT_EQ(refused(Erase{who}), code);
  }
}

TEST_F(OfficeUsersTest, ASuspendedAccountIsShownOutAndStaysOut) {
  const auto peer = online(bob);
  const auto user = suspended("Bob@Example.org");
  EXPECT_EQ(user.account, bob.account);
  EXPECT_EQ(user.status, AccountStatus::suspended);
  world_->say(peer, 4, send_to(alice, 9));  // was under way
  world_->work_all();
  const auto frames = world_->take(peer);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].request, 0U);
  EXPECT_EQ(code_of(frames[0].body), RefusalCode::account_suspended);
  EXPECT_TRUE(world_->closed(peer));
  EXPECT_EQ(waiting(alice), 0U);
  for (int kills = 0; kills < 2; ++kills) {
    EXPECT_EQ(login_refusal(bob), RefusalCode::account_suspended);
    restart();
  }
  EXPECT_EQ(suspended(to_base64url(bob.account.view())).status, AccountStatus::suspended);  // again
}

TEST_F(OfficeUsersTest, ASuspensionBetweenTheTwoStepsOfALoginHolds) {
  const auto peer = connect();
  world_->say(peer, 9, bob.authenticate(nonce(peer), exporter_));
  world_->work(1);  // the key; the subscription is still to come
  ASSERT_TRUE(directory_.set_status(bob.account, AccountStatus::suspended).ok());
  world_->work_all();
  EXPECT_EQ(code_of(world_->take(peer).at(0).body), RefusalCode::account_suspended);
  EXPECT_TRUE(world_->closed(peer));
}

TEST_F(OfficeUsersTest, NothingIsAcceptedFromOrForASuspendedAccount) {
  const auto sender = online(alice);
  answer_to(sender, send_to(bob, 1));
  suspended("bob@example.org");
  const auto answer = answer_to(sender, send_to(bob, 2));
  EXPECT_EQ(code_of(answer), RefusalCode::peer_suspended);
  EXPECT_EQ(std::get<wire::Refusal>(answer).message, message(2));
  EXPECT_EQ(waiting(bob), 1U);
  // Not even a link of its chain, which a stranger may bring.
  const auto stranger = connect();
  const auto link = transparency::create_link(
      transparency::next_place(bob.chain()),
      transparency::RevokeBody{bob.id, transparency::RevokeReason::left}, now_, bob.key, nullptr);
  EXPECT_EQ(code_of(answer_to(stranger, wire::AppendLink{bob.account, bob.head, link})),
            RefusalCode::account_suspended);
  EXPECT_TRUE(world_->closed(stranger));
  // Others still see its chain, and write to each other.
  EXPECT_TRUE(
      std::holds_alternative<wire::Account>(answer_to(sender, wire::Lookup{"bob@example.org"})));
  EXPECT_FALSE(world_->closed(sender));
}

TEST_F(OfficeUsersTest, AResumedAccountFindsWhatWaited) {
  answer_to(online(alice), send_to(bob, 1));
  suspended("bob@example.org");
  EXPECT_EQ(suspended("bob@example.org", false).status, AccountStatus::active);
  EXPECT_EQ(delivered(log_in(bob)).size(), 1U);
  EXPECT_TRUE(std::holds_alternative<wire::Accepted>(answer_to(online(alice), send_to(bob, 2))));
}

TEST_F(OfficeUsersTest, ADiskThatFailsIsToldAndChangesNothing) {
  directory_fault_ = WriteFault::lost;
  EXPECT_EQ(refused(Suspend{"bob@example.org", true}), RefusalCode::unavailable);
  EXPECT_EQ(refused(Erase{"bob@example.org"}), RefusalCode::unavailable);
  directory_fault_ = WriteFault::none;
  EXPECT_EQ(delivered(online(bob)).size(), 0U);
}

TEST_F(OfficeUsersTest, AnErasedAccountIsGoneWithAllThatWaitedForIt) {
  const auto sender = online(alice);
  answer_to(sender, send_to(bob, 1));
  const auto peer = online(bob);
  const auto told = erased("bob@example.org");
  ASSERT_TRUE(told);
  EXPECT_TRUE(told->scrubbed);
  EXPECT_EQ(told->user.account, bob.account);
  EXPECT_EQ(told->user.handles, std::vector<std::string>{"bob@example.org"});
  EXPECT_EQ(told->user.online, 1U);
  EXPECT_EQ(code_of(world_->take(peer).back().body), RefusalCode::account_erased);
  EXPECT_TRUE(world_->closed(peer));
  EXPECT_EQ(waiting(bob), 0U);
  EXPECT_FALSE(directory_.needs_scrub());
  bool sender_told = false;
  for (const auto& frame : world_->take(sender)) {
    const auto* notice = std::get_if<wire::Undelivered>(&frame.body);
    sender_told = sender_told || (notice != nullptr && notice->device == bob.id);
  }
  EXPECT_TRUE(sender_told);
  // Senders who still know it learn that there is no such account.
  EXPECT_EQ(code_of(answer_to(sender, send_to(bob, 2))), RefusalCode::unknown_account);
  EXPECT_EQ(code_of(answer_to(sender, wire::Lookup{"bob@example.org"})),
            RefusalCode::unknown_handle);
  EXPECT_EQ(code_of(answer_to(sender, wire::FetchChain{bob.account, 0})),
            RefusalCode::unknown_account);
  for (int kills = 0; kills < 2; ++kills) {
    EXPECT_EQ(login_refusal(bob), RefusalCode::account_erased);
    restart();
  }
}

TEST_F(OfficeUsersTest, TheIdStaysClosedAndTheHandleIsFree) {
  ASSERT_TRUE(erased("bob@example.org"));
  const auto token = invite("bob@example.org");
  const auto again = connect();
  EXPECT_EQ(code_of(answer_to(again, wire::Enrol{token, "", bob.links})),
            RefusalCode::account_erased);
  const auto heir = newcomer();
  EXPECT_TRUE(std::holds_alternative<wire::Enrolled>(
      answer_to(connect(), wire::Enrol{token, "", heir.links})));
}

TEST_F(OfficeUsersTest, AnErasureCutShortByAKillIsEndedAtTheNextStart) {
  answer_to(online(alice), send_to(bob, 1));
  ASSERT_TRUE(directory_.erase(bob.account).ok());
  restart();
  EXPECT_EQ(waiting(bob), 1U);
  world_->advance(std::chrono::minutes{2});
  EXPECT_EQ(waiting(bob), 0U);
  EXPECT_FALSE(directory_.needs_scrub());
}

TEST_F(OfficeUsersTest, AnErasureIsToldWhenTheMailboxesDiskWorksAgain) {
  answer_to(online(alice), send_to(bob, 1));
  mail_fault_ = WriteFault::lost;
  next_mail_fault_ = WriteFault::lost;
  EXPECT_FALSE(erased("bob@example.org"));
  mail_fault_ = next_mail_fault_ = WriteFault::none;
  world_->advance(Milliseconds{1'000});
  const auto answers = world_->take_operator_answers();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(std::get<UserErased>(answers[0].body).scrubbed);
  EXPECT_EQ(waiting(bob), 0U);
}

TEST_F(OfficeUsersTest, AScrubThatFailsIsToldAndDoneAgain) {
  OfficeRequest request{SessionId{kOperator, 1}, 5, 1, Erase{"bob@example.org"}};
  world_->serve(std::move(request));
  directory_fault_ = WriteFault::lost;
  world_->advance(Milliseconds{1'000});
  const auto answers = world_->take_operator_answers();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_FALSE(std::get<UserErased>(answers[0].body).scrubbed);
  EXPECT_TRUE(world_->office().health().scrub_fails);
  directory_fault_ = WriteFault::none;
  world_->advance(std::chrono::minutes{2});
  EXPECT_FALSE(world_->office().health().scrub_fails);
  EXPECT_FALSE(directory_.needs_scrub());
}

}  // namespace
}  // namespace martlet::server
