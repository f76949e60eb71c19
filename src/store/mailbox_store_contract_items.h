#pragma once

// Items, and what a store should hold of them, for tests of mailbox stores.

#include "store/mailbox_store.h"
#include "store/server_store_contract.h"

namespace martlet::store::server_contract {

inline MessageId message(std::uint32_t number) {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return MessageId{bytes};
}

/// An envelope for device `to`, with bytes that its number decides.
inline MailboxItem envelope(std::uint8_t to, std::uint32_t number, std::size_t size = 100) {
  MailboxItem item;
  item.recipient = device(to);
  item.sender = device(200);
  item.sender_account = AccountId{device(201).array()};
  item.message = message(number);
  item.accepted = unix_millis(1'000);
  item.expires = unix_millis(1'000'000);
  item.suite = 1;
  Bytes sealed(size);
  SeededRandom{number}.fill(sealed);
  item.sealed = sealed;
  return item;
}
inline MailboxItem expiring(MailboxItem item, std::int64_t milliseconds) {
  item.expires = unix_millis(milliseconds);
  return item;
}
inline MailboxItem notice(std::uint8_t to, std::uint32_t number) {
  auto item = envelope(to, number, 0);
  item.kind = ItemKind::undelivered;
  item.sender_account = {};
  item.suite = 0;
  return item;
}

inline void expect_same(const MailboxItem& a, const MailboxItem& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.recipient, b.recipient);
  EXPECT_EQ(a.sender, b.sender);
  EXPECT_EQ(a.sender_account, b.sender_account);
  EXPECT_EQ(a.message, b.message);
  EXPECT_EQ(a.accepted, b.accepted);
  EXPECT_EQ(a.expires, b.expires);
  EXPECT_EQ(a.suite, b.suite);
  EXPECT_EQ(a.sealed, b.sealed);
}

/// What a mailbox store should hold: place -> item.
using Model = std::map<Sequence, MailboxItem>;

inline bool same_identity(const MailboxItem& a, const MailboxItem& b) {
  return a.recipient == b.recipient && a.kind == b.kind && a.sender == b.sender &&
         a.message == b.message;
}

/// Everything in the store, read the way a server would: mailbox by mailbox.
inline Model contents(MailboxStore& store) {
  Model model;
  for (const auto& [recipient, summary] : store.mailboxes()) {
    for (auto& waiting : value_of(store.read(recipient, 0, kAll, kAll))) {
      EXPECT_EQ(waiting.item.recipient, recipient);
      model.emplace(waiting.sequence, std::move(waiting.item));
    }
  }
  return model;
}

inline bool same(const Model& a, const Model& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.first == y.first && same_identity(x.second, y.second) &&
           x.second.sealed == y.second.sealed && x.second.expires == y.second.expires;
  });
}

/// The store holds exactly `model`, and its sums agree.
inline void expect_contents(MailboxStore& store, const Model& model) {
  const auto found = contents(store);
  ASSERT_EQ(found.size(), model.size());
  std::map<DeviceId, MailboxSummary> sums;
  MailboxSummary total;
  for (auto a = found.begin(), b = model.begin(); a != found.end(); ++a, ++b) {
    EXPECT_EQ(a->first, b->first);
    expect_same(a->second, b->second);
    for (auto* sum : {&sums[b->second.recipient], &total}) {
      sum->items += 1;
      sum->bytes += b->second.sealed.size();
    }
  }
  EXPECT_EQ(store.total().items, total.items);
  EXPECT_EQ(store.total().bytes, total.bytes);
  EXPECT_EQ(store.mailboxes().size(), sums.size());
  for (const auto& [recipient, sum] : sums) {
    EXPECT_EQ(store.summary(recipient).items, sum.items);
    EXPECT_EQ(store.summary(recipient).bytes, sum.bytes);
  }
}

}  // namespace martlet::store::server_contract
