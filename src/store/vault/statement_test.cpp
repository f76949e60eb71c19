#include "store/vault/statement.h"

#include <gtest/gtest.h>
#include <sqlcipher/sqlite3.h>

#include "store/vault/database.h"
#include "store/vault/fault_vfs_test.h"
#include "store/vault/files.h"
#include "store/vault/known_enums.h"

namespace martlet::store {
namespace {

constexpr std::array<std::uint8_t, 32> kStatementKey{1};

class StatementTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto file = folder_.file("file.db");
    ASSERT_TRUE(create_private_file(file).ok());
    auto opened = Database::open(file, kStatementKey, "");
    ASSERT_TRUE(opened.ok()) << opened.error().reason.text;
    database_ = std::move(opened).take();
  }
  /// Takes the columns of a one-row query into `fields`.
  template <class... Fields>
  Result<void> take(Literal sql, Fields&... fields) {
    auto row = TRY(database_->prepare(sql));
    if (!TRY(row.step())) return Error{Failure::not_found, "no row"};
    return row.take(fields...);
  }
  template <class Field>
  void expect_corrupt(Literal sql) {
    Field field{};
    const auto taken = take(sql, field);
    ASSERT_FALSE(taken.ok()) << sql.text;
    EXPECT_EQ(taken.error().failure, Failure::corrupt) << sql.text;
  }
  template <class Field>
  Field must_take(Literal sql) {
    Field field{};
    const auto taken = take(sql, field);
    EXPECT_TRUE(taken.ok()) << sql.text;
    return field;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
};

TEST_F(StatementTest, ReadsWhatHasTheRightTypeLengthAndRange) {
  EXPECT_EQ(must_take<std::uint16_t>("SELECT 65535"), 65'535);
  EXPECT_EQ(must_take<std::uint32_t>("SELECT 4294967295"), 4'294'967'295U);
  EXPECT_EQ(must_take<std::uint64_t>("SELECT -1"), ~std::uint64_t{0});
  EXPECT_EQ(must_take<std::int64_t>("SELECT -9223372036854775808"), INT64_MIN);
  EXPECT_TRUE(must_take<bool>("SELECT 1"));
  EXPECT_EQ(must_take<MessageState>("SELECT 6"), MessageState::received);
  EXPECT_EQ(must_take<FailureReason>("SELECT 0"), FailureReason::none);
  EXPECT_EQ(must_take<std::string>("SELECT ''"), "");
  EXPECT_EQ(must_take<Bytes>("SELECT x''"), Bytes{});
  EXPECT_EQ(must_take<Bytes>("SELECT x'00ff'"), (Bytes{0, 0xff}));
  EXPECT_EQ(must_take<std::optional<Bytes>>("SELECT NULL"), std::nullopt);
  EXPECT_EQ(must_take<MessageId>("SELECT zeroblob(16)"), MessageId{});
  EXPECT_EQ(must_take<UnixMillis>("SELECT -5"), unix_millis(-5));
}

TEST_F(StatementTest, WhatMakesNoSenseIsCorrupt) {
  expect_corrupt<std::int64_t>("SELECT '1'");
  expect_corrupt<std::int64_t>("SELECT 1.0");
  expect_corrupt<std::int64_t>("SELECT NULL");
  expect_corrupt<std::uint16_t>("SELECT 65536");
  expect_corrupt<std::uint16_t>("SELECT -1");
  expect_corrupt<std::uint32_t>("SELECT 4294967296");
  expect_corrupt<std::uint32_t>("SELECT -1");
  expect_corrupt<bool>("SELECT 2");
  expect_corrupt<bool>("SELECT -1");
  expect_corrupt<MessageState>("SELECT 0");
  expect_corrupt<MessageState>("SELECT 7");
  expect_corrupt<MessageState>("SELECT 257");
  expect_corrupt<FailureReason>("SELECT 7");
  expect_corrupt<OutboxKind>("SELECT 99");
  expect_corrupt<DeliveryState>("SELECT 5");
  expect_corrupt<EventKind>("SELECT 6");
  expect_corrupt<std::string>("SELECT x'61'");
  expect_corrupt<std::string>("SELECT NULL");
  expect_corrupt<Bytes>("SELECT 'a'");
  expect_corrupt<Bytes>("SELECT NULL");
  expect_corrupt<MessageId>("SELECT zeroblob(15)");
  expect_corrupt<MessageId>("SELECT zeroblob(17)");
  expect_corrupt<MessageId>("SELECT NULL");
  expect_corrupt<Digest>("SELECT zeroblob(31)");
  expect_corrupt<std::optional<MessageId>>("SELECT zeroblob(15)");
  expect_corrupt<UnixMillis>("SELECT 'now'");
  std::int64_t first = 0;
  std::int64_t second = 0;
  EXPECT_FALSE(take("SELECT 1", first, second).ok());  // a column too few
}

TEST_F(StatementTest, WhatIsBoundComesBack) {
  auto row = std::move(database_->prepare("SELECT ?, ?, ?, ?, ?, ?")).take();
  const std::string text{"a\0b", 3};
  row.bind(text, Bytes{}, std::string{}, std::optional<MessageId>{}, ~std::uint64_t{0}, true);
  ASSERT_TRUE(row.step().ok());
  std::string first;
  Bytes second{9};
  std::string third{"x"};
  std::optional<MessageId> fourth{MessageId{}};
  std::uint64_t fifth = 0;
  bool sixth = false;
  ASSERT_TRUE(row.take(first, second, third, fourth, fifth, sixth).ok());
  EXPECT_EQ(first, text);
  EXPECT_TRUE(second.empty());
  EXPECT_TRUE(third.empty());
  EXPECT_FALSE(fourth);
  EXPECT_EQ(fifth, ~std::uint64_t{0});
  EXPECT_TRUE(sixth);
}

TEST_F(StatementTest, APreparedStatementIsUsedAgainWithOtherValues) {
  for (const std::int64_t value : {1, 2, 3}) {
    auto row = std::move(database_->prepare("SELECT ? + 1")).take();
    ASSERT_TRUE(row.bind(value).step().ok());
    std::int64_t sum = 0;
    ASSERT_TRUE(row.take(sum).ok());
    EXPECT_EQ(sum, value + 1);
  }
}

using StatementDeathTest = StatementTest;
TEST_F(StatementDeathTest, AForgottenParameterIsABug) {
  EXPECT_DEATH((void)std::move(database_->prepare("SELECT ?")).take().step().ok(), "CHECK failed");
}

TEST(ErrorOfCode, EachKindAsksForSomethingElse) {
  const struct {
    int code;
    Failure failure;
  } cases[] = {
      {SQLITE_FULL, Failure::unavailable},     {SQLITE_IOERR_FSYNC, Failure::unavailable},
      {SQLITE_CANTOPEN, Failure::unavailable}, {SQLITE_READONLY, Failure::unavailable},
      {SQLITE_NOMEM, Failure::unavailable},    {SQLITE_BUSY, Failure::in_use},
      {SQLITE_TOOBIG, Failure::limit_reached}, {SQLITE_CORRUPT, Failure::corrupt},
      {SQLITE_NOTADB, Failure::corrupt},       {SQLITE_ERROR, Failure::corrupt},
      {SQLITE_CONSTRAINT, Failure::corrupt},
  };
  for (const auto& [code, failure] : cases) {
    EXPECT_EQ(error_of_code(code).failure, failure) << code;
  }
}

}  // namespace
}  // namespace martlet::store
