#include "wire/frame_list.h"

#include <gtest/gtest.h>

namespace martlet::wire {
namespace {

TEST(FrameList, HoldsFramesOneBehindTheOther) {
  FrameList list;
  EXPECT_TRUE(list.empty());
  const Accepted accepted{MessageId{{1, 2, 3}}};
  list.add({7, Ping{}});
  list.add_hot(8, accepted);
  list.add({0, Pong{}});
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(copy_of(list[0]), encode({7, Ping{}}));
  EXPECT_EQ(copy_of(list[1]), encode({8, accepted}));
  EXPECT_EQ(copy_of(list[2]), encode({0, Pong{}}));
  list.clear();
  EXPECT_TRUE(list.empty());
  list.add({9, Ping{}});
  EXPECT_EQ(copy_of(list[0]), encode({9, Ping{}}));
}

}  // namespace
}  // namespace martlet::wire
