#include "client/stage_test.h"

namespace martlet::client {
namespace {

using FirstMessage = Stage;

TEST_F(FirstMessage, GoesOutAndIsAnswered) {
  come_online();
  EXPECT_TRUE(engine_->settled());
  const auto id = send("Bob@Example.org", "hi Bob");
  ASSERT_EQ(server_.accepted.size(), 1U);
  EXPECT_EQ(progress(id).state, store::MessageState::sent);
  const auto read = bob_.open(server_.accepted[0], own_keys());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(std::get<wire::Text>(read->kind).text, "hi Bob");
  EXPECT_EQ(read->recipient_account, bob_.account);
  EXPECT_EQ(read->sender_handle, "alice@example.org");

  deliver(letter(1, "hi Alice"));
  EXPECT_EQ(shown(), std::vector<std::string>{"hi Alice"});
  EXPECT_EQ(server_.acknowledged, std::vector<wire::Sequence>{1});
  ASSERT_EQ(server_.accepted.size(), 2U);
  const auto receipt = bob_.open(server_.accepted[1], own_keys());
  ASSERT_TRUE(receipt.has_value());
  EXPECT_EQ(std::get<wire::Receipt>(receipt->kind).messages,
            std::vector<MessageId>{numbered_message(1)});
  EXPECT_TRUE(engine_->settled());
  EXPECT_TRUE(alerts().empty());
}

}  // namespace
}  // namespace martlet::client
