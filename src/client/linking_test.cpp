#include "client/linking_world_test.h"

namespace martlet::client {
namespace {

using transparency::Role;

static_assert(!std::is_copy_constructible_v<LinkApprover>);
static_assert(!std::is_move_constructible_v<LinkNewcomer>);

void expect_linked(const Meeting& meeting) {
  ASSERT_TRUE(meeting.linked && meeting.approved);
  const auto& chain = meeting.linked->chain;
  EXPECT_EQ(transparency::state_of(chain), transparency::state_of(meeting.world.chain));
  EXPECT_EQ(meeting.linked->links, meeting.world.links);
  EXPECT_EQ(chain.head(), meeting.approved->head);
  const auto* device = chain.find(meeting.world.keys.id(kNewDevice));
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(device->role, meeting.role);
  EXPECT_EQ(device->meta_commitment,
            transparency::device_name_commitment(meeting.linked->name_opening, "Laptop", "linux")
                .value());
  EXPECT_EQ(meeting.linked->display_name, "Alice");
  EXPECT_EQ(meeting.linked->handles, std::vector<std::string>{"alice@example.org"});
  EXPECT_TRUE(meeting.newcomer->is_over() && meeting.approver->is_over());
}

TEST(Linking, BothWays) {
  for (const auto& way : kWays) {
    for (const auto role : {Role::member, Role::admin}) {
      SCOPED_TRACE(way.name);
      Meeting meeting{transparency::grown_world()};
      meeting.role = role;
      meeting.run(way);
      expect_linked(meeting);
      ASSERT_TRUE(meeting.asked);
      EXPECT_EQ(meeting.asked->name, "Laptop");
      EXPECT_EQ(meeting.asked->platform, "linux");
      EXPECT_EQ(meeting.asked->device, meeting.world.keys.id(kNewDevice));
      ASSERT_EQ(meeting.digits.size(), way.by_number ? 2U : 0U);
      if (way.by_number) {
        EXPECT_EQ(meeting.digits[0], meeting.digits[1]);
      }
    }
  }
}

TEST(Linking, ALongChainComesInPieces) {
  transparency::ChainWorld world;
  for (int i = 0; i < 300; ++i) world.grow(transparency::VetoBody{}, world.device(0));
  Meeting meeting{std::move(world)};
  std::size_t longest = 0;
  meeting.relay = [&](std::size_t, const Bytes& message) {
    longest = std::max(longest, message.size());
    return std::vector<Bytes>{message};
  };
  meeting.run(kWays[0]);
  expect_linked(meeting);
  EXPECT_EQ(meeting.messages, 8U);  // hello, introduce, account, 2 x links, proposal, accept, done
  EXPECT_LE(longest, kLinkingMessageBytesMax);
}

TEST(Linking, TwoDevicesApproveAtOnce) {
  for (const auto& way : kWays) {
    SCOPED_TRACE(way.name);
    Meeting meeting;
    unsigned refusals = 0;
    meeting.submit = [&](const Bytes& link) {
      if (refusals < 2) {
        meeting.world.grow_add(10 + refusals++);
        return meeting.approver->moved(std::span{meeting.world.links}.last(1), meeting.now);
      }
      EXPECT_TRUE(meeting.world.append(link).ok());
      return meeting.approver->submitted();
    };
    meeting.run(way);
    EXPECT_EQ(refusals, 2U);
    expect_linked(meeting);
  }
}

TEST(Linking, AnAnswerOfTheServerThatWasLost) {
  Meeting meeting;
  meeting.submit = [&](const Bytes& link) {
    EXPECT_TRUE(meeting.world.append(link).ok());
    return meeting.approver->moved(std::span{meeting.world.links}.last(1), meeting.now);
  };
  meeting.run(kWays[0]);
  expect_linked(meeting);
}

struct MovedCase {
  const char* name;
  LinkFault fault;
  std::function<LinkApprover::Step(Meeting&)> submit;
};

TEST(Linking, WhatTheServerMaySay) {
  const MovedCase cases[] = {
      {"no", LinkFault::server_refused, [](Meeting& m) { return m.approver->server_refused(); }},
      {"moved, without a link", LinkFault::chain,
       [](Meeting& m) { return m.approver->moved({}, m.now); }},
      {"moved, with a forged link", LinkFault::chain,
       [](Meeting& m) {
         auto link = m.world.link(transparency::VetoBody{}, m.world.device(0));
         link[link.size() - 2] ^= 1;
         return m.approver->moved(std::vector<Bytes>{link}, m.now);
       }},
      {"moved, and we are out", LinkFault::not_admin,
       [](Meeting& m) {
         m.world.grow(transparency::RevokeBody{m.world.keys.id(0), {}}, m.world.device(0));
         return m.approver->moved(std::span{m.world.links}.last(1), m.now);
       }},
      {"moved for ever", LinkFault::moved_too_often,
       [](Meeting& m) {
         m.world.grow(transparency::VetoBody{}, m.world.device(0));
         return m.approver->moved(std::span{m.world.links}.last(1), m.now);
       }},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    Meeting meeting;
    meeting.submit = [&](const Bytes&) { return test.submit(meeting); };
    meeting.run(kWays[0]);
    ASSERT_TRUE(meeting.approver_stopped && meeting.newcomer_stopped);
    EXPECT_EQ(meeting.approver_stopped->fault, test.fault);
    EXPECT_EQ(meeting.newcomer_stopped->fault, test.fault);
    EXPECT_TRUE(meeting.newcomer_stopped->by_peer);
    EXPECT_TRUE(meeting.newcomer_stopped->may_be_in);
    EXPECT_FALSE(meeting.linked || meeting.approved);
  }
}

TEST(Linking, PeopleSayNo) {
  for (const auto& way : kWays) {
    SCOPED_TRACE(way.name);
    Meeting meeting;
    meeting.approver_approves = false;
    meeting.run(way);
    EXPECT_EQ(meeting.newcomer_stopped->fault, LinkFault::refused);
    EXPECT_TRUE(meeting.newcomer_stopped->by_peer);
    EXPECT_FALSE(meeting.newcomer_stopped->may_be_in);
    EXPECT_EQ(meeting.world.links.size(), 1U);
  }
  Meeting meeting;
  meeting.newcomer_confirms = false;
  meeting.run(kWays[1]);
  EXPECT_EQ(meeting.approver_stopped->fault, LinkFault::codes_differ);
  EXPECT_TRUE(meeting.approver_stopped->by_peer);
  EXPECT_FALSE(meeting.asked) << "a device whose person saw other digits";
}

TEST(Linking, GivesUpInTheEnd) {
  Meeting meeting;
  meeting.begin(kWays[0]);
  meeting.now += kLinkingLifetime;
  meeting.take(meeting.newcomer->on_time(meeting.now));
  meeting.take(meeting.approver->on_time(meeting.now));
  EXPECT_FALSE(meeting.newcomer->is_over() || meeting.approver->is_over());
  meeting.now += Milliseconds{1};
  meeting.take(meeting.approver->on_time(meeting.now));
  EXPECT_EQ(meeting.approver_stopped->fault, LinkFault::gave_up);
  meeting.deliver();
  EXPECT_EQ(meeting.newcomer_stopped->fault, LinkFault::gave_up);
  EXPECT_TRUE(meeting.newcomer->on_message(Bytes{1, 1}, meeting.now).send.empty());
}

TEST(Linking, WhoMayNotApproveCannotBegin) {
  Meeting meeting{transparency::grown_world()};
  const auto fault = [&](ApproverAccount account) {
    return LinkApprover::by_number(std::move(account), meeting.random, kStart).error();
  };
  EXPECT_EQ(fault(meeting.account(2)), LinkFault::not_admin) << "a member";
  EXPECT_EQ(fault(meeting.account(3)), LinkFault::not_admin) << "revoked";
  auto account = meeting.account();
  account.links.erase(account.links.begin() + 1);
  EXPECT_EQ(fault(std::move(account)), LinkFault::chain);
  auto other = meeting.account();
  other.display_name = std::string(201, 'x');
  EXPECT_EQ(fault(std::move(other)), LinkFault::malformed);
  auto payload = protocol::parse_link_payload(meeting.newcomer->payload()).take();
  payload.newcomer = {};
  EXPECT_EQ(LinkApprover::by_payload(meeting.account(), payload, meeting.random, kStart).error(),
            LinkFault::weak_key);
}

TEST(Linking, AFullAccountOrAKnownKeyIsNotSubmitted) {
  transparency::ChainWorld full;
  for (unsigned i = 1; i < 16; ++i) full.grow_add(i == kNewDevice ? 19 : i);
  transparency::ChainWorld known;
  known.grow_add(kNewDevice);
  known.grow(transparency::RevokeBody{known.keys.id(kNewDevice), {}}, known.device(0));
  for (auto* world : {&full, &known}) {
    Meeting meeting{std::move(*world)};
    meeting.run(kWays[0]);
    ASSERT_TRUE(meeting.approver_stopped);
    EXPECT_EQ(meeting.approver_stopped->fault, LinkFault::acceptance);
    EXPECT_FALSE(meeting.linked || meeting.approved);
  }
}

}  // namespace
}  // namespace martlet::client
