#include "client/device_link.h"

#include <gtest/gtest.h>

#include "client/errors.h"
#include "client/online_test.h"
#include "client/recovery.h"

namespace martlet::client {
namespace {

const store::ServerAddress kServer{"a.example", 443, std::nullopt};

/// A new device, an engine that is online, and a server that lets them meet.
class DeviceLinkTest : public testing::Test {
 protected:
  static constexpr unsigned kNewcomer = 9;

  DeviceLinkTest() : bob_{"bob@example.org", 3}, online_{bob_}, keys_{numbered_keys(kNewcomer)} {
    link_ = std::make_unique<DeviceLink>(kServer, keys_, "phone", "linux", random_, online_.now);
    connect_newcomer();
    settle();
  }

  UnixMillis now() const { return online_.now; }
  DeviceId newcomer_id() const { return transparency::device_id_of(keys_.signing.verifying_key()); }
  std::vector<Bytes>& links() { return online_.server.chains.at(online_.engine->whoami().account); }

  void connect_newcomer() {
    ASSERT_TRUE(link_->wants_connection(now() + limits::kReconnectDelayMax));
    link_->on_connected(FakeServer::kExporter, now());
    to_newcomer({0, online_.server.challenge().body});
  }
  void to_newcomer(const wire::Frame& frame) { link_->on_frame(wire::encode(frame), now()); }

  /// Lets both sides and the server talk until nobody says anything.
  void settle() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& bytes : link_->take_frames()) {
        moved = true;
        if (link_->link() == Link::online) on_newcomer_frame(wire::parse_frame(bytes).take());
      }
      moved |= take_newcomer_events();
      while (!online_.asked.empty()) {
        moved = true;
        const auto bytes = online_.asked.front();
        online_.asked.pop_front();
        on_approver_frame(bytes);
      }
      moved |= take_approver_events();
    }
  }

  void on_newcomer_frame(const wire::Frame& frame) {
    if (const auto* open = std::get_if<wire::OpenRendezvous>(&frame.body)) {
      name_ = open->name;
      ++opened_;
      to_newcomer({frame.request, wire::RendezvousOpened{"1234567" + std::to_string(opened_)}});
    } else if (const auto* relay = std::get_if<wire::Relay>(&frame.body)) {
      if (joined_ && !cut_) online_.push({0, *relay});
    } else if (const auto* fetch = std::get_if<wire::FetchChain>(&frame.body)) {
      ++looks_;
      const auto& all = links();
      to_newcomer({frame.request, wire::Account{fetch->account, 0, all}});
    } else if (std::holds_alternative<wire::Ping>(frame.body)) {
      to_newcomer({frame.request, wire::Pong{}});
    }
  }

  void on_approver_frame(const Bytes& bytes) {
    const auto frame = wire::parse_frame(bytes).take();
    if (const auto* join = std::get_if<wire::JoinRendezvous>(&frame.body)) {
      const auto* name = std::get_if<wire::RendezvousName>(&join->meeting);
      const auto* number = std::get_if<std::string>(&join->meeting);
      joined_ = (name != nullptr && *name == name_) ||
                (number != nullptr && *number == "1234567" + std::to_string(opened_));
      online_.push({frame.request, joined_ ? wire::Body{wire::RendezvousJoined{name_}}
                                           : wire::Body{FakeServer::refusal(join_refusal_)}});
    } else if (const auto* relay = std::get_if<wire::Relay>(&frame.body)) {
      if (!cut_) to_newcomer({0, *relay});
    } else if (const auto answer = online_.server.on_frame(bytes)) {
      online_.push(*answer);
    }
  }

  bool take_newcomer_events() {
    bool any = false;
    while (auto event = link_->take_event()) {
      any = true;
      if (auto* shown = std::get_if<LinkShown>(&*event)) {
        shown_ = *shown;
      } else if (auto* code = std::get_if<CompareCode>(&*event)) {
        newcomer_digits_ = code->digits;
        link_->confirm_code(newcomer_says_same_, now());
      } else if (auto* linked = std::get_if<Linked>(&*event)) {
        linked_.emplace(std::move(*linked));
      } else {
        stopped_ = std::get<LinkStopped>(*event);
      }
    }
    return any;
  }

  bool take_approver_events() {
    bool any = false;
    while (auto event = online_.engine->approval_event()) {
      any = true;
      if (auto* code = std::get_if<CompareCode>(&*event)) {
        approver_digits_ = code->digits;
      } else if (auto* device = std::get_if<ConfirmDevice>(&*event)) {
        asked_ = *device;
        if (before_decision_) before_decision_();
        online_.engine->decide_approval(role_, now());
        online_.collect();
      } else if (auto* approved = std::get_if<LinkApproved>(&*event)) {
        approved_ = *approved;
      } else if (auto* stopped = std::get_if<LinkStopped>(&*event)) {
        approver_stopped_ = *stopped;
      } else {
        failed_ = std::get<ApprovalFailed>(*event).error.code;
      }
    }
    return any;
  }

  void approve(const std::string& code) {
    const auto begun = online_.engine->approve(code, now());
    ASSERT_TRUE(begun.ok()) << begun.error().message.text;
    online_.collect();
    settle();
  }

  void expect_linked() {
    ASSERT_TRUE(linked_);
    EXPECT_FALSE(stopped_);
    EXPECT_TRUE(link_->is_over());
    EXPECT_EQ(linked_->links, links());
    EXPECT_NE(linked_->chain.find(newcomer_id()), nullptr);
    EXPECT_EQ(linked_->handles, std::vector<std::string>{"alice@example.org"});
  }

  Person bob_;
  Online online_;
  SeededRandom random_{77};
  protocol::DevicePrivateKeys keys_;
  std::unique_ptr<DeviceLink> link_;

  std::optional<transparency::Role> role_ = transparency::Role::member;
  bool newcomer_says_same_ = true;
  bool cut_ = false;  ///< what one side says does not reach the other
  std::function<void()> before_decision_;
  wire::RefusalCode join_refusal_ = wire::RefusalCode::rendezvous_unknown;

  wire::RendezvousName name_{};
  int opened_ = 0;
  bool joined_ = false;
  int looks_ = 0;
  std::optional<LinkShown> shown_;
  std::string newcomer_digits_;
  std::string approver_digits_;
  std::optional<ConfirmDevice> asked_;
  std::optional<Linked> linked_;
  std::optional<LinkStopped> stopped_;
  std::optional<LinkApproved> approved_;
  std::optional<LinkStopped> approver_stopped_;
  std::optional<ErrorCode> failed_;
};

TEST_F(DeviceLinkTest, TheCodeLetsTheDeviceIn) {
  ASSERT_TRUE(shown_);
  approve(shown_->payload);
  expect_linked();
  ASSERT_TRUE(asked_);
  EXPECT_EQ(asked_->name, "phone");
  EXPECT_EQ(asked_->device, newcomer_id());
  ASSERT_TRUE(approved_);
  EXPECT_EQ(approved_->device, newcomer_id());
  const auto devices = online_.engine->devices().take();
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_EQ(devices[1].name, "phone");
  EXPECT_EQ(devices[1].platform, "linux");
  EXPECT_EQ(devices[1].role, transparency::Role::member);
  EXPECT_TRUE(newcomer_digits_.empty());
}

TEST_F(DeviceLinkTest, TheNumberLetsItInAfterBothSawTheSameDigits) {
  ASSERT_TRUE(shown_);
  approve(shown_->number.substr(0, 4) + " " + shown_->number.substr(4));
  expect_linked();
  EXPECT_EQ(newcomer_digits_.size(), 8U);
  EXPECT_EQ(newcomer_digits_, approver_digits_);
}

TEST_F(DeviceLinkTest, OtherDigitsOnTheNewScreenEndIt) {
  newcomer_says_same_ = false;
  approve(shown_->number);
  ASSERT_TRUE(stopped_ && approver_stopped_);
  EXPECT_EQ(stopped_->fault, LinkFault::codes_differ);
  EXPECT_EQ(approver_stopped_->fault, LinkFault::codes_differ);
  EXPECT_EQ(links().size(), 1U);
}

TEST_F(DeviceLinkTest, ANoKeepsItOutside) {
  role_.reset();
  approve(shown_->payload);
  ASSERT_TRUE(stopped_ && approver_stopped_);
  EXPECT_EQ(stopped_->fault, LinkFault::refused);
  EXPECT_TRUE(stopped_->by_peer);
  EXPECT_FALSE(stopped_->may_be_in);
  EXPECT_EQ(links().size(), 1U);
}

TEST_F(DeviceLinkTest, WhatIsNoCodeIsRefusedAtOnce) {
  for (const char* code : {"", "1234567", "123456789", "MARTLET:", "MARTLET:AAAA", "hello",
                           "1234567a", "alice@example.org"}) {
    const auto begun = online_.engine->approve(code, now());
    ASSERT_FALSE(begun.ok()) << code;
    EXPECT_EQ(begun.error().code, ErrorCode::usage) << code;
  }
}

TEST_F(DeviceLinkTest, ANumberThatNobodyShowsIsSaidSo) {
  approve("00000000");
  EXPECT_EQ(failed_, ErrorCode::unknown_device);
  join_refusal_ = wire::RefusalCode::limit_reached;
  approve("00000001");
  EXPECT_EQ(failed_, ErrorCode::rate_limited);
}

TEST_F(DeviceLinkTest, OneApprovalAtATime) {
  ASSERT_TRUE(online_.engine->approve("00000000", now()).ok());
  EXPECT_EQ(online_.engine->approve(shown_->payload, now()).error().code, ErrorCode::refused);
}

TEST_F(DeviceLinkTest, TheApproverIsToldThatTheDeviceGaveUp) {
  before_decision_ = [&] { link_->cancel(now()); };
  approve(shown_->payload);
  settle();
  ASSERT_TRUE(approver_stopped_);
  EXPECT_EQ(approver_stopped_->fault, LinkFault::cancelled);
  EXPECT_EQ(links().size(), 1U);
}

TEST_F(DeviceLinkTest, ABrokenConnectionBeforeAnybodyCameKeepsTheCode) {
  const auto before = *shown_;
  link_->on_disconnected(now());
  connect_newcomer();
  settle();
  EXPECT_EQ(shown_->payload, before.payload);
  EXPECT_NE(shown_->number, before.number);
  approve(before.payload);
  expect_linked();
}

TEST_F(DeviceLinkTest, ABrokenConnectionInTheMiddleEndsIt) {
  before_decision_ = [&] {
    link_->on_disconnected(now());
    cut_ = true;
  };
  approve(shown_->payload);
  ASSERT_TRUE(stopped_);
  EXPECT_FALSE(stopped_->may_be_in);
  EXPECT_TRUE(link_->is_over());
}

TEST_F(DeviceLinkTest, WhoHeardNoEndLooksWhetherItIsIn) {
  // The approver loses its line as soon as the link is out: `done` never arrives.
  online_.server.script = [&](const wire::Frame& frame) -> FakeServer::Reply {
    if (std::holds_alternative<wire::AppendLink>(frame.body)) cut_ = true;
    return FakeServer::Honest{};
  };
  approve(shown_->payload);
  ASSERT_TRUE(approved_);
  EXPECT_FALSE(linked_);
  to_newcomer({0, wire::RendezvousEnded{}});
  settle();
  expect_linked();
  EXPECT_EQ(looks_, 1);
}

TEST_F(DeviceLinkTest, WhoIsNotInAfterAllIsToldWhatToDo) {
  online_.server.script = [&](const wire::Frame& frame) -> FakeServer::Reply {
    if (!std::holds_alternative<wire::AppendLink>(frame.body)) return FakeServer::Honest{};
    cut_ = true;
    return FakeServer::Silent{};
  };
  approve(shown_->payload);
  to_newcomer({0, wire::RendezvousEnded{}});
  settle();
  for (int i = 0; i < 20 && !link_->is_over(); ++i) {
    online_.now = std::max(now(), link_->wake_at());
    link_->on_tick(now());
    settle();
  }
  ASSERT_TRUE(stopped_);
  EXPECT_TRUE(stopped_->may_be_in);
  EXPECT_EQ(looks_, static_cast<int>(kLinkLooksMax));
  EXPECT_FALSE(linked_);
}

TEST_F(DeviceLinkTest, AnAccountThatGrewMeanwhileIsFollowed) {
  const auto tablet = numbered_keys(8);
  before_decision_ = [&] {
    // Another device of the account lets another one in at the same moment.
    const auto chain = transparency::AccountChain::verify(links(), {}, {}).take();
    const transparency::LinkSigner signer{online_.engine->signing_key()};
    const transparency::LinkSigner accepting{tablet.signing};
    links().push_back(transparency::create_link(
        transparency::next_place(chain),
        transparency::AddBody{transparency::device_key_of(
            tablet.signing, {transparency::Role::admin, suite_keys_of(tablet), {}})},
        now(), signer, &accepting));
  };
  approve(shown_->payload);
  expect_linked();
  EXPECT_EQ(links().size(), 3U);
  EXPECT_EQ(online_.engine->devices().value().size(), 3U);
}

TEST_F(DeviceLinkTest, AServerThatDoesNotTakeTheLinkIsSaidSo) {
  online_.server.script = [&](const wire::Frame& frame) -> FakeServer::Reply {
    if (!std::holds_alternative<wire::AppendLink>(frame.body)) return FakeServer::Honest{};
    return FakeServer::refusal(wire::RefusalCode::chain_refused);
  };
  approve(shown_->payload);
  ASSERT_TRUE(approver_stopped_);
  EXPECT_EQ(approver_stopped_->fault, LinkFault::server_refused);
  EXPECT_FALSE(linked_);
}

TEST_F(DeviceLinkTest, NobodyComesForTenMinutes) {
  online_.now = now() + kLinkingLifetime;
  link_->on_tick(now());
  settle();
  ASSERT_TRUE(stopped_);
  EXPECT_EQ(stopped_->fault, LinkFault::gave_up);
}

TEST_F(DeviceLinkTest, PingsWhileItWaits) {
  online_.now = now() + limits::kPingInterval;
  link_->on_tick(now());
  const auto frames = link_->take_frames();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<wire::Ping>(wire::parse_frame(frames[0]).value().body));
}

/// A machine with nothing but the words.
class RecoveryTest : public testing::Test {
 protected:
  RecoveryTest() : bob_{"bob@example.org", 3}, online_{bob_}, keys_{numbered_keys(9)} {
    online_.server.handles["alice@example.org"] = nullptr;
  }
  transparency::RecoverySeed seed() {
    auto text = online_.engine->recovery_words().take();
    const auto words = transparency::parse_recovery_words(text_of(text.reveal()));
    return transparency::recovery_seed_of(words.value());
  }
  std::vector<Bytes>& links() { return online_.server.chains.at(online_.engine->whoami().account); }

  void recover(transparency::RecoverySeed seed) {
    recovery_ = std::make_unique<Recovery>(kServer, Handle::parse("alice@example.org").value(),
                                           std::move(seed), keys_, random_);
    connect();
    run();
  }
  void connect() {
    recovery_->on_connected(FakeServer::kExporter, online_.now);
    recovery_->on_frame(wire::encode({0, online_.server.challenge().body}), online_.now);
  }
  void run() {
    for (auto frames = recovery_->take_frames(); !frames.empty();
         frames = recovery_->take_frames()) {
      for (const auto& bytes : frames) answer(bytes);
    }
  }
  void answer(const Bytes& bytes) {
    const auto frame = wire::parse_frame(bytes).take();
    if (std::holds_alternative<wire::Lookup>(frame.body)) {
      const auto account = online_.engine->whoami().account;
      if (answer_lookup_) {
        const wire::Frame reply{frame.request, *answer_lookup_};
        return recovery_->on_frame(wire::encode(reply), online_.now);
      }
      const wire::Frame reply{frame.request, wire::Account{account, 0, links()}};
      return recovery_->on_frame(wire::encode(reply), online_.now);
    }
    const auto reply = online_.server.on_frame(bytes);
    if (reply) recovery_->on_frame(wire::encode(*reply), online_.now);
  }

  Person bob_;
  Online online_;
  SeededRandom random_{5};
  protocol::DevicePrivateKeys keys_;
  std::unique_ptr<Recovery> recovery_;
  std::optional<wire::Body> answer_lookup_;
};

TEST_F(RecoveryTest, TheWordsLetANewDeviceIn) {
  recover(seed());
  ASSERT_TRUE(recovery_->result());
  EXPECT_EQ(recovery_->result()->links, links());
  EXPECT_EQ(links().size(), 2U);
  const auto chain = transparency::AccountChain::verify(links(), {}, {}).take();
  const auto* device = chain.find(transparency::device_id_of(keys_.signing.verifying_key()));
  ASSERT_NE(device, nullptr);
  EXPECT_EQ(device->role, transparency::Role::admin);
  recover(seed());  // again: it is in already
  EXPECT_TRUE(recovery_->result());
  EXPECT_EQ(links().size(), 2U);
}

TEST_F(RecoveryTest, OtherWordsAreRefusedAndNothingIsSent) {
  SeededRandom other{123};
  recover(transparency::recovery_seed_of(transparency::create_recovery_entropy(other)));
  ASSERT_TRUE(recovery_->fatal());
  EXPECT_EQ(recovery_->fatal()->message.text, std::string{errors::kOtherWords.message.text});
  EXPECT_EQ(links().size(), 1U);
}

TEST_F(RecoveryTest, AnUnknownHandleAndAForgedChainAreSaidSo) {
  answer_lookup_ = FakeServer::refusal(wire::RefusalCode::unknown_handle);
  recover(seed());
  EXPECT_EQ(recovery_->fatal()->code, ErrorCode::unknown_handle);
  answer_lookup_ = wire::Account{bob_.account, 0, links()};
  recover(seed());
  EXPECT_EQ(recovery_->fatal()->code, ErrorCode::identity);
}

TEST_F(RecoveryTest, ALinkThatCameFirstIsFollowed) {
  int appends = 0;
  online_.server.script = [&](const wire::Frame& frame) -> FakeServer::Reply {
    if (!std::holds_alternative<wire::AppendLink>(frame.body) || ++appends > 1) {
      return FakeServer::Honest{};
    }
    return FakeServer::refusal(wire::RefusalCode::chain_moved);
  };
  recover(seed());
  EXPECT_EQ(appends, 2);
  EXPECT_TRUE(recovery_->result());
}

TEST_F(RecoveryTest, AServerThatMovesForEverIsGivenUp) {
  online_.server.script = [](const wire::Frame& frame) -> FakeServer::Reply {
    if (!std::holds_alternative<wire::AppendLink>(frame.body)) return FakeServer::Honest{};
    return FakeServer::refusal(wire::RefusalCode::chain_moved);
  };
  recover(seed());
  ASSERT_TRUE(recovery_->fatal());
  EXPECT_EQ(online_.server.all<wire::AppendLink>().size(), kRecoveryMovesMax + 1);
}

TEST_F(RecoveryTest, ALostAnswerCostsNothing) {
  online_.server.script = [](const wire::Frame& frame) -> FakeServer::Reply {
    if (!std::holds_alternative<wire::AppendLink>(frame.body)) return FakeServer::Honest{};
    return FakeServer::Silent{};
  };
  recover(seed());
  EXPECT_FALSE(recovery_->result() || recovery_->fatal());
  online_.server.script = {};
  recovery_->on_disconnected(online_.now);
  EXPECT_FALSE(recovery_->wants_connection(online_.now));
  EXPECT_TRUE(recovery_->wants_connection(online_.now + limits::kReconnectDelayMax));
  connect();
  run();
  EXPECT_TRUE(recovery_->result());
}

TEST_F(RecoveryTest, TheWordsAreGoneOnceForgotten) {
  ASSERT_TRUE(online_.engine->recovery_words().ok());
  ASSERT_TRUE(online_.engine->forget_recovery_words().ok());
  EXPECT_EQ(online_.engine->recovery_words().error().code, ErrorCode::unknown_words);
  ASSERT_TRUE(online_.engine->forget_recovery_words().ok());
  online_.restart();
  EXPECT_EQ(online_.engine->recovery_words().error().code, ErrorCode::unknown_words);
}

}  // namespace
}  // namespace martlet::client
