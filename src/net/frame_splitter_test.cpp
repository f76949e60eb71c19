#include "net/frame_splitter.h"

#include <gtest/gtest.h>

#include "net/test_support.h"

namespace martlet::net {
namespace {

using test::framed;
using test::pattern;

constexpr std::size_t kMax = 1000;

/// Feeds `stream` in pieces of `piece` bytes; all frames that come out, or the failure.
Result<std::vector<Bytes>> split(ByteView stream, std::size_t piece) {
  FrameSplitter splitter;
  std::vector<Bytes> frames;
  while (!stream.empty()) {
    auto input = stream.first(std::min(piece, stream.size()));
    stream = stream.subspan(input.size());
    while (true) {
      const auto frame = TRY(splitter.next(input, kMax));
      if (!frame.has_value()) break;
      frames.push_back(copy_of(*frame));
    }
    EXPECT_TRUE(input.empty());
  }
  return frames;
}

Bytes joined(const std::vector<Bytes>& frames) {
  Bytes stream;
  for (const auto& frame : frames) stream = concat({stream, framed(frame)});
  return stream;
}

TEST(FrameSplitter, FindsTheSameFramesHoweverTheStreamIsCut) {
  const struct {
    const char* name;
    std::vector<Bytes> frames;
  } kCases[] = {
      {"none", {}},
      {"an empty one", {{}}},
      {"one byte", {{7}}},
      {"the longest", {pattern(kMax)}},
      {"empty ones in a row", {{}, {}, {}}},
      {"of all sizes", {pattern(1), {}, pattern(kMax), pattern(3), pattern(4), pattern(5), {}}},
  };
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.name);
    const auto stream = joined(each.frames);
    for (std::size_t piece = 1; piece <= std::max<std::size_t>(stream.size(), 1); ++piece) {
      const auto found = split(stream, piece);
      ASSERT_TRUE(found.ok());
      ASSERT_EQ(found.value(), each.frames) << "in pieces of " << piece;
    }
  }
}

TEST(FrameSplitter, RefusesALengthBeforeItsBytesCome) {
  const struct {
    const char* name;
    Bytes stream;
  } kCases[] = {
      {"one more than allowed", {0, 0, 3, 0xe9}},
      {"four gigabytes", {0xff, 0xff, 0xff, 0xff}},
      {"after a good frame", {0, 0, 0, 1, 9, 0, 1, 0, 0}},
  };
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.name);
    for (std::size_t piece = 1; piece <= each.stream.size(); ++piece) {
      const auto found = split(each.stream, piece);
      ASSERT_FALSE(found.ok());
      EXPECT_EQ(found.error().failure, Failure::limit_reached);
    }
  }
}

TEST(FrameSplitter, SeesWholeFramesWhereTheyLie) {
  FrameSplitter splitter;
  const auto stream = framed(pattern(100));
  ByteView input{stream};
  const auto frame = splitter.next(input, kMax);
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(frame.value()->data(), stream.data() + 4);
  EXPECT_EQ(splitter.kept_bytes(), 0U);
}

TEST(FrameSplitter, HoldsNothingBetweenFrames) {
  FrameSplitter splitter;
  const auto stream = framed(pattern(100));
  auto head = ByteView{stream}.first(50);
  auto tail = ByteView{stream}.subspan(50);
  ASSERT_FALSE(splitter.next(head, kMax).take().has_value());
  EXPECT_EQ(splitter.kept_bytes(), 50U);
  ASSERT_EQ(splitter.next(tail, kMax).take()->size(), 100U);
  ASSERT_FALSE(splitter.next(tail, kMax).take().has_value());
  EXPECT_EQ(splitter.kept_bytes(), 0U);
}

TEST(FrameSplitter, KeepsWhatIsPutAside) {
  FrameSplitter splitter;
  const auto stream = joined({pattern(10), pattern(20), pattern(30)});
  auto input = ByteView{stream}.first(stream.size() - 5);
  ASSERT_EQ(copy_of(*splitter.next(input, kMax).take()), pattern(10));
  splitter.keep(input);
  auto rest = ByteView{stream}.last(5);
  ASSERT_EQ(copy_of(*splitter.next(rest, kMax).take()), pattern(20));
  splitter.keep(rest.first(2));
  rest = rest.subspan(2);
  ASSERT_EQ(copy_of(*splitter.next(rest, kMax).take()), pattern(30));
  EXPECT_FALSE(splitter.next(rest, kMax).take().has_value());
}

TEST(FrameSplitter, AppliesALimitThatChangedInBetween) {
  FrameSplitter splitter;
  const auto stream = joined({pattern(10), pattern(20)});
  ByteView input{stream};
  ASSERT_TRUE(splitter.next(input, 10).ok());
  auto again = input;
  EXPECT_FALSE(splitter.next(again, 19).ok());
  EXPECT_TRUE(splitter.next(input, 20).ok());
}

}  // namespace
}  // namespace martlet::net
