#include "store/vault/profile_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "store/vault/fault_vfs_test.h"

namespace martlet::store {
namespace {

using namespace std::chrono_literals;

void expect_in_use(const std::string& folder) {
  const auto lock = ProfileLock::acquire(folder);
  ASSERT_FALSE(lock.ok());
  EXPECT_EQ(lock.error().failure, Failure::in_use);
}

TEST(ProfileLock, IsHeldOnceAndGivenBack) {
  TemporaryFolder folder;
  EXPECT_FALSE(ProfileLock::holder(folder.path()));
  {
    auto lock = ProfileLock::acquire(folder.path());
    ASSERT_TRUE(lock.ok());
    expect_in_use(folder.path());
    EXPECT_EQ(ProfileLock::holder(folder.path()), ::getpid());
    const auto moved = std::move(lock).take();
    expect_in_use(folder.path());
  }
  EXPECT_TRUE(ProfileLock::acquire(folder.path()).ok());
}

TEST(ProfileLock, FoldersAreIndependent) {
  TemporaryFolder one;
  TemporaryFolder other;
  const auto lock = ProfileLock::acquire(one.path());
  EXPECT_TRUE(lock.ok());
  EXPECT_TRUE(ProfileLock::acquire(other.path()).ok());
}

TEST(ProfileLock, WaitsForAnother) {
  TemporaryFolder folder;
  std::optional<Result<ProfileLock>> held{ProfileLock::acquire(folder.path())};
  ASSERT_TRUE(held->ok());
  std::thread waiting{[&] { EXPECT_TRUE(ProfileLock::acquire(folder.path(), 60s).ok()); }};
  held.reset();
  waiting.join();
  const auto again = ProfileLock::acquire(folder.path());
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(ProfileLock::acquire(folder.path(), 1ms).ok());
}

TEST(ProfileLock, AnotherProcessHoldsItUntilItIsKilled) {
  TemporaryFolder folder;
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const auto child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = ProfileLock::acquire(folder.path());
    const char answer = lock.ok() ? 'y' : 'n';
    if (::write(ends[1], &answer, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char answer = '?';
  EXPECT_EQ(::read(ends[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  expect_in_use(folder.path());
  EXPECT_EQ(ProfileLock::holder(folder.path()), child);
  EXPECT_EQ(::kill(child, SIGKILL), 0);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(ProfileLock::acquire(folder.path()).ok());
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(ProfileLock, AMissingFolderIsUnavailable) {
  TemporaryFolder folder;
  const auto lock = ProfileLock::acquire(folder.file("nowhere"));
  ASSERT_FALSE(lock.ok());
  EXPECT_EQ(lock.error().failure, Failure::unavailable);
  EXPECT_FALSE(ProfileLock::holder(folder.file("nowhere")));
}

TEST(ProfileLock, AnOldLockFileIsNoLock) {
  for (const auto* text : {"", "garbage", "4194304\n", "-1", "99999999999999999999"}) {
    SCOPED_TRACE(text);
    TemporaryFolder folder;
    std::ofstream{folder.file("lock")} << text;
    EXPECT_EQ(ProfileLock::holder(folder.path()).has_value(), std::string{text} == "4194304\n");
    EXPECT_TRUE(ProfileLock::acquire(folder.path()).ok());
  }
}

}  // namespace
}  // namespace martlet::store
