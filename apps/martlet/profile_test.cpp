#include "apps/martlet/profile.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/seeded_random.h"

namespace martlet::cli {
namespace {

namespace fs = std::filesystem;
using client::ErrorCode;
using Missing = Profile::Missing;

class ProfileTest : public ::testing::Test {
 protected:
  ProfileTest() {
    auto name = (fs::temp_directory_path() / "martlet-profile-XXXXXX").string();
    top_ = ::mkdtemp(name.data());
    ::umask(077);
  }
  ~ProfileTest() override { fs::remove_all(top_); }

  std::optional<ErrorCode> open(Missing missing) {
    auto opened = Profile::open(folder(), missing, random_);
    if (opened.ok()) return std::nullopt;
    return opened.error().code;
  }
  fs::path folder() const { return top_ / "deep/alice"; }
  static unsigned mode_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777U;
  }

  fs::path top_;
  SeededRandom random_{1};
};

TEST(ProfileFolder, PathsAndBareNames) {
  ::setenv("XDG_DATA_HOME", "/data", 1);
  ::setenv("HOME", "/home/a", 1);
  const struct {
    const char* given;
    const char* folder;
  } cases[] = {
      {"", "/data/martlet/profiles/default"},
      {"work", "/data/martlet/profiles/work"},
      {"/tmp/a", "/tmp/a"},
      {"./work", "./work"},
      {"a/b", "a/b"},
      {".", "."},
      {"..", ".."},
  };
  for (const auto& c : cases) EXPECT_EQ(profile_folder(c.given).value(), c.folder) << c.given;
  ::setenv("XDG_DATA_HOME", "relative", 1);
  EXPECT_EQ(profile_folder("w").value(), "/home/a/.local/share/martlet/profiles/w");
  ::unsetenv("XDG_DATA_HOME");
  EXPECT_EQ(profile_folder("w").value(), "/home/a/.local/share/martlet/profiles/w");
}

TEST_F(ProfileTest, OnlyEnrollCreates) {
  EXPECT_EQ(open(Missing::fail), ErrorCode::not_enrolled);
  EXPECT_FALSE(fs::exists(folder()));
  EXPECT_EQ(open(Missing::create), std::nullopt);
  EXPECT_EQ(open(Missing::fail), std::nullopt);
  EXPECT_EQ(mode_of(folder()), 0700U);
  EXPECT_EQ(mode_of(folder().parent_path()), 0700U);
  for (const auto& entry : fs::directory_iterator(folder())) {
    EXPECT_EQ(mode_of(entry.path()), 0600U) << entry.path();
  }
}

TEST_F(ProfileTest, AnEmptyFolderIsNoProfile) {
  fs::create_directories(folder());
  EXPECT_EQ(open(Missing::fail), ErrorCode::not_enrolled);
  EXPECT_TRUE(fs::is_empty(folder()));
  EXPECT_EQ(open(Missing::create), std::nullopt);
}

TEST_F(ProfileTest, AVaultWithoutItsKeyIsNotGivenANewOne) {
  ASSERT_EQ(open(Missing::create), std::nullopt);
  fs::remove(folder() / "key");
  EXPECT_EQ(open(Missing::fail), ErrorCode::profile_damaged);
  EXPECT_EQ(open(Missing::create), ErrorCode::profile_damaged);
  EXPECT_FALSE(fs::exists(folder() / "key"));
}

TEST_F(ProfileTest, Damage) {
  ASSERT_EQ(open(Missing::create), std::nullopt);
  const auto damaged = [&](const char* name, const std::string& content) {
    const auto path = folder() / name;
    fs::copy_file(path, top_ / "kept", fs::copy_options::overwrite_existing);
    std::ofstream{path, std::ios::trunc} << content;
    const auto code = open(Missing::fail);
    fs::copy_file(top_ / "kept", path, fs::copy_options::overwrite_existing);
    return code;
  };
  EXPECT_EQ(damaged("key", "short"), ErrorCode::profile_damaged);
  EXPECT_EQ(damaged("key", std::string(32, 'k')), ErrorCode::profile_damaged) << "another key";
  EXPECT_EQ(damaged("vault.db", std::string(8192, 'x')), ErrorCode::profile_damaged);
  EXPECT_EQ(open(Missing::fail), std::nullopt) << "nothing was made worse";

  fs::permissions(folder() / "key", fs::perms::owner_read | fs::perms::others_read);
  EXPECT_EQ(open(Missing::fail), ErrorCode::profile_damaged) << "everybody can read the key";
}

TEST_F(ProfileTest, ALogWithoutItsVaultIsDamageAndNoNewcomer) {
  ASSERT_EQ(open(Missing::create), std::nullopt);
  fs::rename(folder() / "vault.db", folder() / "vault.db-wal");
  EXPECT_EQ(open(Missing::fail), ErrorCode::profile_damaged);
  EXPECT_EQ(open(Missing::create), ErrorCode::profile_damaged);
  EXPECT_TRUE(fs::exists(folder() / "vault.db-wal"));
}

TEST_F(ProfileTest, AFileInItsPlace) {
  fs::create_directories(folder().parent_path());
  std::ofstream{folder()} << "x";
  EXPECT_EQ(open(Missing::fail), ErrorCode::not_enrolled);
  EXPECT_EQ(open(Missing::create), ErrorCode::disk);
}

TEST_F(ProfileTest, TheSecondOneWaitsAndThenSaysWhoHasIt) {
  const auto first = Profile::open(folder(), Missing::create, random_);
  ASSERT_TRUE(first.ok());
  const auto second = Profile::open(folder(), Missing::fail, random_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::profile_in_use);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
}

}  // namespace
}  // namespace martlet::cli
