#include "mqtt.h"

#include <gtest/gtest.h>

namespace martlet::bench::mqtt {
namespace {

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::uint8_t>(value));
  return bytes;
}

TEST(Mqtt, WritesWhatTheStandardShows) {
  EXPECT_EQ(connect("a", true),
            bytes_of({0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 1, 'a'}));
  EXPECT_EQ(subscribe(10, "a/b"), bytes_of({0x82, 8, 0, 10, 0, 3, 'a', '/', 'b', 1}));
  EXPECT_EQ(publish(10, "a/b", bytes_of({7})), bytes_of({0x32, 8, 0, 3, 'a', '/', 'b', 0, 10, 7}));
  EXPECT_EQ(publish_answer(0x1234), bytes_of({0x40, 2, 0x12, 0x34}));
}

TEST(Mqtt, ReadsItsOwnPublishes) {
  for (const std::size_t size : {0U, 100U, 130U, 16'384U, 2'100'000U}) {
    SCOPED_TRACE(size);
    const Bytes content(size, 5);
    auto bytes = publish(0x0102, "d/1", content);
    bytes.push_back(0x40);
    const auto found = first_packet(bytes);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->kind, Kind::publish);
    EXPECT_EQ(found->packet, 0x0102);
    EXPECT_EQ(found->content.size(), size);
    EXPECT_EQ(found->size, bytes.size() - 1);
    bytes.pop_back();
    bytes.pop_back();
    EXPECT_FALSE(first_packet(bytes).has_value());
  }
}

TEST(Mqtt, RefusesWhatMakesNoSense) {
  struct Case {
    const char* name;
    Bytes bytes;
  };
  const Case cases[] = {
      {"a length of five bytes", bytes_of({0x30, 0x80, 0x80, 0x80, 0x80, 1})},
      {"a refused connection", bytes_of({0x20, 2, 0, 5})},
      {"a refused subscription", bytes_of({0x90, 3, 0, 1, 0x80})},
      {"an answer without an id", bytes_of({0x40, 0})},
      {"a publish of QoS 0", bytes_of({0x30, 5, 0, 1, 'a', 0, 1})},
      {"a topic longer than its packet", bytes_of({0x32, 5, 0, 9, 'a', 0, 1})},
      {"a kind that a server does not send", bytes_of({0x82, 0})},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.name);
    const auto found = first_packet(each.bytes);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->size, 0U);
  }
}

}  // namespace
}  // namespace martlet::bench::mqtt
