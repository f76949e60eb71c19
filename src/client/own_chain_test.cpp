#include "client/own_chain.h"

#include "client/stage_test.h"

namespace martlet::client {
namespace {

using transparency::LinkSigner;

/// Alice's account, which grows by links that other devices of hers make.
struct OwnChainTest : Stage {
  protocol::DevicePrivateKeys own_ = numbered_keys(0);
  protocol::DevicePrivateKeys phone_ = numbered_keys(5);
  store::MemoryVaultDisk other_disk_;

  ~OwnChainTest() override {
    engine_.reset();
    vault_.reset();
  }
  /// An empty one.
  void use_other_vault() {
    engine_.reset();
    vault_ = std::make_unique<store::MemoryVault>(other_disk_);
  }

  std::vector<Bytes>& links() { return server_.chains.at(own_account()); }
  transparency::AccountChain chain() {
    return transparency::AccountChain::verify(links(), std::nullopt, std::nullopt).take();
  }
  Bytes add_link(const protocol::DevicePrivateKeys& keys,
                 transparency::Role role = transparency::Role::admin) {
    const LinkSigner accepting{keys.signing};
    return transparency::create_link(
        transparency::next_place(chain()),
        transparency::AddBody{transparency::device_key_of(keys.signing, entry_of(keys, role))},
        now_, own_.signing, &accepting);
  }
  Bytes revoke_link(const protocol::DevicePrivateKeys& target, const crypto::SigningKey& signer) {
    return transparency::create_link(
        transparency::next_place(chain()),
        transparency::RevokeBody{id_of(target), transparency::RevokeReason::lost}, now_, signer);
  }
  static DeviceId id_of(const protocol::DevicePrivateKeys& keys) {
    return transparency::device_id_of(keys.signing.verifying_key());
  }
  void announce() {
    const auto head = chain();
    push(wire::ChainChanged{own_account(), head.seqno(), head.head()});
  }
  std::vector<store::EventRecord> device_events() {
    std::vector<store::EventRecord> out;
    for (const auto& event : events()) {
      if (event.event.kind == store::EventKind::device) out.push_back(event.event);
    }
    return out;
  }
  AppendProgress append(Bytes link) {
    const auto ticket = engine_->append_link(std::move(link), now_);
    EXPECT_TRUE(ticket.ok());
    exchange();
    return engine_->append_progress(ticket.value()).value();
  }
};

TEST_F(OwnChainTest, FollowsAPushAndTellsOfIt) {
  come_online();
  links().push_back(add_link(phone_));
  announce();
  EXPECT_EQ(engine_->own_links(), links());
  const auto told = device_events();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].text, "added");
  EXPECT_EQ(told[0].device, id_of(phone_));
  EXPECT_EQ(told[0].author, id_of(own_));
  EXPECT_TRUE(told[0].chat.is_zero());
  const auto fetched = server_.all<wire::FetchChain>();
  ASSERT_EQ(fetched.size(), 1U);
  EXPECT_EQ(fetched[0].from_seqno, 0U);
  announce();  // known by now
  EXPECT_EQ(server_.all<wire::FetchChain>().size(), 1U);
  EXPECT_TRUE(engine_->settled());
  restart();
  EXPECT_EQ(engine_->own_links(), links());
  EXPECT_EQ(engine_->devices().value().size(), 2U);
}

TEST_F(OwnChainTest, FollowsWhatWelcomeSays) {
  come_online();
  links().push_back(add_link(phone_));
  links().push_back(revoke_link(phone_, phone_.signing));
  reconnect();
  EXPECT_EQ(engine_->own_links(), links());
  const auto told = device_events();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].text, "revoked");
  EXPECT_EQ(told[1].author, id_of(phone_));
  EXPECT_TRUE(alerts().empty());
}

struct BadAnswer {
  const char* name;
  std::function<void(wire::Account&)> change;
};

TEST_F(OwnChainTest, TakesNothingThatDoesNotContinueIt) {
  come_online();
  links().push_back(add_link(phone_));
  announce();
  const auto good = links();
  links().push_back(revoke_link(phone_, own_.signing));
  const auto newest = links().back();
  const BadAnswer kCases[] = {
      {"another account", [&](wire::Account& a) { a.account = bob_.account; }},
      {"a gap",
       [](wire::Account& a) {
         a.first_seqno = 2;
         a.links.erase(a.links.begin());
       }},
      {"shorter",
       [&](wire::Account& a) {
         a.first_seqno = 0;
         a.links = {good[0]};
       }},
      {"another link where ours is",
       [&](wire::Account& a) {
         a.links = {add_link(numbered_keys(6)), newest};
       }},
      {"a forged link", [](wire::Account& a) { a.links.back()[a.links.back().size() - 10] ^= 1; }},
      {"a stranger's link", [&](wire::Account& a) { a.links.back() = bob_.links[0]; }},
      {"no link", [](wire::Account& a) { a.links.back() = {1}; }},
  };
  for (const auto& [name, change] : kCases) {
    SCOPED_TRACE(name);
    restart();
    const auto before = alerts().size();
    server_.script = [&](const wire::Frame& frame) -> FakeServer::Reply {
      if (!std::holds_alternative<wire::FetchChain>(frame.body)) return FakeServer::Honest{};
      wire::Account answer{own_account(), 1, {good[1], newest}};
      change(answer);
      return wire::Body{answer};
    };
    connect();
    EXPECT_EQ(alerts().size(), before + 1);
    EXPECT_EQ(engine_->own_links(), good);
    EXPECT_EQ(device_events().size(), 1U);
    announce();  // told once a run
    EXPECT_EQ(alerts().size(), before + 1);
  }
  server_.script = {};
  restart();
  connect();
  EXPECT_EQ(engine_->own_links(), links());
}

TEST_F(OwnChainTest, AsksAgainAfterARefusalOrABrokenLine) {
  come_online();
  links().push_back(add_link(phone_));
  server_.script = [&](const wire::Frame& frame) -> FakeServer::Reply {
    if (!std::holds_alternative<wire::FetchChain>(frame.body)) return FakeServer::Honest{};
    return wire::Body{FakeServer::refusal(wire::RefusalCode::unavailable, Milliseconds{2'000})};
  };
  announce();
  EXPECT_EQ(engine_->own_links().size(), 1U);
  EXPECT_FALSE(engine_->settled());
  server_.script = [](const wire::Frame& frame) -> FakeServer::Reply {
    if (!std::holds_alternative<wire::FetchChain>(frame.body)) return FakeServer::Honest{};
    return FakeServer::Silent{};
  };
  pass(Milliseconds{2'000});
  EXPECT_EQ(server_.all<wire::FetchChain>().size(), 2U);
  server_.script = {};
  reconnect();
  EXPECT_EQ(engine_->own_links(), links());
}

TEST_F(OwnChainTest, AVaultThatFailsIsTriedAgain) {
  come_online();
  links().push_back(add_link(phone_));
  fault_ = [] { return store::WriteFault::lost; };
  announce();
  EXPECT_EQ(engine_->own_links().size(), 1U);
  fault_ = [] { return store::WriteFault::none; };
  reconnect();
  EXPECT_EQ(engine_->own_links(), links());
  EXPECT_EQ(device_events().size(), 1U);
}

TEST_F(OwnChainTest, AppendsALinkAndKnowsItAtOnce) {
  come_online();
  const auto link = add_link(phone_);
  const auto done = append(link);
  EXPECT_EQ(done.state, AppendState::accepted);
  EXPECT_EQ(done.seqno, 1U);
  EXPECT_EQ(done.head, chain().head());
  EXPECT_EQ(engine_->own_links(), links());
  EXPECT_EQ(device_events().size(), 1U);
  announce();
  EXPECT_TRUE(server_.all<wire::FetchChain>().empty());
  EXPECT_TRUE(engine_->settled());
}

TEST_F(OwnChainTest, ALinkOnAnOldHeadIsToldMovedAndTheChainFollows) {
  come_online();
  const auto mine = add_link(phone_);
  links().push_back(add_link(numbered_keys(6)));
  EXPECT_EQ(append(mine).state, AppendState::moved);
  EXPECT_EQ(engine_->own_links(), links());
  EXPECT_EQ(append(add_link(phone_)).state, AppendState::accepted);
}

TEST_F(OwnChainTest, ALinkThatIsRefusedChangesNothing) {
  come_online();
  auto forged = add_link(phone_);
  forged.back() ^= 1;
  EXPECT_EQ(append(forged).state, AppendState::refused);
  EXPECT_EQ(engine_->own_links().size(), 1U);
  EXPECT_EQ(engine_->append_link({1, 2, 3}, now_).error().code, ErrorCode::refused);
  EXPECT_EQ(engine_->append_link(bob_.links[0], now_).error().code, ErrorCode::refused);
  EXPECT_EQ(engine_->append_progress(99).error().code, ErrorCode::bug);
}

TEST_F(OwnChainTest, AnAppendWhoseAnswerIsLostIsAskedAgain) {
  come_online();
  const auto link = add_link(phone_);
  server_.script = [&](const wire::Frame& frame) -> FakeServer::Reply {
    if (!std::holds_alternative<wire::AppendLink>(frame.body)) return FakeServer::Honest{};
    return FakeServer::Silent{};
  };
  const auto ticket = engine_->append_link(link, now_).value();
  exchange();
  EXPECT_EQ(engine_->append_progress(ticket).value().state, AppendState::waiting);
  EXPECT_FALSE(engine_->settled());
  server_.script = {};
  reconnect();
  EXPECT_EQ(engine_->append_progress(ticket).value().state, AppendState::accepted);
  EXPECT_EQ(engine_->own_links(), links());
}

TEST_F(OwnChainTest, RevokesOthersAndIsRevokedItself) {
  come_online();
  append(add_link(phone_));
  EXPECT_EQ(
      engine_->revoke(bob_.devices[0].id, transparency::RevokeReason::lost, now_).error().code,
      ErrorCode::unknown_device);
  const auto ticket =
      engine_->revoke(id_of(phone_), transparency::RevokeReason::lost, now_).value();
  exchange();
  EXPECT_EQ(engine_->append_progress(ticket).value().state, AppendState::accepted);
  EXPECT_EQ(engine_->devices().value().size(), 1U);
  append(add_link(numbered_keys(6)));
  links().push_back(revoke_link(own_, numbered_keys(6).signing));
  announce();
  ASSERT_TRUE(engine_->fatal().has_value());
  EXPECT_EQ(engine_->fatal()->code, ErrorCode::device_revoked);
  EXPECT_FALSE(engine_->wants_connection(now_ + std::chrono::hours{1}));
  EXPECT_EQ(device_events().back().text, "revoked");
}

TEST_F(OwnChainTest, TheServersWordThatItIsRevokedEndsIt) {
  come_online();
  push(wire::Frame{0, FakeServer::refusal(wire::RefusalCode::device_revoked)});
  ASSERT_TRUE(engine_->fatal().has_value());
  EXPECT_EQ(engine_->fatal()->code, ErrorCode::device_revoked);
  restart();
  server_.script = [](const wire::Frame&) -> FakeServer::Reply {
    return wire::Body{FakeServer::refusal(wire::RefusalCode::device_revoked)};
  };
  connect();
  ASSERT_TRUE(engine_->fatal().has_value());
  EXPECT_EQ(engine_->fatal()->code, ErrorCode::device_revoked);
}

TEST_F(OwnChainTest, AnAccountThatTheOperatorSuspendedOrErasedIsToldSo) {
  const struct {
    wire::RefusalCode code;
    ErrorCode expected;
  } kCases[] = {{wire::RefusalCode::account_suspended, ErrorCode::account_suspended},
                {wire::RefusalCode::account_erased, ErrorCode::account_erased}};
  come_online();
  for (const auto& [code, expected] : kCases) {
    push(wire::Frame{0, FakeServer::refusal(code)});
    ASSERT_TRUE(engine_->fatal().has_value());
    EXPECT_EQ(engine_->fatal()->code, expected);
    EXPECT_FALSE(engine_->wants_connection(now_ + std::chrono::hours{1}));
    server_.script = [code = code](const wire::Frame&) -> FakeServer::Reply {
      return wire::Body{FakeServer::refusal(code)};
    };
    restart();  // the next program asks again: the operator may have changed his mind
    connect();
    ASSERT_TRUE(engine_->fatal().has_value());
    EXPECT_EQ(engine_->fatal()->code, expected);
    server_.script = {};
    restart();
    connect();
    EXPECT_EQ(engine_->link(), Link::online);
  }
}

TEST_F(OwnChainTest, AMemberMayRemoveOnlyItself) {
  come_online();
  links().push_back(add_link(phone_, transparency::Role::member));
  const auto account = own_account();
  const auto all = links();
  use_other_vault();
  const AdoptRequest request{
      {"chat.example.org", 8443, std::nullopt}, "alice@example.org", "Alice", "phone", all};
  ASSERT_TRUE(Engine::adopt(*vault_, request, numbered_keys(5), now_).ok());
  EXPECT_TRUE(Engine::adopt(*vault_, request, numbered_keys(5), now_).ok());  // again
  EXPECT_EQ(Engine::adopt(*vault_, request, numbered_keys(0), now_).error().code,
            ErrorCode::already_enrolled);
  engine_ = Engine::open(*vault_, random_).take();
  connect();
  ASSERT_EQ(engine_->link(), Link::online);
  EXPECT_EQ(engine_->whoami().account, account);
  EXPECT_EQ(engine_->whoami().device_name, "phone");
  EXPECT_EQ(engine_->revoke(id_of(own_), transparency::RevokeReason::lost, now_).error().code,
            ErrorCode::refused);
  EXPECT_TRUE(engine_->revoke(id_of(phone_), transparency::RevokeReason::left, now_).ok());
  exchange();
  EXPECT_EQ(engine_->fatal()->code, ErrorCode::device_revoked);
}

TEST_F(OwnChainTest, OnlyADeviceOfTheChainIsAdopted) {
  come_online();
  links().push_back(add_link(phone_));
  const auto all = links();
  use_other_vault();
  const AdoptRequest good{{"a.example", 443, std::nullopt}, "alice@example.org", "", "", all};
  auto bad = good;
  bad.links.pop_back();
  EXPECT_EQ(Engine::adopt(*vault_, bad, numbered_keys(5), now_).error().code, ErrorCode::refused);
  bad.links = {};
  EXPECT_EQ(Engine::adopt(*vault_, bad, numbered_keys(5), now_).error().code, ErrorCode::refused);
  bad = good;
  bad.handle = "nobody";
  EXPECT_EQ(Engine::adopt(*vault_, bad, numbered_keys(5), now_).error().code, ErrorCode::usage);
  bad = good;
  bad.device_name = "two\nlines";
  EXPECT_EQ(Engine::adopt(*vault_, bad, numbered_keys(5), now_).error().code, ErrorCode::usage);
  EXPECT_EQ(Engine::adopt(*vault_, good, numbered_keys(6), now_).error().code, ErrorCode::refused);
  EXPECT_FALSE(vault_->profile().value().has_value());
}

TEST_F(OwnChainTest, AContactsNewDeviceIsToldOf) {
  come_online();
  send("bob@example.org", "hi");
  const auto phone = bob_.add_device(7).id;
  bob_.admit(1);
  server_.list(bob_);
  send("bob@example.org", "again");
  const auto told = device_events();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].text, "added");
  EXPECT_EQ(told[0].device, phone);
  EXPECT_FALSE(told[0].chat.is_zero());
}

}  // namespace
}  // namespace martlet::client
