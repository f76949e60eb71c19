#include "client/stage_test.h"

namespace martlet::client {
namespace {

class Verbs : public Stage {
 protected:
  Verbs() { come_online(); }

  ErrorCode error_of_send(const SendRequest& request) {
    const auto answer = engine_->send(request, now_);
    EXPECT_FALSE(answer.ok());
    EXPECT_EQ(vault_->outbox_size().value(), 0U);
    return answer.ok() ? ErrorCode::bug : answer.error().code;
  }
  void add_contact(const std::string& name, const std::string& handle) {
    ASSERT_TRUE(engine_->contact_add({name, handle}, now_).ok());
  }
  std::string chat_id_of(const Person& person) {
    return to_base64url(person.account.view().first(ChatId::kBytes));
  }
};

TEST_F(Verbs, BadTextsAreRefused) {
  struct Bad {
    const char* name;
    std::string text;
    ErrorCode expected;
  };
  const Bad cases[] = {
      {"empty", "", ErrorCode::usage},
      {"not UTF-8", "caf\xe9", ErrorCode::usage},
      {"cut UTF-8", "caf\xc3", ErrorCode::usage},
      {"a surrogate", "\xed\xa0\x80", ErrorCode::usage},
      {"60,001 bytes", std::string(limits::kTextBytesMax + 1, 'x'), ErrorCode::too_large},
  };
  for (const auto& bad : cases) {
    SCOPED_TRACE(bad.name);
    EXPECT_EQ(error_of_send({"bob@example.org", bad.text, {}}), bad.expected);
  }
}

TEST_F(Verbs, RecipientsThatMeanNobodyAreRefused) {
  add_contact("Ann", "ann@example.org");
  add_contact("ann", "ann@other.example");
  add_contact("B\xc3\x96RSE", "b@example.org");
  struct Bad {
    const char* name;
    std::string to;
    ErrorCode expected;
  };
  const Bad cases[] = {
      {"nothing", "", ErrorCode::unknown_name},
      {"no contact", "Zoe", ErrorCode::unknown_name},
      {"how two names begin", "An", ErrorCode::ambiguous_name},
      {"too little of a name", "A", ErrorCode::unknown_name},
      {"two contacts", "ANN", ErrorCode::ambiguous_name},
      {"half a handle", "bob@", ErrorCode::unknown_name},
      {"a chat that is not there", "AAECAwQFBgcICQoLDA0ODw", ErrorCode::unknown_chat},
      {"the chat of nobody", std::string(22, 'A'), ErrorCode::unknown_chat},
      {"oneself", "alice@example.org", ErrorCode::usage},
      {"oneself in capitals", " ALICE@example.org ", ErrorCode::usage},
  };
  for (const auto& bad : cases) {
    SCOPED_TRACE(bad.name);
    EXPECT_EQ(error_of_send({bad.to, "hi", {}}), bad.expected);
    EXPECT_FALSE(engine_->history({bad.to, 10, 0}).ok());
    EXPECT_FALSE(engine_->read(bad.to, now_).ok());
  }
}

TEST_F(Verbs, ARecipientMayBeHandleContactOrChat) {
  add_contact("Bob", "bob@example.org");
  add_contact("Z\xc3\xb6\xc3\xab", "zoe@example.org");
  send("bob@example.org", "1");
  send("BOB", "2");
  send(chat_id_of(bob_), "3");
  ASSERT_EQ(server_.accepted.size(), 3U);
  for (const auto& sent : server_.accepted) EXPECT_EQ(sent.heads[0].account, bob_.account);
  EXPECT_EQ(engine_->history({"bob", 10, 0}).value().size(), 3U);
  EXPECT_EQ(engine_->history({chat_id_of(bob_), 10, 0}).value().size(), 3U);
  EXPECT_EQ(engine_->chats().value().size(), 1U);
  EXPECT_EQ(engine_->chats().value()[0].peer_handle, "bob@example.org");
  const auto zoe = engine_->send({"z\xc3\x96\xc3\x8b", "4", {}}, now_);
  EXPECT_TRUE(zoe.ok());
}

TEST_F(Verbs, AnExactNameWinsOverOtherCases) {
  add_contact("bob", "bob@example.org");
  add_contact("Bob", "other@example.org");
  send("bob", "to the first");
  ASSERT_EQ(server_.accepted.size(), 1U);
  EXPECT_EQ(server_.accepted[0].heads[0].account, bob_.account);
}

TEST_F(Verbs, AChatMeansItsAccountNotTheHandleOfToday) {
  deliver(letter(1, "hi"));
  Person thief{"bob@example.org", 3};
  server_.list(thief);
  server_.accepted.clear();
  now_ += limits::kContactCheckAge;
  reconnect();
  const auto id = send(chat_id_of(bob_), "to the one who wrote");
  EXPECT_EQ(progress(id).state, store::MessageState::sent);
  ASSERT_EQ(server_.accepted.size(), 1U);
  EXPECT_EQ(server_.accepted[0].heads[0].account, bob_.account);
}

TEST_F(Verbs, RepliesNameAMessageThatIsHere) {
  EXPECT_EQ(error_of_send({"bob@example.org", "hi", numbered_message(1)}),
            ErrorCode::unknown_message);
  deliver(letter(1, "question"));
  const auto answer = engine_->send({"bob@example.org", "answer", numbered_message(1)}, now_);
  ASSERT_TRUE(answer.ok());
  exchange();
  const auto content = bob_.open(server_.accepted.back(), own_keys());
  EXPECT_EQ(std::get<wire::Text>(content->kind).reply_to, numbered_message(1));
}

TEST_F(Verbs, ProgressIsOfOwnMessagesOnly) {
  EXPECT_EQ(engine_->progress(numbered_message(1)).error().code, ErrorCode::unknown_message);
  deliver(letter(1, "hi"));
  EXPECT_EQ(engine_->progress(numbered_message(1)).error().code, ErrorCode::unknown_message);
}

TEST_F(Verbs, ContactsThatCouldNotBeReachedAreRefused) {
  const ContactAddRequest cases[] = {
      {"", "bob@example.org"},
      {"a@b.example", "bob@example.org"},
      {"two\nlines", "bob@example.org"},
      {"\xff", "bob@example.org"},
      {"+15551234567", "bob@example.org"},
      {std::string(201, 'x'), "bob@example.org"},
      {"Bob", ""},
      {"Bob", "not a handle"},
  };
  for (const auto& bad : cases) {
    SCOPED_TRACE(bad.name + "/" + bad.handle);
    const auto answer = engine_->contact_add(bad, now_);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::usage);
  }
  EXPECT_TRUE(engine_->contacts().value().empty());
}

TEST_F(Verbs, ContactsAreReplacedByHandle) {
  add_contact("Bob", "BOB@example.org");
  add_contact("Robert", "bob@example.org");
  const auto contacts = engine_->contacts().value();
  ASSERT_EQ(contacts.size(), 1U);
  EXPECT_EQ(contacts[0].name, "Robert");
  EXPECT_EQ(contacts[0].handle, "bob@example.org");
}

TEST_F(Verbs, HistoryComesInPages) {
  for (int i = 0; i < 5; ++i) send("bob@example.org", std::to_string(i));
  const auto newest = engine_->history({"bob@example.org", 2, 0}).value();
  ASSERT_EQ(newest.size(), 2U);
  EXPECT_EQ(newest[0].text, "3");
  const auto older = engine_->history({"bob@example.org", 2, newest[0].order}).value();
  ASSERT_EQ(older.size(), 2U);
  EXPECT_EQ(older[1].text, "2");
  const auto oldest = engine_->history({"bob@example.org", 2, 1}).value();
  EXPECT_TRUE(oldest.empty());
  EXPECT_EQ(engine_->history({"carol@example.org", 2, 0}).error().code, ErrorCode::unknown_chat);
}

TEST_F(Verbs, QueuedMessagesToAHandleComeInPagesToo) {
  disconnect();
  for (int i = 0; i < 5; ++i) send("new@example.org", std::to_string(i));
  const auto newest = engine_->history({"new@example.org", 2, 0}).value();
  ASSERT_EQ(newest.size(), 2U);
  EXPECT_EQ(newest[1].text, "4");
  EXPECT_EQ(engine_->history({"new@example.org", 2, newest[0].order}).value()[1].text, "2");
}

TEST_F(Verbs, EventsContinueBehindACursor) {
  deliver(letter(1, "one"));
  send("bob@example.org", "two");
  const auto all = events();
  ASSERT_GE(all.size(), 2U);
  EXPECT_EQ(engine_->events(all[0].event.cursor, 100).value().size(), all.size() - 1);
  EXPECT_EQ(engine_->events(0, 1).value().size(), 1U);
  EXPECT_TRUE(engine_->events(all.back().event.cursor, 100).value().empty());
  EXPECT_EQ(engine_->consumed("cli").value(), 0U);
  ASSERT_TRUE(engine_->set_consumed("cli", all[0].event.cursor).ok());
  restart();
  EXPECT_EQ(engine_->consumed("cli").value(), all[0].event.cursor);
  EXPECT_EQ(engine_->consumed("other").value(), 0U);
}

TEST_F(Verbs, ManyReadMessagesAreSplitOverReceipts) {
  // Straight into the vault: a delivery each would take long.
  const auto chat = ChatId::from(bob_.account.view().first(ChatId::kBytes)).take();
  constexpr std::size_t kCount = limits::kReceiptMessagesMax + 1;
  ASSERT_TRUE(vault_
                  ->transact([&]() -> Result<void> {
                    for (std::size_t i = 0; i < kCount; ++i) {
                      store::MessageRecord message;
                      message.id = random_.id<MessageId>();
                      message.author = bob_.devices[0].id;
                      message.author_account = bob_.account;
                      message.chat = chat;
                      message.peer = bob_.account;
                      message.text = "x";
                      TRY(vault_->add_message(message));
                    }
                    return {};
                  })
                  .ok());
  EXPECT_EQ(engine_->read(to_base64url(chat.view()), now_).value(), kCount);
  exchange();
  std::size_t named = 0;
  for (const auto& sent : server_.accepted) {
    named += std::get<wire::Receipt>(bob_.open(sent, own_keys())->kind).messages.size();
  }
  EXPECT_EQ(server_.accepted.size(), 2U);
  EXPECT_EQ(named, kCount);
}

TEST_F(Verbs, AFullOutboxSaysSo) {
  disconnect();
  ASSERT_TRUE(vault_
                  ->transact([&]() -> Result<void> {
                    for (std::size_t i = 0; i < limits::kOutboxMax; ++i) {
                      store::OutboxRecord item;
                      item.message = random_.id<MessageId>();
                      item.recipient_handle = "bob@example.org";
                      TRY(vault_->put_outbox(item));
                    }
                    return {};
                  })
                  .ok());
  const auto answer = engine_->send({"bob@example.org", "one more", {}}, now_);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::rate_limited);
}

TEST_F(Verbs, ADamagedVaultStopsTheEngineOnline) {
  ASSERT_TRUE(vault_
                  ->transact([&] {
                    return vault_->put_chain({bob_.account, {bob_.links[0], bob_.links[0]}, now_});
                  })
                  .ok());
  deliver(letter(1, "hi"));
  ASSERT_TRUE(engine_->fatal().has_value());
  EXPECT_EQ(engine_->fatal()->code, ErrorCode::profile_damaged);
  EXPECT_TRUE(server_.acknowledged.empty());
}

}  // namespace
}  // namespace martlet::client
