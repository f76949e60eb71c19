#include "server/chain_append.h"

#include "server/scene_test.h"
#include "transparency/chain_world.h"

namespace martlet::server {
namespace {

using transparency::LinkSigner;
using wire::RefusalCode;

struct ChainAppendTest : Scene {
  TestDevice alice = member("alice@example.org");
  TestDevice bob = member("bob@example.org");

  Bytes link(const TestDevice& signer, transparency::LinkBody body,
             const crypto::SigningKey* entering = nullptr) {
    const auto place = transparency::next_place(alice.chain());
    if (entering == nullptr) {
      return transparency::create_link(place, std::move(body), now_, signer.key);
    }
    const LinkSigner accepting{*entering};
    return transparency::create_link(place, std::move(body), now_, signer.key, &accepting);
  }
  Bytes add_link(const TestDevice& newcomer) {
    const transparency::AddBody body{transparency::device_key_of(newcomer.key, newcomer.entry)};
    return link(alice, body, &newcomer.key);
  }
  Bytes revoke_link(const TestDevice& target) {
    return link(alice, transparency::RevokeBody{target.id, transparency::RevokeReason::lost});
  }
  wire::AppendLink append(Bytes link) { return {alice.account, alice.head, std::move(link)}; }
  /// What alice holds after the server took `link`.
  void note(const Bytes& link) {
    alice.links.push_back(link);
    alice.head = alice.chain().head();
  }
  void expect_appended(const wire::Body& answer) {
    const auto* body = std::get_if<wire::Appended>(&answer);
    ASSERT_NE(body, nullptr) << (code_of(answer) ? wire::name_of(*code_of(answer)) : "");
    EXPECT_EQ(body->account, alice.account);
    EXPECT_EQ(body->seqno, alice.chain().seqno());
    EXPECT_EQ(body->head, alice.head);
  }
  /// A second device of alice, let in over the wire.
  TestDevice linked() {
    auto second = TestDevice::make(random_);
    const auto bytes = add_link(second);
    const auto request = append(bytes);
    const auto peer = connect();
    const auto answer = answer_to(peer, request);
    note(bytes);
    expect_appended(answer);
    world_->disconnect(peer);
    second.account = alice.account;
    second.head = alice.head;
    second.links = alice.links;
    return second;
  }
  std::vector<wire::ChainChanged> changes(Peer peer) {
    std::vector<wire::ChainChanged> out;
    for (auto& frame : world_->take(peer)) {
      if (auto* body = std::get_if<wire::ChainChanged>(&frame.body)) {
        EXPECT_EQ(frame.request, 0U);
        out.push_back(*body);
      }
    }
    return out;
  }
};

TEST_F(ChainAppendTest, ADeviceLetsAnotherInAndAllOnlineAreTold) {
  const auto second = linked();
  const auto first_peer = online(alice);
  const auto second_peer = log_in(second);
  EXPECT_EQ(std::get<wire::Welcome>(world_->take(second_peer).at(0).body).head, alice.head);
  const auto other = online(bob);
  const auto third = TestDevice::make(random_);
  const auto bytes = add_link(third);
  world_->say(first_peer, 5, append(bytes));
  world_->work_all();
  note(bytes);
  for (const auto peer : {first_peer, second_peer}) {
    const auto told = changes(peer);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].account, alice.account);
    EXPECT_EQ(told[0].seqno, 2U);
    EXPECT_EQ(told[0].head, alice.head);
  }
  EXPECT_TRUE(changes(other).empty());
  EXPECT_EQ(directory_.account(alice.account).value()->links, alice.links);
  online(third);
}

TEST_F(ChainAppendTest, TheSameLinkAgainGetsTheSameAnswerAndNobodyIsTold) {
  const auto second = TestDevice::make(random_);
  const auto request = append(add_link(second));
  const auto peer = online(alice);
  answer_to(peer, request);
  note(request.link);
  changes(peer);
  world_->say(peer, 77, request);
  world_->work_all();
  const auto frames = world_->take(peer);
  ASSERT_EQ(frames.size(), 1U);
  expect_appended(frames[0].body);
  restart();
  expect_appended(answer_to(connect(), request));  // a stranger, after a restart
  const auto revoke = append(revoke_link(second));
  const auto late = online(alice);
  answer_to(late, revoke);
  const auto answer = answer_to(late, request);  // links came behind it
  EXPECT_EQ(std::get<wire::Appended>(answer).seqno, 1U);
  EXPECT_EQ(std::get<wire::Appended>(answer).head, alice.head);
}

struct BadAppend {
  const char* name;
  std::function<void(wire::AppendLink&)> change;
  RefusalCode expected;
};

TEST_F(ChainAppendTest, RefusesWhatDoesNotBelong) {
  const auto second = TestDevice::make(random_);
  const auto member_key = linked();
  const auto mallory = member("mallory@example.org");
  const auto good = append(add_link(second));
  const BadAppend kCases[] = {
      {"no such account", [](auto& a) { a.account = AccountId{a.known_head.array()}; },
       RefusalCode::unknown_account},
      {"another account",
       [&](auto& a) {
         a.account = bob.account;
         a.known_head = bob.head;
       },
       RefusalCode::chain_refused},
      {"an old head", [&](auto& a) { a.known_head = LinkId{alice.account.array()}; },
       RefusalCode::chain_moved},
      {"a zero head", [](auto& a) { a.known_head = {}; }, RefusalCode::chain_moved},
      {"no link",
       [](auto& a) {
         a.link = {1, 2, 3};
       },
       RefusalCode::chain_refused},
      {"a byte more", [](auto& a) { a.link.push_back(0); }, RefusalCode::chain_refused},
      {"a forged signature", [](auto& a) { a.link[a.link.size() - 66] ^= 1; },
       RefusalCode::chain_refused},
      {"a forged acceptance", [](auto& a) { a.link.back() ^= 1; }, RefusalCode::chain_refused},
      {"signed by a stranger",
       [&](auto& a) {
         a.link = link(mallory, transparency::RevokeBody{alice.id, {}});
       },
       RefusalCode::chain_refused},
      {"a genesis link", [&](auto& a) { a.link = mallory.links[0]; }, RefusalCode::chain_refused},
      {"another account's device",
       [&](auto& a) {
         a.link =
             link(alice, transparency::AddBody{transparency::device_key_of(bob.key, bob.entry)},
                  &bob.key);
       },
       RefusalCode::chain_refused},
      {"a device that is in",
       [&](auto& a) {
         a.link = link(
             alice,
             transparency::AddBody{transparency::device_key_of(member_key.key, member_key.entry)},
             &member_key.key);
       },
       RefusalCode::chain_refused},
  };
  for (const auto& [name, change, expected] : kCases) {
    SCOPED_TRACE(name);
    auto request = good;
    change(request);
    for (const auto peer : {online(alice), connect()}) {
      EXPECT_EQ(code_of(answer_to(peer, request)), expected);
      EXPECT_FALSE(world_->closed(peer));
    }
    EXPECT_EQ(directory_.account(alice.account).value()->links, alice.links);
    EXPECT_EQ(directory_.account(bob.account).value()->links, bob.links);
  }
  note(good.link);
  expect_appended(answer_to(connect(), good));
}

TEST_F(ChainAppendTest, OfTwoThatActAtOnceTheSecondLooksAgain) {
  const auto first = append(add_link(TestDevice::make(random_)));
  const auto other = append(add_link(TestDevice::make(random_)));
  const auto peer = online(alice);
  world_->say(peer, 1, first);
  world_->say(connect(), 2, other);
  world_->work_all();
  note(first.link);
  const auto late = connect();
  EXPECT_EQ(code_of(answer_to(late, other)), RefusalCode::chain_moved);
}

TEST_F(ChainAppendTest, ADiskThatFailsChangesNothing) {
  const auto request = append(add_link(TestDevice::make(random_)));
  const auto peer = online(alice);
  directory_fault_ = store::WriteFault::lost;
  EXPECT_EQ(code_of(answer_to(peer, request)), RefusalCode::unavailable);
  EXPECT_EQ(directory_.account(alice.account).value()->links, alice.links);
  directory_fault_ = store::WriteFault::written;  // the answer is lost
  EXPECT_EQ(code_of(answer_to(peer, request)), RefusalCode::unavailable);
  directory_fault_ = store::WriteFault::none;
  note(request.link);
  expect_appended(answer_to(peer, request));
}

TEST_F(ChainAppendTest, ARevokedDeviceIsShownOutAndItsMailboxEmptied) {
  auto second = linked();
  const auto sender = online(bob);
  const auto peer = online(second);
  answer_to(sender, send_to(second, 1));
  EXPECT_EQ(delivered(peer).size(), 1U);
  EXPECT_EQ(waiting(second), 1U);
  const auto bytes = revoke_link(second);
  world_->say(connect(), 3, append(bytes));
  world_->say(peer, 4, send_to(bob, 9));  // was under way
  world_->work_all();
  note(bytes);
  const auto frames = world_->take(peer);
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(code_of(frames[0].body), RefusalCode::device_revoked);
  EXPECT_TRUE(world_->closed(peer));
  EXPECT_EQ(waiting(bob), 0U);
  world_->advance(Milliseconds{1'000});
  EXPECT_EQ(waiting(second), 0U);
  // Its sender learns that this device never acknowledged it.
  bool told = false;
  for (const auto& frame : world_->take(sender)) {
    const auto* notice = std::get_if<wire::Undelivered>(&frame.body);
    told = told || (notice != nullptr && notice->device == second.id);
  }
  EXPECT_TRUE(told);
  // Who does not know yet is told to look again.
  const auto stale = answer_to(sender, send_to(second, 2));
  EXPECT_TRUE(std::holds_alternative<wire::StaleDevices>(stale));
  // And it stays out, after a restart too.
  for (int i = 0; i < 2; ++i) {
    const auto again = connect();
    world_->say(again, 9, second.authenticate(nonce(again), exporter_));
    world_->work_all();
    EXPECT_EQ(code_of(world_->take(again).at(0).body), RefusalCode::device_revoked);
    EXPECT_TRUE(world_->closed(again));
    restart();
  }
}

TEST_F(ChainAppendTest, AMailboxLeftBehindByAKillIsEmptiedLater) {
  auto second = linked();
  answer_to(online(bob), send_to(second, 1));
  answer_to(online(bob), send_to(alice, 2));
  const auto bytes = revoke_link(second);
  answer_to(connect(), append(bytes));
  restart();  // before the first tick
  EXPECT_EQ(waiting(second), 1U);
  world_->advance(Milliseconds{1'000});
  EXPECT_EQ(waiting(second), 0U);
  EXPECT_EQ(waiting(alice), 1U);
}

TEST_F(ChainAppendTest, ADiskThatDoesNotTakeTheEmptyingIsTriedAgain) {
  auto second = linked();
  answer_to(online(bob), send_to(second, 1));
  answer_to(connect(), append(revoke_link(second)));
  next_mail_fault_ = mail_fault_ = store::WriteFault::lost;
  world_->advance(Milliseconds{1'000});
  EXPECT_EQ(waiting(second), 1U);
  next_mail_fault_ = mail_fault_ = store::WriteFault::none;
  world_->advance(Milliseconds{1'000});
  EXPECT_EQ(waiting(second), 0U);
}

TEST_F(ChainAppendTest, AStrangerMayLookAndAppendWithinItsFewFrames) {
  const auto second = TestDevice::make(random_);
  const auto request = append(add_link(second));
  const auto peer = connect();
  const auto first_nonce = nonce(peer);
  const auto account = answer_to(peer, wire::Lookup{"alice@example.org"});
  EXPECT_EQ(std::get<wire::Account>(account).links, alice.links);
  const auto chain = answer_to(peer, wire::FetchChain{alice.account, 0});
  EXPECT_EQ(std::get<wire::Account>(chain).links, alice.links);
  note(request.link);
  expect_appended(answer_to(peer, request));
  // And is in, on the same connection.
  const auto welcome = answer_to(peer, second.authenticate(first_nonce, exporter_));
  EXPECT_EQ(std::get<wire::Welcome>(welcome).head, alice.head);

  const auto greedy = connect();
  for (std::size_t i = 0; i < limits::kStrangerRequestsMax; ++i) {
    answer_to(greedy, wire::FetchChain{alice.account, 0});
  }
  EXPECT_EQ(code_of(answer_to(greedy, request)), RefusalCode::limit_reached);
  EXPECT_TRUE(world_->closed(greedy));
}

}  // namespace
}  // namespace martlet::server
