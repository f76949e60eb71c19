#include "nats_protocol.h"

#include <gtest/gtest.h>

namespace martlet::bench::nats {
namespace {

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

TEST(Nats, WritesItsOperations) {
  EXPECT_EQ(subscribe("in.1"), bytes_of("SUB in.1 1\r\n"));
  EXPECT_EQ(publish("d.1", "r.7", bytes_of("hi")), bytes_of("PUB d.1 r.7 2\r\nhi\r\n"));
  EXPECT_EQ(publish("a", "", {}), bytes_of("PUB a 0\r\n\r\n"));
}

TEST(Nats, ReadsAMessage) {
  const auto bytes = bytes_of("MSG d.1 1 $JS.ACK.x 2\r\nhi\r\nPING\r\n");
  const auto found = first_operation(bytes);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->kind, Operation::Kind::message);
  EXPECT_EQ(found->subject, "d.1");
  EXPECT_EQ(found->reply_to, "$JS.ACK.x");
  EXPECT_EQ(Bytes(found->content.begin(), found->content.end()), bytes_of("hi"));
  EXPECT_EQ(found->size, bytes.size() - 6);
  const auto next = first_operation(ByteView{bytes}.subspan(found->size));
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->kind, Operation::Kind::ping);
}

TEST(Nats, WaitsForTheRest) {
  const auto bytes = bytes_of("MSG d.1 1 2\r\nhi\r\n");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    SCOPED_TRACE(size);
    EXPECT_FALSE(first_operation(ByteView{bytes}.first(size)).has_value());
  }
}

TEST(Nats, RefusesWhatMakesNoSense) {
  for (const char* text :
       {"-ERR 'no'\r\n", "\r\n", "MSG a 1\r\n", "MSG a 1 r s 3\r\n", "MSG a 1 -2\r\n",
        "MSG a 1 x\r\n", "MSG a 1 99999999999\r\n", "MSG a 1 2\r\nhixx", "MSG a 1 2x\r\nhi\r\n"}) {
    SCOPED_TRACE(text);
    const auto bytes = bytes_of(text);
    const auto found = first_operation(bytes);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->size, 0U);
  }
}

}  // namespace
}  // namespace martlet::bench::nats
