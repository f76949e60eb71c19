#pragma once

// Part of vault_contract.h: what each method does.

#include "store/vault_contract.h"

namespace martlet::store::contract {

// --- who I am, what I believe, contacts ---

TEST_P(VaultContract, TheProfileComesBackAndIsReplaced) {
  commit([&](Vault& vault) { EXPECT_TRUE(vault.put_profile(sample_profile()).ok()); });
  EXPECT_EQ(text(must(vault_->profile())), text(sample_profile()));
  ProfileRecord plain;
  plain.links = {all_bytes(3)};
  commit([&](Vault& vault) { EXPECT_TRUE(vault.put_profile(plain).ok()); });
  reopen();
  EXPECT_EQ(text(must(vault_->profile())), text(plain));
  EXPECT_FALSE(must(vault_->profile())->server.fingerprint);
}

TEST_P(VaultContract, DevicesHaveOneNameEachTheNewest) {
  commit([&](Vault& vault) {
    EXPECT_TRUE(vault.put_device_name({device_id(2), "phone", "", unix_millis(1)}).ok());
    EXPECT_TRUE(vault.put_device_name({device_id(1), "", "linux", unix_millis(2)}).ok());
    EXPECT_TRUE(vault.put_device_name({device_id(2), "tablet", "x", unix_millis(3)}).ok());
  });
  reopen();
  const std::vector<DeviceNameRecord> expected{{device_id(1), "", "linux", unix_millis(2)},
                                               {device_id(2), "tablet", "x", unix_millis(3)}};
  EXPECT_EQ(text(must(vault_->device_names())), text(expected));
}

TEST_P(VaultContract, ChainsComeBackAndAreReplaced) {
  const ChainRecord first{
      account_id(1), {all_bytes(16'516), Bytes{}, all_bytes(256)}, unix_millis(7)};
  const ChainRecord other{account_id(2), {}, unix_millis(-1)};
  commit([&](Vault& vault) {
    EXPECT_TRUE(vault.put_chain(first).ok());
    EXPECT_TRUE(vault.put_chain(other).ok());
  });
  EXPECT_EQ(text(must(vault_->chain(account_id(1)))), text(first));
  EXPECT_EQ(text(must(vault_->chain(account_id(2)))), text(other));
  const ChainRecord shorter{account_id(1), {all_bytes(2)}, unix_millis(8)};
  commit([&](Vault& vault) { EXPECT_TRUE(vault.put_chain(shorter).ok()); });
  EXPECT_EQ(text(must(vault_->chain(account_id(1)))), text(shorter));
  EXPECT_FALSE(must(vault_->chain(account_id(3))));
}

TEST_P(VaultContract, HandlesBelongToOneAccountAndAnAccountHasSeveral) {
  commit([&](Vault& vault) {
    EXPECT_TRUE(vault.put_handle({"b@x.org", account_id(1), unix_millis(1)}).ok());
    EXPECT_TRUE(vault.put_handle({"a@x.org", account_id(1), unix_millis(2)}).ok());
    EXPECT_TRUE(vault.put_handle({"c@x.org", account_id(2), unix_millis(3)}).ok());
  });
  const auto handles = must(vault_->handles_of(account_id(1)));
  ASSERT_EQ(handles.size(), 2U);
  EXPECT_EQ(handles[0].handle, "a@x.org");
  EXPECT_EQ(handles[1].handle, "b@x.org");
  commit([&](Vault& vault) {
    EXPECT_TRUE(vault.put_handle({"b@x.org", account_id(2), unix_millis(4)}).ok());
  });
  EXPECT_EQ(must(vault_->handles_of(account_id(1))).size(), 1U);
  EXPECT_EQ(text(must(vault_->handle("b@x.org"))),
            text(HandleRecord{"b@x.org", account_id(2), unix_millis(4)}));
  EXPECT_FALSE(must(vault_->handle("B@x.org")));
  EXPECT_FALSE(must(vault_->handle("b@x.or")));
}

TEST_P(VaultContract, ContactsAreListedByNameAndReplacedByHandle) {
  commit([&](Vault& vault) {
    EXPECT_TRUE(vault.put_contact({"Zoe", "a@x.org", unix_millis(1)}).ok());
    EXPECT_TRUE(vault.put_contact({"\xc3\x84nne", "b@x.org", unix_millis(2)}).ok());
    EXPECT_TRUE(vault.put_contact({"Bob", "d@x.org", unix_millis(3)}).ok());
    EXPECT_TRUE(vault.put_contact({"Bob", "c@x.org", unix_millis(4)}).ok());
    EXPECT_TRUE(vault.put_contact({"", "e@x.org", unix_millis(5)}).ok());
    EXPECT_TRUE(vault.put_contact({"Amy", "a@x.org", unix_millis(6), 7}).ok());
  });
  std::string handles;
  for (const auto& contact : must(vault_->contacts())) handles += contact.handle[0];
  EXPECT_EQ(handles, "eacdb");  // by the bytes of the name, then of the handle
  EXPECT_EQ(text(must(vault_->contact_of_handle("a@x.org"))),
            text(ContactRecord{"Amy", "a@x.org", unix_millis(6), 7}));
  EXPECT_FALSE(must(vault_->contact_of_handle("z@x.org")));
}

// --- messages ---

TEST_P(VaultContract, EveryKindOfMessageComesBackAsItWas) {
  auto full = outgoing(1, 1);
  full.reply_to = message_id(9);
  full.needs_newer = true;
  full.state = MessageState::failed;
  full.reason = FailureReason::identity;
  full.read = true;
  auto unplaced = outgoing(2, 0);
  unplaced.peer = {};
  auto early = incoming(3, 1);
  early.sent = unix_millis(std::numeric_limits<std::int64_t>::min());
  early.stored = unix_millis(std::numeric_limits<std::int64_t>::max());
  auto bare = MessageRecord{};
  const struct {
    const char* name;
    MessageRecord message;
  } cases[] = {
      {"every field", full},
      {"only a handle", unplaced},
      {"extreme times", early},
      {"all default", bare},
      {"unicode", incoming(4, 1, "Grüße \xf0\x9f\x90\xa6 \xe2\x80\xae right to left")},
      {"empty", incoming(5, 1, "")},
      {"the longest text", incoming(6, 1, std::string(60'000, 'y'))},
      {"zero bytes", incoming(7, 1, std::string("a\0b\0", 4))},
      {"not UTF-8", incoming(8, 1, "\xff\xfe\x80")},
      {"quotes", incoming(9, 1, "'; DROP TABLE messages; --\"")},
  };
  std::uint64_t order = 0;
  for (auto [name, message] : cases) {
    SCOPED_TRACE(name);
    message.order = 77;  // to be ignored
    add(message);
    message.order = ++order;
    EXPECT_EQ(text(must(vault_->message(message.author, message.id))), text(message));
    EXPECT_EQ(text(must(vault_->find_message(message.id))), text(message));
  }
  const auto before = everything(*vault_);
  reopen();
  EXPECT_EQ(everything(*vault_), before);
}

TEST_P(VaultContract, AMessageIsAddedOnce) {
  add(incoming(1, 1, "first"));
  const auto before = everything(*vault_);
  commit([&](Vault& vault) {
    EXPECT_FALSE(must(vault.add_message(incoming(1, 1, "again"))));
    auto elsewhere = incoming(1, 2, "in another chat");
    elsewhere.author = device_id(1);
    EXPECT_FALSE(must(vault.add_message(elsewhere)));
  });
  EXPECT_EQ(everything(*vault_), before);
  add(incoming(1, 2, "same id, other author"));
  EXPECT_EQ(must(vault_->message(device_id(1), message_id(1)))->text, "first");
  EXPECT_EQ(must(vault_->message(device_id(2), message_id(1)))->text, "same id, other author");
  EXPECT_EQ(must(vault_->find_message(message_id(1)))->text, "same id, other author");
  EXPECT_FALSE(must(vault_->message(device_id(3), message_id(1))));
}

TEST_P(VaultContract, AStateIsSetOnThatMessageOnly) {
  add(outgoing(1, 1));
  add(incoming(1, 1));
  const auto other = text(must(vault_->message(device_id(1), message_id(1))));
  commit([&](Vault& vault) {
    EXPECT_TRUE(vault
                    .set_message_state(device_id(0xee), message_id(1), MessageState::failed,
                                       FailureReason::expired)
                    .ok());
    for (const auto& [author, id] :
         {std::pair{device_id(2), message_id(1)}, std::pair{device_id(1), message_id(2)}}) {
      const auto missing =
          vault.set_message_state(author, id, MessageState::read, FailureReason::none);
      ASSERT_FALSE(missing.ok());
      EXPECT_EQ(missing.error().failure, Failure::not_found);
    }
  });
  auto expected = outgoing(1, 1);
  expected.order = 1;
  expected.state = MessageState::failed;
  expected.reason = FailureReason::expired;
  EXPECT_EQ(text(must(vault_->message(device_id(0xee), message_id(1)))), text(expected));
  EXPECT_EQ(text(must(vault_->message(device_id(1), message_id(1)))), other);
}

TEST_P(VaultContract, HistoryIsPagedFromTheNewestBack) {
  for (unsigned id = 1; id <= 10; ++id) add(id % 2 == 1 ? incoming(id, 1) : outgoing(id, 2));
  const struct {
    const char* name;
    unsigned chat;
    std::uint64_t before;
    std::size_t limit;
    Ids ids;
  } cases[] = {
      {"newest page", 1, 0, 3, {5, 7, 9}},
      {"next page", 1, 5, 3, {1, 3}},
      {"nothing older", 1, 1, 3, {}},
      {"before is exclusive", 1, 6, 2, {3, 5}},
      {"all", 2, 0, 10'000, {2, 4, 6, 8, 10}},
      {"none wanted", 2, 0, 0, {}},
      {"no limit", 2, 0, kMax, {2, 4, 6, 8, 10}},
      {"far ahead", 2, kMax, 1, {10}},
      {"unknown chat", 3, 0, 5, {}},
      {"no chat", 0, 0, 5, {}},
  };
  for (const auto& c : cases) EXPECT_EQ(history_ids(c.chat, c.before, c.limit), c.ids) << c.name;
}

TEST_P(VaultContract, ChatsAreListedByTheirNewestMessage) {
  add(incoming(1, 1));
  add(incoming(2, 2));
  add(incoming(3, 1));
  add(outgoing(4, 3));
  auto later = incoming(5, 2);
  later.sender_name = "Bob, renamed";
  later.sent = unix_millis(0);  // an early claim moves nothing
  add(later);
  auto seen = incoming(6, 4);
  seen.read = true;
  add(seen);
  auto nowhere = outgoing(7, 0);
  add(nowhere);

  const auto chats = must(vault_->chats());
  ASSERT_EQ(chats.size(), 4U);
  const struct {
    unsigned chat;
    unsigned last;
    std::uint64_t unread;
    const char* peer_handle;
    const char* peer_name;
  } expected[] = {
      {4, 6, 0, "claims@example.org", "Bob"},
      {2, 5, 2, "claims@example.org", "Bob, renamed"},
      {3, 4, 0, "typed@example.org", ""},
      {1, 3, 2, "claims@example.org", "Bob"},
  };
  for (std::size_t i = 0; i < 4; ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(chats[i].chat, chat_id(expected[i].chat));
    EXPECT_EQ(chats[i].peer, account_id(expected[i].chat));
    EXPECT_EQ(chats[i].last.id, message_id(expected[i].last));
    EXPECT_EQ(chats[i].unread, expected[i].unread);
    EXPECT_EQ(chats[i].peer_handle, expected[i].peer_handle);
    EXPECT_EQ(chats[i].peer_name, expected[i].peer_name);
  }
}

TEST_P(VaultContract, WhatWasTypedStandsAboveWhatASenderClaims) {
  add(outgoing(1, 1));
  auto claim = incoming(2, 1);
  claim.peer_handle = "president@example.org";
  add(claim);
  const auto chats = must(vault_->chats());
  ASSERT_EQ(chats.size(), 1U);
  EXPECT_EQ(chats[0].peer_handle, "typed@example.org");
  EXPECT_EQ(chats[0].peer_name, "Bob");
}

TEST_P(VaultContract, MarkReadCountsUpToAnOrderInOneChat) {
  for (unsigned id = 1; id <= 6; ++id) add(incoming(id, id == 4 ? 2 : 1));
  add(outgoing(7, 1));
  const auto unread_ids = [&](unsigned chat) {
    Ids ids;
    for (const auto& message : must(vault_->unread(chat_id(chat)))) {
      EXPECT_FALSE(message.read);
      ids.push_back(message.id.array()[0]);
    }
    return ids;
  };
  EXPECT_EQ(unread_ids(1), (Ids{1, 2, 3, 5, 6}));
  const struct {
    const char* name;
    unsigned chat;
    std::uint64_t up_to;
    Ids left;
  } cases[] = {{"nothing", 1, 0, {1, 2, 3, 5, 6}},
               {"another chat's order", 1, 4, {5, 6}},
               {"again", 1, 4, {5, 6}},
               {"unknown chat", 9, kMax, {5, 6}},
               {"inclusive", 1, 5, {6}},
               {"all", 1, kMax, {}}};
  for (const auto& c : cases) {
    commit([&](Vault& vault) { EXPECT_TRUE(vault.mark_read(chat_id(c.chat), c.up_to).ok()); });
    EXPECT_EQ(unread_ids(1), c.left) << c.name;
    EXPECT_EQ(unread_ids(2), (Ids{4})) << c.name;
  }
  EXPECT_TRUE(must(vault_->message(device_id(1), message_id(1)))->read);
  EXPECT_EQ(must(vault_->message(device_id(1), message_id(1)))->state, MessageState::received);
  EXPECT_FALSE(must(vault_->message(device_id(0xee), message_id(7)))->read);
}

TEST_P(VaultContract, APlacedMessageTakesItsPlaceInTheChat) {
  add(incoming(1, 1));
  auto waiting = outgoing(2, 0);
  waiting.peer = {};
  add(waiting);
  add(incoming(3, 1));
  EXPECT_EQ(history_ids(1, 0, 9), (Ids{1, 3}));
  EXPECT_EQ(history_ids(0, 0, 9), (Ids{2}));
  commit([&](Vault& vault) {
    EXPECT_TRUE(
        vault.place_message(device_id(0xee), message_id(2), chat_id(1), account_id(1)).ok());
    const auto missing =
        vault.place_message(device_id(0xee), message_id(9), chat_id(1), account_id(1));
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().failure, Failure::not_found);
  });
  EXPECT_EQ(history_ids(1, 0, 9), (Ids{1, 2, 3}));
  EXPECT_EQ(history_ids(0, 0, 9), (Ids{}));
  EXPECT_EQ(must(vault_->message(device_id(0xee), message_id(2)))->peer, account_id(1));
  const auto chats = must(vault_->chats());
  ASSERT_EQ(chats.size(), 1U);
  EXPECT_EQ(chats[0].last.id, message_id(3));
  EXPECT_EQ(chats[0].unread, 2U);
  EXPECT_EQ(chats[0].peer_handle, "typed@example.org");
}

// --- outbox, delivery states, seen ---

TEST_P(VaultContract, TheOutboxKeepsTheOrderOfTheFirstPut) {
  const auto item = [](unsigned id, std::uint32_t attempts) {
    return OutboxRecord{message_id(id),    OutboxKind::text, "bob@example.org", {},
                        all_bytes(60'000), unix_millis(id),  attempts};
  };
  const auto put = [&](const OutboxRecord& record) {
    commit([&](Vault& vault) { EXPECT_TRUE(vault.put_outbox(record).ok()); });
  };
  for (const unsigned id : {5U, 3U, 9U}) put(item(id, 0));
  auto resolved = item(5, 0xffff'ffffU);
  resolved.kind = OutboxKind::receipt;
  resolved.recipient = account_id(1);
  resolved.recipient_handle = "";
  resolved.content = {};
  put(resolved);
  EXPECT_EQ(text(must(vault_->outbox())), text(std::vector{resolved, item(3, 0), item(9, 0)}));
  EXPECT_EQ(must(vault_->outbox_size()), 3U);
  commit([&](Vault& vault) {
    EXPECT_TRUE(vault.remove_outbox(message_id(5)).ok());
    EXPECT_TRUE(vault.remove_outbox(message_id(5)).ok());
    EXPECT_TRUE(vault.remove_outbox(message_id(9)).ok());
    EXPECT_TRUE(vault.put_outbox(item(5, 1)).ok());
  });
  reopen();
  EXPECT_EQ(text(must(vault_->outbox())), text(std::vector{item(3, 0), item(5, 1)}));
  EXPECT_EQ(must(vault_->outbox_size()), 2U);
}

TEST_P(VaultContract, ADeliveryIsKeptForEachDevice) {
  const DeliveryRecord sent{message_id(1), device_id(2), DeliveryState::sent, unix_millis(1)};
  const DeliveryRecord read{message_id(1), device_id(2), DeliveryState::read, unix_millis(2)};
  const DeliveryRecord other{message_id(1), device_id(1), DeliveryState::expired, unix_millis(3)};
  const DeliveryRecord unrelated{message_id(2), device_id(2), DeliveryState::delivered, {}};
  commit([&](Vault& vault) {
    for (const auto& record : {sent, read, other, unrelated}) {
      EXPECT_TRUE(vault.put_delivery(record).ok());
    }
  });
  EXPECT_EQ(text(must(vault_->deliveries(message_id(1)))), text(std::vector{other, read}));
  EXPECT_EQ(text(must(vault_->deliveries(message_id(2)))), text(std::vector{unrelated}));
  EXPECT_TRUE(must(vault_->deliveries(message_id(3))).empty());
}

TEST_P(VaultContract, WhatWasSeenIsRememberedUntilForgotten) {
  const auto mark = [&](unsigned author, unsigned id, std::int64_t now) {
    bool fresh = false;
    commit([&](Vault& vault) {
      fresh = must(vault.mark_seen(device_id(author), message_id(id), unix_millis(now)));
    });
    return fresh;
  };
  EXPECT_TRUE(mark(1, 1, 100));
  EXPECT_FALSE(mark(1, 1, 300));  // the first time counts
  EXPECT_TRUE(mark(2, 1, 101));
  EXPECT_TRUE(mark(1, 2, 102));
  commit([&](Vault& vault) { EXPECT_TRUE(vault.forget_seen(unix_millis(101)).ok()); });
  reopen();
  EXPECT_FALSE(mark(2, 1, 500));  // exactly at the time: kept
  EXPECT_FALSE(mark(1, 2, 500));
  EXPECT_TRUE(mark(1, 1, 500));
  const auto undone = vault_->transact([&]() -> Result<void> {
    EXPECT_TRUE(must(vault_->mark_seen(device_id(7), message_id(7), unix_millis(1))));
    EXPECT_FALSE(must(vault_->mark_seen(device_id(7), message_id(7), unix_millis(1))));
    TRY(vault_->forget_seen(unix_millis(1'000)));
    return Error{Failure::refused, "undo"};
  });
  EXPECT_FALSE(undone.ok());
  EXPECT_FALSE(mark(1, 2, 500));
  EXPECT_TRUE(mark(7, 7, 500));
}

// --- events ---

TEST_P(VaultContract, EventsComeInOrderAndCursorsOnlyGrow) {
  std::vector<Cursor> cursors;
  for (unsigned byte = 1; byte <= 5; ++byte) {
    commit([&](Vault& vault) { cursors.push_back(must(vault.add_event(sample_event(byte)))); });
    if (byte == 3) reopen();
  }
  EXPECT_EQ(cursors, (std::vector<Cursor>{1, 2, 3, 4, 5}));
  auto first = sample_event(1);
  first.cursor = 1;
  EXPECT_EQ(text(must(vault_->events(0, 1))), text(std::vector{first}));
  const struct {
    const char* name;
    Cursor after;
    std::size_t limit;
    Ids ids;
  } cases[] = {
      {"all", 0, kMax, {1, 2, 3, 4, 5}}, {"a page", 1, 2, {2, 3}}, {"the last", 4, 2, {5}},
      {"none left", 5, 2, {}},           {"far", kMax, 2, {}},     {"none wanted", 0, 0, {}}};
  for (const auto& c : cases) {
    Ids ids;
    for (const auto& event : must(vault_->events(c.after, c.limit))) {
      ids.push_back(event.message.array()[0]);
    }
    EXPECT_EQ(ids, c.ids) << c.name;
  }
}

TEST_P(VaultContract, ConsumersAreIndependent) {
  commit([&](Vault& vault) {
    EXPECT_TRUE(vault.set_consumed("cli", 7).ok());
    EXPECT_TRUE(vault.set_consumed("page", kMax).ok());
    EXPECT_TRUE(vault.set_consumed("", 1).ok());
    EXPECT_TRUE(vault.set_consumed("cli", 3).ok());  // back, if somebody wants to see again
  });
  reopen();
  EXPECT_EQ(must(vault_->consumed("cli")), 3U);
  EXPECT_EQ(must(vault_->consumed("page")), kMax);
  EXPECT_EQ(must(vault_->consumed("")), 1U);
  EXPECT_EQ(must(vault_->consumed("CLI")), 0U);
}

}  // namespace martlet::store::contract
