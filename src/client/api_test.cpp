#include "client/api.h"

#include <gtest/gtest.h>

#include <set>

#include "client/errors.h"

namespace martlet::client {
namespace {

TEST(ErrorCodes, EachHasANameOfItsOwnAndAnExitCode) {
  std::set<std::string> names;
  const int count = static_cast<int>(ErrorCode::bug) + 1;
  for (int i = 0; i < count; ++i) {
    const auto code = static_cast<ErrorCode>(i);
    names.insert(name_of(code));
    EXPECT_GT(exit_code_of(code), 1) << name_of(code);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(count));
}

TEST(ErrorCodes, FailuresOfTheVaultSayWhatToDo) {
  EXPECT_EQ(errors::of_vault({Failure::unavailable, "x"}).code, ErrorCode::disk);
  EXPECT_EQ(errors::of_vault({Failure::limit_reached, "x"}).code, ErrorCode::disk);
  EXPECT_EQ(errors::of_vault({Failure::corrupt, "x"}).code, ErrorCode::profile_damaged);
  EXPECT_EQ(errors::of_vault({Failure::in_use, "x"}).code, ErrorCode::profile_in_use);
  EXPECT_EQ(errors::of_vault({Failure::malformed, "x"}).code, ErrorCode::bug);
}

}  // namespace
}  // namespace martlet::client
