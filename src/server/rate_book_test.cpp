#include "server/rate_book.h"

#include <gtest/gtest.h>

namespace martlet::server {
namespace {

using namespace std::chrono_literals;

constexpr UnixMillis kNow{Milliseconds{1'800'000'000'000}};

TEST(RateBook, LetsSoManyThroughInAnyWindow) {
  RateBook book{3, 1h, 10};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(book.wait("a", kNow + i * 1min), 0ms) << i;
    book.count("a", kNow + i * 1min);
  }
  EXPECT_EQ(book.wait("a", kNow + 3min), 57min);
  EXPECT_EQ(book.wait("a", kNow + 1h - 1ms), 1ms);
  EXPECT_EQ(book.wait("a", kNow + 1h), 0ms);
  book.count("a", kNow + 1h);
  EXPECT_EQ(book.wait("a", kNow + 1h), 1min);  // the window slides
  EXPECT_EQ(book.wait("b", kNow), 0ms);
}

TEST(RateBook, AskingCountsNothing) {
  RateBook book{1, 1h, 10};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(book.wait("a", kNow), 0ms);
  EXPECT_EQ(book.names(), 0U);
}

TEST(RateBook, AFullBookMakesStrangersWait) {
  RateBook book{2, 1h, 2};
  book.count("a", kNow);
  book.count("b", kNow + 1min);
  EXPECT_EQ(book.wait("c", kNow), 1h);
  EXPECT_EQ(book.wait("a", kNow), 0ms);
  book.expire(kNow + 1h);
  EXPECT_EQ(book.names(), 1U);
  EXPECT_EQ(book.wait("c", kNow + 1h), 0ms);
}

TEST(RateBook, AClockSetBackCostsAWindowAtMost) {
  RateBook book{1, 1h, 10};
  book.count("a", kNow);
  EXPECT_EQ(book.wait("a", kNow - std::chrono::days{365}), 1h);
}

TEST(NetworkOf, CountsASubscriberOnce) {
  struct Case {
    const char* address;
    const char* network;
  };
  const Case cases[] = {
      {"192.0.2.7", "192.0.2.7"},
      {"::ffff:192.0.2.7", "192.0.2.7"},
      {"2001:db8:1:2:3:4:5:6", "20010db800010002/64"},
      {"2001:db8:1:2::", "20010db800010002/64"},
      {"2001:db8:1:3::", "20010db800010003/64"},
      {"", ""},
      {"not an address", "not an address"},
  };
  for (const auto& [address, network] : cases) EXPECT_EQ(network_of(address), network) << address;
}

}  // namespace
}  // namespace martlet::server
