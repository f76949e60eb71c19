#include "wire/hot_frames.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/seeded_random.h"
#include "frames.pb.h"

namespace martlet::wire {
namespace {

struct HotFramesTest : ::testing::Test {
  Bytes some(std::size_t size) {
    Bytes bytes(size);
    random_.fill(bytes);
    return bytes;
  }
  Deliver deliver(std::size_t size) {
    return {random_.below(1'000'000) + 1,
            random_.id<DeviceId>(),
            random_.id<AccountId>(),
            random_.id<MessageId>(),
            unix_millis(1'700'000'000'000),
            1,
            some(size)};
  }
  Send send(std::size_t heads, std::size_t envelopes, std::size_t size) {
    Send made{random_.id<MessageId>(), {}, {}};
    for (std::size_t i = 0; i < heads; ++i) {
      made.heads.push_back({random_.id<AccountId>(), random_.id<LinkId>()});
    }
    for (std::size_t i = 0; i < envelopes; ++i) {
      made.envelopes.push_back({random_.id<DeviceId>(), 1, some(size)});
    }
    return made;
  }
  SeededRandom random_{7};
};

void expect_hot(const Frame& frame) {
  const auto bytes = encode(frame);
  const auto hot = parse_hot_frame(bytes);
  ASSERT_TRUE(hot.has_value());
  EXPECT_EQ(hot->request, frame.request);
  EXPECT_EQ(hot->body.index(), frame.body.index());
  EXPECT_EQ(encode(*hot), bytes);
}

TEST_F(HotFramesTest, ReadsWhatTheFullEncoderWrites) {
  for (const std::uint64_t request : {0ULL, 1ULL, 127ULL, 128ULL, ~0ULL}) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{127}, std::size_t{128},
                                   std::size_t{1'024}, limits::kSealedBytesMax}) {
      expect_hot({request, deliver(size)});
      expect_hot({request, send(request % 3, 1, size)});
    }
    expect_hot({request, Accepted{random_.id<MessageId>()}});
    expect_hot({request, Acknowledge{{1, 127, 128, ~0ULL}}});
  }
}

TEST_F(HotFramesTest, WritesWhatTheFullEncoderWrites) {
  for (const std::uint64_t request : {0ULL, 5ULL, 300ULL, ~0ULL}) {
    for (auto example : {deliver(1), deliver(1'000), deliver(60'000)}) {
      Bytes hot{9, 9};
      append_frame(hot, request, example);
      pb::Frame full;
      ASSERT_TRUE(full.ParseFromArray(hot.data() + 2, static_cast<int>(hot.size()) - 2));
      EXPECT_EQ(full.SerializeAsString(), text_of(ByteView{hot}.subspan(2)));
      EXPECT_EQ(full.request(), request);
      EXPECT_EQ(full.deliver().sealed(), text_of(example.sealed));
      EXPECT_EQ(full.deliver().sequence(), example.sequence);
      EXPECT_EQ(full.deliver().sender_account(), text_of(example.sender_account.view()));
    }
    Bytes hot;
    const Accepted accepted{random_.id<MessageId>()};
    append_frame(hot, request, accepted);
    pb::Frame full;
    ASSERT_TRUE(full.ParseFromArray(hot.data(), static_cast<int>(hot.size())));
    EXPECT_EQ(full.SerializeAsString(), text_of(hot));
    EXPECT_EQ(full.accepted().message(), text_of(accepted.message.view()));
  }
}

TEST_F(HotFramesTest, LeavesTheRestToTheFullParser) {
  const auto hot = [](const Body& body) { return parse_hot_frame(encode({1, body})).has_value(); };
  EXPECT_FALSE(hot(Ping{}));
  EXPECT_FALSE(hot(Lookup{"alice@example.org"}));
  EXPECT_FALSE(hot(send(1, 2, 10))) << "recipients have to be compared";
  EXPECT_FALSE(hot(send(1, 0, 10)));
  EXPECT_FALSE(hot(Acknowledge{std::vector<Sequence>(limits::kAcknowledgementsAFrameMax + 1, 5)}));
  EXPECT_FALSE(hot(deliver(limits::kSealedBytesMax + 1)));
  EXPECT_FALSE(hot(Send{random_.id<MessageId>(), {}, {{random_.id<DeviceId>(), 1, Bytes{}}}}));
}

/// Whatever is done to the bytes, the short way never says another thing than the full one.
TEST_F(HotFramesTest, NeverDisagreesWithTheFullParser) {
  const Bytes examples[] = {encode({300, send(2, 1, 40)}), encode({0, deliver(40)}),
                            encode({7, Accepted{random_.id<MessageId>()}}),
                            encode({0, Acknowledge{{1, 2, 300}}})};
  int still_hot = 0;
  for (const auto& example : examples) {
    for (int i = 0; i < 20'000; ++i) {
      auto bytes = example;
      const auto flips = 1 + random_.below(3);
      for (std::uint64_t j = 0; j < flips; ++j) {
        bytes[random_.below(bytes.size())] = static_cast<std::uint8_t>(random_.below(256));
      }
      if (random_.below(4) == 0) bytes.resize(random_.below(bytes.size() + 1));
      const auto hot = parse_hot_frame(bytes);
      if (!hot) continue;
      ++still_hot;
      pb::Frame full;
      ASSERT_TRUE(full.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
      ASSERT_EQ(text_of(encode(*hot)), full.SerializeAsString());
    }
  }
  EXPECT_GT(still_hot, 1'000);
}

}  // namespace
}  // namespace martlet::wire
