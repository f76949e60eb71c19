#include "wire/content.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/limits.h"
#include "content.pb.h"

namespace martlet::wire {
namespace {

Content example() {
  Content content;
  content.message = MessageId{{1, 2, 3}};
  content.sent = unix_millis(1'700'000'000'000);
  content.sender_account = AccountId{{4}};
  content.recipient_account = AccountId{{5}};
  content.sender_handle = "alice@example.org";
  content.sender_name = "Alice \xf0\x9f\x90\xa6";
  content.kind = Text{"hi", MessageId{{9}}};
  content.recipient_handle = "bob@example.org";
  return content;
}

TEST(Content, TextAndReceiptSurvive) {
  const auto text = parse_content(encode(example()));
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text.value().message, example().message);
  EXPECT_EQ(text.value().sender_name, example().sender_name);
  EXPECT_EQ(text.value().recipient_handle, example().recipient_handle);
  EXPECT_EQ(std::get<Text>(text.value().kind).text, "hi");
  EXPECT_EQ(std::get<Text>(text.value().kind).reply_to, (MessageId{{9}}));

  auto content = example();
  content.kind = Receipt{ReceiptState::read, {MessageId{{1}}, MessageId{{2}}}};
  const auto receipt = parse_content(encode(content));
  ASSERT_TRUE(receipt.ok());
  EXPECT_EQ(std::get<Receipt>(receipt.value().kind).messages.size(), 2U);
  EXPECT_EQ(encode(receipt.value()), encode(content));

  content.kind = DevicesChanged{7, LinkId{{3}}};
  const auto changed = parse_content(encode(content));
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(std::get<DevicesChanged>(changed.value().kind).seqno, 7U);
  EXPECT_EQ(std::get<DevicesChanged>(changed.value().kind).head, LinkId{{3}});
  EXPECT_EQ(encode(changed.value()), encode(content));

  content.kind = ReSeal{MessageId{{4}}};
  const auto request = parse_content(encode(content));
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(std::get<ReSeal>(request.value().kind).message, MessageId{{4}});
  EXPECT_EQ(encode(request.value()), encode(content));
}

TEST(Content, AKindFromTheFutureIsKeptApart) {
  pb::Content future;
  const auto known = encode(example());
  ASSERT_TRUE(future.ParseFromArray(known.data(), static_cast<int>(known.size())));
  future.clear_kind();
  const auto parsed = parse_content(bytes_of(future.SerializeAsString()));
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(std::holds_alternative<UnknownKind>(parsed.value().kind));
}

struct ContentDamage {
  const char* name;
  std::function<void(pb::Content&)> apply;
  Failure expected;
};
const ContentDamage kContentDamages[] = {
    {"no message id", [](pb::Content& c) { c.clear_message(); }, Failure::malformed},
    {"account of 31 bytes", [](pb::Content& c) { c.set_sender_account(std::string(31, 'a')); },
     Failure::malformed},
    {"a recipient's handle too long",
     [](pb::Content& c) { c.set_recipient_handle(std::string(limits::kHandleBytesMax + 1, 'a')); },
     Failure::limit_reached},
    {"a recipient's handle that is not UTF-8",
     [](pb::Content& c) { c.set_recipient_handle("\xff"); }, Failure::malformed},
    {"sealing nothing again", [](pb::Content& c) { c.mutable_re_seal(); }, Failure::malformed},
    {"sealing again what has no message id",
     [](pb::Content& c) { c.mutable_re_seal()->set_message(std::string(15, 'a')); },
     Failure::malformed},
    {"devices changed to no head",
     [](pb::Content& c) { c.mutable_devices_changed()->set_seqno(1); }, Failure::malformed},
    {"devices changed at a place that no chain has",
     [](pb::Content& c) {
       c.mutable_devices_changed()->set_head(std::string(32, 'a'));
       c.mutable_devices_changed()->set_seqno(limits::kLinksMax);
     },
     Failure::limit_reached},
    {"no recipient", [](pb::Content& c) { c.clear_recipient_account(); }, Failure::malformed},
    {"empty text", [](pb::Content& c) { c.mutable_text()->clear_text(); }, Failure::malformed},
    {"text that is not UTF-8", [](pb::Content& c) { c.mutable_text()->set_text("\xff"); },
     Failure::malformed},
    {"name that is not UTF-8", [](pb::Content& c) { c.set_sender_name("\xff"); },
     Failure::malformed},
    {"handle that is not UTF-8", [](pb::Content& c) { c.set_sender_handle("\xff"); },
     Failure::malformed},
    {"text too long",
     [](pb::Content& c) {
       c.mutable_text()->set_text(std::string(limits::kTextBytesMax + 1, 'a'));
     },
     Failure::limit_reached},
    {"name too long",
     [](pb::Content& c) { c.set_sender_name(std::string(limits::kNameBytesMax + 1, 'a')); },
     Failure::limit_reached},
    {"reply to 3 bytes", [](pb::Content& c) { c.mutable_text()->set_reply_to("abc"); },
     Failure::malformed},
    {"receipt for nothing", [](pb::Content& c) { c.mutable_receipt()->set_state(1); },
     Failure::malformed},
    {"receipt of state 3",
     [](pb::Content& c) {
       c.mutable_receipt()->set_state(3);
       c.mutable_receipt()->add_messages(std::string(16, 'a'));
     },
     Failure::malformed},
    {"receipt for too many",
     [](pb::Content& c) {
       c.mutable_receipt()->set_state(1);
       for (std::size_t i = 0; i <= limits::kReceiptMessagesMax; ++i)
         c.mutable_receipt()->add_messages(std::string(16, 'a'));
     },
     Failure::limit_reached},
    {"a time past the year 9999", [](pb::Content& c) { c.set_sent_ms(UINT64_MAX); },
     Failure::malformed},
};

TEST(Content, RefusesEveryDamage) {
  for (const auto& damage : kContentDamages) {
    SCOPED_TRACE(damage.name);
    pb::Content content;
    const auto good = encode(example());
    ASSERT_TRUE(content.ParseFromArray(good.data(), static_cast<int>(good.size())));
    damage.apply(content);
    const auto parsed = parse_content(bytes_of(content.SerializeAsString()));
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().failure, damage.expected);
  }
}

}  // namespace
}  // namespace martlet::wire
