#include "store/vault/key_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/bytes.h"
#include "base/seeded_random.h"
#include "store/vault/fault_vfs_test.h"

namespace martlet::store {
namespace {

namespace fs = std::filesystem;

static_assert(!std::is_copy_constructible_v<VaultKey>);
static_assert(!std::is_copy_assignable_v<VaultKey>);
static_assert(!std::equality_comparable<VaultKey>);

class KeyFile : public testing::Test {
 protected:
  void write(std::string_view bytes, mode_t mode) {
    std::ofstream{path_, std::ios::binary | std::ios::trunc} << bytes;
    ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
  }
  void expect_failure(Failure failure) {
    for (const auto& key : {load_key(path_), load_or_create_key(path_, random_)}) {
      ASSERT_FALSE(key.ok());
      EXPECT_EQ(key.error().failure, failure) << key.error().reason.text;
    }
  }
  static std::string hex(const Result<VaultKey>& key) {
    return key.ok() ? to_hex(key.value().reveal()) : "none";
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("key");
  SeededRandom random_{1};
};

TEST_F(KeyFile, IsMadeOnceForItsOwnerOnly) {
  EXPECT_EQ(load_key(path_).error().failure, Failure::not_found);
  EXPECT_FALSE(fs::exists(path_));
  const auto made = hex(load_or_create_key(path_, random_));
  EXPECT_EQ(made.size(), 64U);
  EXPECT_EQ(hex(load_or_create_key(path_, random_)), made);
  EXPECT_EQ(hex(load_key(path_)), made);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_EQ(status.st_size, 32);
  EXPECT_EQ(std::distance(fs::directory_iterator{folder_.path()}, {}), 1);
  SeededRandom other{2};
  const auto elsewhere = folder_.file("other");
  EXPECT_NE(hex(load_or_create_key(elsewhere, other)), made);
}

TEST_F(KeyFile, ThatOthersMayReadOrWriteIsRefused) {
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0610U, 0601U, 0666U}) {
    SCOPED_TRACE(mode);
    write(std::string(32, 'k'), mode);
    expect_failure(Failure::refused);
  }
  write(std::string(32, 'k'), 0400);
  EXPECT_EQ(hex(load_key(path_)), to_hex(bytes_of(std::string(32, 'k'))));
}

TEST_F(KeyFile, OfAnotherLengthIsCorruptAndNotReplaced) {
  for (const std::size_t size : {0U, 1U, 31U, 33U, 64U}) {
    SCOPED_TRACE(size);
    write(std::string(size, 'k'), 0600);
    expect_failure(Failure::corrupt);
    EXPECT_EQ(fs::file_size(path_), size);
  }
}

TEST_F(KeyFile, ThatIsNoFileIsRefused) {
  fs::create_directory(path_);
  ASSERT_EQ(::chmod(path_.c_str(), 0700), 0);
  expect_failure(Failure::refused);
  fs::remove(path_);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  expect_failure(Failure::refused);
}

TEST_F(KeyFile, InAMissingFolderIsUnavailable) {
  const auto key = load_or_create_key(folder_.file("nowhere/key"), random_);
  ASSERT_FALSE(key.ok());
  EXPECT_EQ(key.error().failure, Failure::unavailable);
}

TEST_F(KeyFile, WhatAnInterruptedMakingLeftIsNotTaken) {
  std::ofstream{path_ + ".new"} << std::string(32, 'h');
  EXPECT_NE(hex(load_or_create_key(path_, random_)), to_hex(bytes_of(std::string(32, 'h'))));
  EXPECT_FALSE(fs::exists(path_ + ".new"));
}

TEST(VaultKey, IsWipedWhenItMovesAndWhenItEnds) {
  alignas(VaultKey) std::array<std::uint8_t, sizeof(VaultKey)> place{};
  auto* key =
      new (place.data()) VaultKey{[](auto bytes) { std::ranges::fill(bytes, std::uint8_t{7}); }};
  const VaultKey moved{std::move(*key)};
  EXPECT_EQ(to_hex(moved.reveal()).substr(0, 4), "0707");
  EXPECT_EQ(to_hex(key->reveal()), std::string(64, '0'));
  std::destroy_at(key);
  key = new (place.data()) VaultKey{[](auto bytes) { std::ranges::fill(bytes, std::uint8_t{9}); }};
  std::destroy_at(key);
  EXPECT_EQ(to_hex(place), std::string(64, '0'));
}

}  // namespace
}  // namespace martlet::store
