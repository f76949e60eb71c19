#include "store/vault/schema.h"

#include <gtest/gtest.h>

#include "store/vault/fault_vfs_test.h"
#include "store/vault/files.h"

namespace martlet::store {
namespace {

constexpr std::array<std::uint8_t, 32> kSchemaKey{1};
constexpr Literal kFirst = "CREATE TABLE first(a); PRAGMA user_version = 1;";
constexpr Literal kSecond =
    "ALTER TABLE first ADD COLUMN b; UPDATE first SET b = 7; PRAGMA user_version = 2;";
constexpr Literal kBroken = "CREATE TABLE third(a); INSERT INTO nowhere VALUES(1);";

class SchemaTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(create_private_file(file_).ok());
    reopen();
  }
  void reopen() {
    database_.reset();
    auto opened = Database::open(file_, kSchemaKey, "");
    ASSERT_TRUE(opened.ok()) << opened.error().reason.text;
    database_ = std::move(opened).take();
  }
  int version() {
    const auto version = database_->schema_version();
    EXPECT_TRUE(version.ok());
    return version.ok() ? version.value() : -1;
  }
  bool works(Literal sql) { return database_->execute(sql).ok(); }

  TemporaryFolder folder_;
  std::string file_ = folder_.file("file.db");
  std::unique_ptr<Database> database_;
};

TEST_F(SchemaTest, StepsAreRunOnceAndInOrder) {
  const std::array one{kFirst};
  const std::array two{kFirst, kSecond};
  EXPECT_EQ(version(), 0);
  ASSERT_TRUE(migrate(*database_, one).ok());
  EXPECT_EQ(version(), 1);
  ASSERT_TRUE(works("INSERT INTO first VALUES(5)"));
  ASSERT_TRUE(migrate(*database_, one).ok());
  reopen();
  ASSERT_TRUE(migrate(*database_, two).ok());
  EXPECT_EQ(version(), 2);
  auto row = std::move(database_->prepare("SELECT a, b FROM first")).take();
  std::int64_t a = 0;
  std::int64_t b = 0;
  ASSERT_TRUE(row.step().ok());
  ASSERT_TRUE(row.take(a, b).ok());
  EXPECT_EQ(a, 5);
  EXPECT_EQ(b, 7);
}

TEST_F(SchemaTest, AStepThatFailsUndoesThoseBeforeIt) {
  const std::array steps{kFirst, kSecond, kBroken};
  const auto done = migrate(*database_, steps);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().failure, Failure::corrupt);
  EXPECT_EQ(version(), 0);
  EXPECT_FALSE(works("SELECT * FROM first"));
  EXPECT_FALSE(works("SELECT * FROM third"));
  EXPECT_TRUE(migrate(*database_, std::array{kFirst}).ok());
}

TEST_F(SchemaTest, ANewerOrSenselessVersionIsNotTouched) {
  ASSERT_TRUE(works("PRAGMA user_version = 3"));
  const auto newer = migrate(*database_, std::array{kFirst, kSecond});
  ASSERT_FALSE(newer.ok());
  EXPECT_EQ(newer.error().failure, Failure::refused);
  ASSERT_TRUE(works("PRAGMA user_version = -1"));
  const auto senseless = migrate(*database_, std::array{kFirst});
  ASSERT_FALSE(senseless.ok());
  EXPECT_EQ(senseless.error().failure, Failure::corrupt);
  EXPECT_FALSE(works("SELECT * FROM first"));
}

TEST_F(SchemaTest, EachReleasedStepSetsItsVersion) {
  for (std::size_t count = 1; count <= schema_steps().size(); ++count) {
    ASSERT_TRUE(migrate(*database_, schema_steps().first(count)).ok());
    EXPECT_EQ(version(), static_cast<int>(count));
  }
}

}  // namespace
}  // namespace martlet::store
