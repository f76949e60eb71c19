// The real disk: killed at any moment, nothing accepted is lost. MARTLET_KILLS says how often.
#include "store/segments/posix_segment_files.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "store/mailbox_store_contract_items.h"
#include "store/segments/segment_mailbox_store.h"

namespace martlet::store::server_contract {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kKills = 20;

class PosixSegments : public ::testing::Test {
 protected:
  PosixSegments() {
    std::string name = ::testing::TempDir() + "martlet-segments-XXXXXX";
    CHECK(mkdtemp(name.data()) != nullptr);
    root_ = name;
    options_.segment_bytes = 256 * 1024;
  }
  ~PosixSegments() override { fs::remove_all(root_); }
  std::string path() const { return (root_ / "log").string(); }
  std::unique_ptr<SegmentMailboxStore> open() {
    return value_of(SegmentMailboxStore::open(path(), options_));
  }

  fs::path root_;
  SegmentMailboxOptions options_;
};

struct Told {
  char what = 0;  ///< '+' accepted, '-' removed, each durably; '?' about to be removed
  std::uint32_t number = 0;
};

/// Appends and removes until it is killed, and tells what is durable.
[[noreturn]] void work(const std::string& path, const SegmentMailboxOptions& options, int pipe,
                       std::uint32_t number) {
  auto opened = SegmentMailboxStore::open(path, options);
  if (!opened.ok()) ::_exit(1);
  auto store = std::move(opened).take();
  SeededRandom random{number};
  for (;;) {
    std::vector<Told> told;
    const auto count = 1 + random.below(16);
    for (std::uint64_t i = 0; i < count; ++i, ++number) {
      const auto to = static_cast<std::uint8_t>(number % 7);
      if (!store->append(envelope(to, number, random.below(2'000))).ok()) ::_exit(2);
      told.push_back({'+', number});
    }
    const auto to = static_cast<std::uint8_t>(random.below(7));
    const auto oldest = store->read(device(to), 0, 2, kAll);
    if (!oldest.ok()) ::_exit(3);
    for (const auto& waiting : oldest.value()) {
      const auto bytes = waiting.item.message.view();
      const auto gone = static_cast<std::uint32_t>(bytes[0] | bytes[1] << 8 | bytes[2] << 16);
      if (gone + 16 >= number || !store->remove(device(to), waiting.sequence).ok()) continue;
      const Told intent{'?', gone};
      if (::write(pipe, &intent, sizeof intent) != sizeof intent) ::_exit(6);
      told.push_back({'-', gone});
    }
    if (!store->sync().ok()) ::_exit(4);
    if (random.below(20) == 0 && !store->scrub().ok()) ::_exit(5);
    for (const auto& one : told) {
      if (::write(pipe, &one, sizeof one) != sizeof one) ::_exit(6);
    }
  }
}

TEST_F(PosixSegments, KilledAtAnyMomentNothingAcceptedIsLost) {
  const char* text = std::getenv("MARTLET_KILLS");
  const auto kills = text == nullptr ? kKills : std::strtoull(text, nullptr, 10);
  SeededRandom random{static_cast<std::uint64_t>(::getpid())};
  std::set<std::uint32_t> accepted;
  std::set<std::uint32_t> removed;
  std::set<std::uint32_t> perhaps_removed;
  std::uint32_t number = 0;
  for (std::uint64_t kill = 0; kill < kills && !HasFailure(); ++kill) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      work(path(), options_, ends[1], number);
    }
    ::close(ends[1]);
    // After so many answers, at whatever the child is doing then.
    auto left = 20 + random.below(400);
    Told told;
    while (::read(ends[0], &told, sizeof told) == sizeof told) {
      auto& all = told.what == '+' ? accepted : told.what == '-' ? removed : perhaps_removed;
      all.insert(told.number);
      number = std::max(number, told.number + 1);
      if (left-- == 0) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
    number += 100;  // beyond what was written and not told

    std::set<std::uint32_t> found;
    for (const auto& [sequence, item] : contents(*open())) {
      const auto bytes = item.message.view();
      found.insert(static_cast<std::uint32_t>(bytes[0] | bytes[1] << 8 | bytes[2] << 16));
    }
    for (const auto one : removed) EXPECT_FALSE(found.contains(one)) << one << " came back";
    for (const auto one : accepted) {
      EXPECT_TRUE(found.contains(one) || perhaps_removed.contains(one)) << one << " is lost";
    }
  }
  std::printf("%llu kills, %zu accepted, %zu removed\n", static_cast<unsigned long long>(kills),
              accepted.size(), removed.size());
  EXPECT_GT(accepted.size(), 10 * kills);
}

}  // namespace
}  // namespace martlet::store::server_contract
