#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace martlet {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error{Failure::malformed, "odd"};
  return number / 2;
}
Result<int> quarter(int number) { return TRY(half(TRY(half(number)))); }

TEST(Result, TryGivesTheValueOrReturnsTheError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().failure, Failure::malformed);
  EXPECT_STREQ(quarter(3).error().reason.text, "odd");
}

TEST(Result, HoldsWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result{std::make_unique<int>(3)};
  EXPECT_EQ(*std::move(result).take(), 3);
}

TEST(ResultDeathTest, ReadingTheWrongSideAborts) {
  EXPECT_DEATH((void)half(3).value(), "CHECK failed");
  EXPECT_DEATH((void)half(2).error(), "CHECK failed");
  EXPECT_DEATH((void)Result<void>{}.error(), "CHECK failed");
}

}  // namespace
}  // namespace martlet
