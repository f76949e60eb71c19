#include "client/stage_test.h"

namespace martlet::client {
namespace {

using namespace std::chrono_literals;
using store::MessageState;
using Texts = std::vector<std::string>;
using Sequences = std::vector<wire::Sequence>;

class Receiving : public Stage {
 protected:
  Receiving() { come_online(); }

  wire::Deliver letter_of(const Person& person, std::uint8_t number, const std::string& words,
                          std::size_t device = 0) {
    const auto id = numbered_message(number);
    return person.seal(wire::encode(person.text(own_account(), id, words)), id, own_keys(), device);
  }
  void answer_lookups(const FakeServer::Reply& reply) {
    server_.script = [reply](const wire::Frame& frame) -> FakeServer::Reply {
      return std::holds_alternative<wire::Lookup>(frame.body)
                 ? reply
                 : FakeServer::Reply{FakeServer::Honest{}};
    };
  }
  void answer_fetches(const FakeServer::Reply& reply) {
    server_.script = [reply](const wire::Frame& frame) -> FakeServer::Reply {
      return std::holds_alternative<wire::FetchChain>(frame.body)
                 ? reply
                 : FakeServer::Reply{FakeServer::Honest{}};
    };
  }
  /// Acknowledged, but not shown, with one alert.
  void expect_set_aside(std::size_t acknowledged) {
    EXPECT_TRUE(shown().empty());
    EXPECT_EQ(server_.acknowledged.size(), acknowledged);
    EXPECT_EQ(alerts().size(), 1U);
    EXPECT_TRUE(server_.accepted.empty()) << "a receipt went out";
    EXPECT_TRUE(engine_->settled());
  }
  std::size_t receipts_sent() {
    std::size_t count = 0;
    for (const auto& send : server_.accepted) {
      const auto content = bob_.open(send, own_keys());
      if (!content) continue;
      if (const auto* receipt = std::get_if<wire::Receipt>(&content->kind)) {
        count += receipt->messages.size();
      }
    }
    return count;
  }
};

TEST_F(Receiving, IsDurableBeforeItIsAcknowledged) {
  server_.script = [this](const wire::Frame& frame) -> FakeServer::Reply {
    if (std::holds_alternative<wire::Acknowledge>(frame.body)) {
      EXPECT_EQ(shown(), Texts{"hi"});
      EXPECT_EQ(vault_->outbox_size().value(), 1U);
    }
    return FakeServer::Honest{};
  };
  deliver(letter(1, "hi"));
  EXPECT_EQ(server_.acknowledged, Sequences{1});
  const auto message = events().at(0).message.value();
  EXPECT_EQ(message.peer_handle, "bob@example.org");
  EXPECT_EQ(message.sender_name, "Name of bob@example.org");
  EXPECT_EQ(message.author, bob_.devices[0].id);
  EXPECT_EQ(message.author_account, bob_.account);
  EXPECT_EQ(message.sent, unix_millis(5'000));
  EXPECT_EQ(message.stored, now_);
  EXPECT_EQ(message.state, MessageState::received);
  EXPECT_FALSE(message.outgoing);
  EXPECT_EQ(engine_->chats().value().at(0).unread, 1U);
}

TEST_F(Receiving, AsksForChainAndHandleOnce) {
  deliver(letter(1, "one"));
  deliver(letter(2, "two"));
  EXPECT_EQ(server_.all<wire::FetchChain>().size(), 1U);
  EXPECT_EQ(server_.all<wire::Lookup>().size(), 1U);
  restart();
  connect();
  deliver(letter(3, "three"));
  EXPECT_EQ(server_.all<wire::FetchChain>().size(), 1U);
  EXPECT_EQ(server_.all<wire::Lookup>().size(), 1U);
  EXPECT_EQ(shown(), (Texts{"one", "two", "three"}));
}

TEST_F(Receiving, ShowsOnceWhateverComesTwice) {
  const auto first = letter(1, "once");
  deliver(first);
  deliver(first);  // a replay under a new sequence
  auto same_sequence = first;
  same_sequence.sequence = 1;
  push(wire::Body{same_sequence});  // the acknowledgement got lost
  deliver(letter(1, "once"));       // sealed anew under the same id
  restart();
  connect();
  deliver(first);
  EXPECT_EQ(shown(), Texts{"once"});
  EXPECT_EQ(server_.acknowledged, (Sequences{1, 2, 1, 3, 4}));
  EXPECT_EQ(receipts_sent(), 1U);
  EXPECT_TRUE(alerts().empty());
}

TEST_F(Receiving, TheSameContentUnderAnotherIdIsNotShown) {
  const auto content = wire::encode(bob_.text(own_account(), numbered_message(1), "replayed"));
  deliver(bob_.seal(content, numbered_message(2), own_keys()));
  expect_set_aside(1);
}

TEST_F(Receiving, ReplaysLongAfterTheSeenMarksAreForgottenShowNothing) {
  const auto first = letter(1, "once");
  deliver(first);
  now_ += 24h * 365;
  restart();
  connect();
  now_ += 1min;
  deliver(first);
  EXPECT_EQ(shown(), Texts{"once"});
  EXPECT_EQ(receipts_sent(), 1U);
}

TEST_F(Receiving, KeepsTheOrderOfASenderWhileItsChainIsLookedUp) {
  answer_fetches(FakeServer::Silent{});
  deliver(letter(1, "one"));
  deliver(letter(2, "two"));
  Person carol{"carol@example.org", 2};
  server_.list(carol);
  deliver(letter(3, "three"));
  EXPECT_TRUE(shown().empty());
  EXPECT_FALSE(engine_->settled());
  EXPECT_TRUE(server_.acknowledged.empty());
  const auto asked = server_.all<wire::FetchChain>().size();
  EXPECT_EQ(asked, 1U);
  server_.script = {};
  deliver(letter_of(carol, 4, "of another"));
  EXPECT_EQ(shown(), Texts{"of another"});  // others do not wait
  for (const auto& frame : server_.asked) {
    if (!std::holds_alternative<wire::FetchChain>(frame.body)) continue;
    push(wire::Frame{frame.request, wire::Account{bob_.account, 0, bob_.links}});
    break;
  }
  EXPECT_EQ(shown(), (Texts{"of another", "one", "two", "three"}));
  EXPECT_EQ(server_.acknowledged, (Sequences{4, 1, 2, 3}));
  EXPECT_TRUE(engine_->settled());
}

TEST_F(Receiving, WhatIsHeldComesAgainAfterADisconnect) {
  answer_fetches(FakeServer::Silent{});
  deliver(letter(1, "one"));
  disconnect();
  server_.script = {};
  connect();
  EXPECT_TRUE(shown().empty());
  deliver(letter(1, "one"));
  EXPECT_EQ(shown(), Texts{"one"});
}

TEST_F(Receiving, HoldsABoundedNumber) {
  answer_fetches(FakeServer::Silent{});
  const auto one = letter(1, "x");
  for (std::size_t i = 0; i < limits::kHeldDeliveriesMax; ++i) deliver(one);
  EXPECT_FALSE(engine_->take_close_wish());
  deliver(one);
  EXPECT_TRUE(engine_->take_close_wish());
}

TEST_F(Receiving, FromASecondDeviceOfTheChainAfterOneRefresh) {
  deliver(letter(1, "one"));
  bob_.add_device(2);
  bob_.admit(1);
  server_.list(bob_);
  deliver(letter_of(bob_, 2, "from my tablet", 1));
  EXPECT_EQ(shown(), (Texts{"one", "from my tablet"}));
  EXPECT_EQ(server_.all<wire::FetchChain>().size(), 2U);
  // The same id from another device is another message.
  deliver(letter_of(bob_, 1, "same id", 1));
  EXPECT_EQ(shown().size(), 3U);
}

TEST_F(Receiving, FromADeviceOutsideTheChainIsNeverShown) {
  bob_.add_device(2);  // not admitted
  deliver(letter_of(bob_, 1, "ghost", 1));
  expect_set_aside(1);
  EXPECT_EQ(server_.all<wire::FetchChain>().size(), 2U);  // looked twice
  EXPECT_EQ(engine_->health().value().waiting_to_open, 0U);
  deliver(letter_of(bob_, 2, "ghost again", 1));
  expect_set_aside(2);
  deliver(letter(3, "the true one"));
  EXPECT_EQ(shown(), Texts{"the true one"});
}

TEST_F(Receiving, FromAnAccountThatTheDirectoryDoesNotKnow) {
  Person eve{"eve@example.org", 4};
  deliver(letter_of(eve, 1, "who am I?"));
  expect_set_aside(1);
}

TEST_F(Receiving, ARolledBackChainDoesNotUndoWhatWasProven) {
  bob_.add_device(2);
  bob_.admit(1);
  server_.list(bob_);
  deliver(letter(1, "one"));
  const auto old = std::vector<Bytes>{bob_.links[0]};
  bob_.add_device(3);
  answer_fetches(wire::Body{wire::Account{bob_.account, 0, old}});
  deliver(letter_of(bob_, 2, "ghost", 2));
  EXPECT_EQ(shown(), Texts{"one"});
  EXPECT_EQ(alerts().size(), 2U);  // of the rollback, of the device
  deliver(letter_of(bob_, 3, "two", 1));
  EXPECT_EQ(shown(), (Texts{"one", "two"}));
}

class ReceivingForgeries : public Receiving {
 public:
  Person eve_{"eve@example.org", 4};
  const Person& bob() const { return bob_; }
  AccountId me() { return own_account(); }
  const protocol::DevicePublicKeys& my_keys() { return own_keys(); }
  wire::Deliver good() { return letter(1, "good"); }
};

struct ForgeryCase {
  const char* name;
  std::function<wire::Deliver(ReceivingForgeries&)> make;
  bool does_not_open;
};

const ForgeryCase kForgeries[] = {
    {"meant for another account",
     [](ReceivingForgeries& t) {
       const auto id = numbered_message(1);
       return t.bob().seal(wire::encode(t.bob().text(t.eve_.account, id, "for Eve")), id,
                           t.my_keys());
     },
     false},
    {"another sender inside",
     [](ReceivingForgeries& t) {
       const auto id = numbered_message(1);
       auto content = t.eve_.text(t.me(), id, "I am Bob");
       content.sender_account = t.bob().account;
       return t.eve_.seal(wire::encode(content), id, t.my_keys());
     },
     false},
    {"the server names another sender",
     [](ReceivingForgeries& t) {
       auto deliver = t.good();
       deliver.sender = t.eve_.devices[0].id;
       deliver.sender_account = t.eve_.account;
       return deliver;
     },
     true},
    {"sealed for another device",
     [](ReceivingForgeries& t) {
       const auto id = numbered_message(1);
       return t.bob().seal(wire::encode(t.bob().text(t.me(), id, "hi")), id,
                           t.eve_.devices[0].keys.public_keys());
     },
     true},
    {"one bit changed",
     [](ReceivingForgeries& t) {
       auto deliver = t.good();
       deliver.sealed = with_flip(deliver.sealed, deliver.sealed.size() / 2);
       return deliver;
     },
     true},
    {"cut short",
     [](ReceivingForgeries& t) {
       auto deliver = t.good();
       deliver.sealed = deliver.sealed.view().first(deliver.sealed.size() - 1);
       return deliver;
     },
     true},
    {"one byte",
     [](ReceivingForgeries& t) {
       auto deliver = t.good();
       deliver.sealed = deliver.sealed.view().first(1);
       return deliver;
     },
     true},
    {"another suite",
     [](ReceivingForgeries& t) {
       auto deliver = t.good();
       deliver.suite = 2;
       return deliver;
     },
     true},
    {"no content inside",
     [](ReceivingForgeries& t) {
       return t.bob().seal(bytes_of("\xff\xff not protobuf"), numbered_message(1), t.my_keys());
     },
     true},
    {"a text that is not UTF-8",
     [](ReceivingForgeries& t) {
       const auto id = numbered_message(1);
       auto bytes = wire::encode(t.bob().text(t.me(), id, "broken: ####"));
       std::ranges::replace(bytes, static_cast<std::uint8_t>('#'), std::uint8_t{0xff});
       return t.bob().seal(bytes, id, t.my_keys());
     },
     true},
    {"a text of 60,001 bytes",
     [](ReceivingForgeries& t) {
       const auto id = numbered_message(1);
       return t.bob().seal(
           wire::encode(t.bob().text(t.me(), id, std::string(limits::kTextBytesMax + 1, 'x'))), id,
           t.my_keys());
     },
     true},
};

TEST_F(ReceivingForgeries, AreAcknowledgedCountedAndNeverShown) {
  server_.list(eve_);
  std::uint64_t counted = 0;
  for (const auto& forgery : kForgeries) {
    SCOPED_TRACE(forgery.name);
    server_.acknowledged.clear();
    // Asked for again, or counted after too many requests for the same.
    const auto asked_or_counted = [&] {
      return server_.accepted.size() + engine_->health().value().undecryptable_total;
    };
    const auto before = asked_or_counted();
    deliver(forgery.make(*this));
    EXPECT_TRUE(shown().empty());
    EXPECT_EQ(server_.acknowledged.size(), 1U);
    EXPECT_EQ(asked_or_counted() - before, forgery.does_not_open ? 1U : 0U);
    EXPECT_TRUE(engine_->settled());
    ++counted;
  }
  EXPECT_EQ(counted, std::size(kForgeries));
  EXPECT_EQ(alerts().size(), 2U);  // one a sending device: Bob's and Eve's
  for (const auto& send : server_.accepted) {
    const auto& asked = send.envelopes[0].recipient == bob_.devices[0].id ? bob_ : eve_;
    const auto content = asked.open(send, own_keys());
    ASSERT_TRUE(content.has_value());
    EXPECT_TRUE(std::holds_alternative<wire::ReSeal>(content->kind));
  }
  // The true message under the same id is not shut out by what went before.
  deliver(good());
  EXPECT_EQ(shown(), Texts{"good"});
}

TEST_F(Receiving, AFloodOfGarbageDoesNotFloodTheEventStream) {
  for (std::uint8_t i = 0; i < 200; ++i) {
    auto garbage = letter(1, "x");
    garbage.sender = DeviceId{{i}};
    deliver(garbage);
  }
  EXPECT_EQ(server_.acknowledged.size(), 200U);
  EXPECT_LE(alerts().size(), 64U);
}

TEST_F(Receiving, AnUnknownKindIsKeptForANewerVersion) {
  auto content = bob_.text(own_account(), numbered_message(1), "from the future");
  auto bytes = wire::encode(content);
  // Field 7, the text, becomes field 15: a kind that this version does not know. Its tag and length
  // stand before the tag and length of the words; the ids further up may hold any byte.
  const auto words = std::ranges::search(bytes, std::string_view{"from the future"}).begin();
  ASSERT_NE(words, bytes.end());
  auto& tag = *(words - 4);
  ASSERT_EQ(tag, std::uint8_t{7U << 3U | 2U});
  tag = 15U << 3U | 2U;
  deliver(bob_.seal(bytes, numbered_message(1), own_keys()));
  ASSERT_EQ(events().size(), 1U);
  EXPECT_TRUE(events()[0].message->needs_newer);
  EXPECT_EQ(receipts_sent(), 1U);
  EXPECT_TRUE(alerts().empty());
}

TEST_F(Receiving, SixtyThousandBytesArrive) {
  const std::string text(limits::kTextBytesMax, 'x');
  deliver(letter(1, text));
  EXPECT_EQ(shown(), Texts{text});
}

TEST_F(Receiving, AHandleIsShownOnlyIfItIsTheSenders) {
  struct Claim {
    const char* name;
    std::string handle;
    bool alert;
  };
  Person carol{"carol@example.org", 3};
  server_.list(carol);
  const Claim claims[] = {
      {"somebody else's", "carol@example.org", true},
      {"nobody's", "nobody@example.org", true},
      {"none", "", false},
      {"not canonical", "BOB@example.org", false},
      {"not a handle", "the boss", false},
      {"one's own", "alice@example.org", true},
  };
  server_.script = [this](const wire::Frame& frame) -> FakeServer::Reply {
    const auto* lookup = std::get_if<wire::Lookup>(&frame.body);
    if (lookup == nullptr || lookup->handle != "alice@example.org") return FakeServer::Honest{};
    return wire::Body{wire::Account{own_account(), 0, vault_->profile().value()->links}};
  };
  std::uint8_t number = 1;
  for (const auto& claim : claims) {
    SCOPED_TRACE(claim.name);
    restart();
    connect();
    const auto alerts_before = alerts().size();
    const auto id = numbered_message(number++);
    auto content = bob_.text(own_account(), id, "it is me");
    content.sender_handle = claim.handle;
    deliver(bob_.seal(wire::encode(content), id, own_keys()));
    ASSERT_EQ(shown().size(), number - 1U);
    const auto message = vault_->message(bob_.devices[0].id, id).value();
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->peer_handle, "account " + bob_.chain().public_code().substr(0, 9));
    EXPECT_EQ(alerts().size() - alerts_before, claim.alert ? 1U : 0U);
  }
}

TEST_F(Receiving, AHandleThatMovedIsNotFollowed) {
  deliver(letter(1, "I am Bob"));
  Person thief{"bob@example.org", 3};
  server_.list(thief);
  deliver(letter_of(thief, 2, "no, I am"));
  EXPECT_EQ(shown().size(), 2U);
  EXPECT_EQ(events().at(1).message->peer_handle.substr(0, 8), "account ");
  EXPECT_EQ(alerts().size(), 1U);
  deliver(letter(3, "still me"));
  EXPECT_EQ(engine_->chats().value().size(), 2U);
  EXPECT_EQ(vault_->find_message(numbered_message(3)).value()->peer_handle, "bob@example.org");
}

TEST_F(Receiving, AMessageWaitsUntilTheDirectoryAnswersAboutTheHandle) {
  answer_lookups(wire::Body{FakeServer::refusal(wire::RefusalCode::limit_reached, 30s)});
  deliver(letter(1, "hi"));
  EXPECT_TRUE(shown().empty());
  EXPECT_EQ(engine_->wake_at(), now_ + 30s);
  server_.script = {};
  pass(30s);
  EXPECT_EQ(shown(), Texts{"hi"});
  EXPECT_EQ(events().at(0).message->peer_handle, "bob@example.org");
}

TEST_F(Receiving, AVaultThatFailsLeavesTheMessageWithTheServer) {
  for (const auto what : {store::WriteFault::lost, store::WriteFault::written}) {
    deliver(letter(1, "warm up"));
    server_.acknowledged.clear();
    const auto before = shown().size();
    fault_ = [what] { return what; };
    const auto number = static_cast<std::uint8_t>(what == store::WriteFault::lost ? 2 : 3);
    deliver(letter(number, "hi"));
    EXPECT_TRUE(server_.acknowledged.empty());
    EXPECT_TRUE(engine_->take_close_wish());
    EXPECT_FALSE(engine_->fatal().has_value());
    fault_ = [] { return store::WriteFault::none; };
    reconnect();
    EXPECT_EQ(shown().size(), before);
    deliver(letter(number, "hi"));
    EXPECT_EQ(shown().size(), before + 1);
    EXPECT_EQ(server_.acknowledged.size(), 1U);
    pass(1min);
  }
}

TEST_F(Receiving, ReceiptsAreGatheredWhileOneIsUnderWay) {
  deliver(letter(1, "first"));
  server_.asked.clear();
  server_.script = [](const wire::Frame& frame) -> FakeServer::Reply {
    if (std::holds_alternative<wire::Send>(frame.body)) return FakeServer::Silent{};
    return FakeServer::Honest{};
  };
  for (std::uint8_t i = 2; i < 30; ++i) deliver(letter(i, "more"));
  EXPECT_EQ(server_.all<wire::Send>().size(), 1U);
  EXPECT_EQ(vault_->outbox_size().value(), 2U);
  server_.script = {};
  reconnect();
  EXPECT_EQ(receipts_sent(), 29U);
  EXPECT_EQ(server_.accepted.size(), 3U);
}

TEST_F(Receiving, AReceiptThatMayHaveLeftIsNotChanged) {
  server_.script = [](const wire::Frame& frame) -> FakeServer::Reply {
    if (std::holds_alternative<wire::Send>(frame.body)) return FakeServer::Silent{};
    return FakeServer::Honest{};
  };
  deliver(letter(1, "one"));
  const auto receipt = vault_->outbox().value().at(0);
  disconnect();
  restart();
  connect();
  deliver(letter(2, "two"));
  const auto waiting = vault_->outbox().value();
  ASSERT_EQ(waiting.size(), 2U);
  EXPECT_EQ(waiting[0].message, receipt.message);
  EXPECT_EQ(waiting[0].content, receipt.content);
}

TEST_F(Receiving, ReadReceiptsGoOutOnce) {
  for (std::uint8_t i = 1; i <= 3; ++i) deliver(letter(i, "hi"));
  server_.accepted.clear();
  EXPECT_EQ(engine_->read("bob@example.org", now_).value(), 3U);
  exchange();
  ASSERT_EQ(server_.accepted.size(), 1U);
  const auto content = bob_.open(server_.accepted[0], own_keys());
  const auto& receipt = std::get<wire::Receipt>(content->kind);
  EXPECT_EQ(receipt.state, wire::ReceiptState::read);
  EXPECT_EQ(receipt.messages.size(), 3U);
  EXPECT_EQ(engine_->read("bob@example.org", now_).value(), 0U);
  EXPECT_EQ(engine_->chats().value().at(0).unread, 0U);
  exchange();
  EXPECT_EQ(server_.accepted.size(), 1U);
}

}  // namespace
}  // namespace martlet::client
