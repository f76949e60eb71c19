// The power fails at every write. After each cut the store is opened again and compared with a
// model: every synced item is there, every synced removal is done, and of a batch that was under
// way all or nothing.
#include "store/mailbox_store_contract_items.h"
#include "store/segments/memory_segment_files.h"
#include "store/segments/segment_mailbox_store.h"

namespace martlet::store::server_contract {
namespace {

using Unsynced = MemorySegmentDisk::Unsynced;

/// A disk whose power fails when it is asked for its `left`th change from now, a store on it, and
/// what the store must hold.
class CutStore {
 public:
  CutStore(std::uint64_t seed, std::uint64_t segment_bytes) : random_{seed} {
    options_.segment_bytes = segment_bytes;
    options_.step_bytes = segment_bytes / 4;  // so that upkeep is cut between its steps too
    disk_.fault = [this] {
      if (left_ > 0) --left_;
      is_cut_ = is_cut_ || left_ == 0;
      return is_cut_ ? WriteFault::lost : WriteFault::none;
    };
  }
  ~CutStore() { drop(); }

  void cut_at(std::uint64_t change) { left_ = change; }
  bool is_cut() const { return is_cut_; }
  std::size_t items() const { return durable_.size(); }
  const MemorySegmentDisk& disk() const { return disk_; }
  SegmentMailboxStore& store() { return *store_; }

  /// True: it is open. False: the power was cut meanwhile.
  bool open() {
    auto opened = SegmentMailboxStore::open(disk_.files(), options_);
    if (opened.ok()) {
      store_ = std::move(opened).take();
      return true;
    }
    EXPECT_TRUE(is_cut_) << opened.error().reason.text;
    EXPECT_EQ(opened.error().failure, Failure::unavailable) << opened.error().reason.text;
    return false;
  }
  void drop() {
    if (!is_cut_) disk_.switch_off();
    store_.reset();
  }
  /// Ends the process in order: the index is saved.
  void close() {
    sync();
    store_.reset();
  }
  /// The machine starts again, and the store is as it must be.
  void recover(Unsynced unsynced) {
    drop();
    disk_.cut_power(unsynced);
    is_cut_ = false;
    left_ = ~std::uint64_t{0};
    ASSERT_TRUE(open());
    const auto found = contents(*store_);
    if (trying_ && same(found, *trying_)) durable_ = *trying_;
    trying_.reset();
    expect_contents(*store_, durable_);
    staged_ = durable_;
  }

  void append(const MailboxItem& item) {
    const auto waits = std::ranges::find_if(
        staged_, [&](const auto& entry) { return same_identity(entry.second, item); });
    const auto appended = store_->append(item);
    if (!appended.ok()) return expect_cut(appended.error());
    if (waits != staged_.end()) {
      EXPECT_EQ(appended.value(), waits->first);
      return;
    }
    EXPECT_GT(appended.value(), last_) << "a sequence was given twice";
    last_ = appended.value();
    staged_.emplace(last_, item);
  }
  void remove(std::size_t index) {
    if (staged_.empty()) return;
    const auto victim =
        std::next(staged_.begin(), static_cast<std::ptrdiff_t>(index % staged_.size()));
    const auto removed = store_->remove(victim->second.recipient, victim->first);
    if (!removed.ok()) return expect_cut(removed.error());
    staged_.erase(victim);
  }
  void expire(std::int64_t now) {
    const auto expired = store_->expire(unix_millis(now), 3);
    if (!expired.ok()) return expect_cut(expired.error());
    for (const auto& waiting : expired.value()) staged_.erase(waiting.sequence);
  }
  void sync() {
    trying_ = staged_;
    const auto synced = store_->sync();
    if (!synced.ok()) {
      expect_cut(synced.error());
      staged_ = durable_;
      return;
    }
    durable_ = staged_;
    trying_.reset();
  }
  void scrub() {
    // Sparse segments wait until nothing is staged.
    const bool all = random_.below(2) == 0;
    if (all) sync();
    if (is_cut_) return;
    const auto scrubbed = store_->scrub();
    if (!scrubbed.ok()) return expect_cut(scrubbed.error());
    if (all) {
      EXPECT_EQ(store_->scrubbable_bytes(), 0U);
    }
  }
  void step() {
    const auto choice = random_.below(100);
    if (choice < 40) {
      const auto to = static_cast<std::uint8_t>(random_.below(5));
      const auto number = static_cast<std::uint32_t>(random_.below(400));
      auto item = envelope(to, number, random_.below(3) == 0 ? 900 : number % 64);
      item.sender = device(static_cast<std::uint8_t>(200 + random_.below(3)));
      append(expiring(item, now_ + static_cast<std::int64_t>(random_.below(500))));
    } else if (choice < 66) {
      remove(random_.below(4) == 0 ? random_.below(1'000) : 0);
    } else if (choice < 70) {
      expire(now_ += static_cast<std::int64_t>(random_.below(30)));
    } else if (choice < 92) {
      sync();
    } else if (choice < 94) {
      scrub();
    } else if (choice < 97) {
      const auto more = store_->scrub_step();
      if (!more.ok()) expect_cut(more.error());
    } else {
      expect_contents(*store_, staged_);
    }
  }
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

 private:
  void expect_cut(const Error& error) {
    EXPECT_TRUE(is_cut_) << error.reason.text;
    EXPECT_EQ(error.failure, Failure::unavailable) << error.reason.text;
  }

  SeededRandom random_;
  MemorySegmentDisk disk_{random_};
  SegmentMailboxOptions options_;
  std::unique_ptr<SegmentMailboxStore> store_;
  std::uint64_t left_ = ~std::uint64_t{0};
  bool is_cut_ = false;
  Model durable_;
  Model staged_;
  std::optional<Model> trying_;  ///< of a sync that was not answered
  Sequence last_ = 0;
  std::int64_t now_ = 1'000;
};

constexpr std::uint64_t kSmallSegment = 4'096;

/// Appends, removals, expiry, several segments, a scrub that moves and overwrites, a restart.
void run_script(CutStore& store) {
  const auto go_on = [&] { return !store.is_cut(); };
  const auto all_of = [&](std::uint32_t first, std::uint32_t count, std::size_t size) {
    for (std::uint32_t i = first; i < first + count && go_on(); ++i) {
      store.append(expiring(envelope(static_cast<std::uint8_t>(i % 3), i, size), 1'000 + i));
      if (i % 4 == 3 && go_on()) store.sync();
    }
  };
  if (!store.open()) return;
  all_of(0, 16, 700);
  for (int i = 0; i < 12 && go_on(); ++i) store.remove(static_cast<std::size_t>(i) * 3);
  if (go_on()) store.sync();
  if (go_on()) store.scrub();
  all_of(100, 8, 300);
  if (go_on()) store.expire(1'103);
  if (go_on()) store.sync();
  if (go_on()) store.close();
  if (go_on() && !store.open()) return;
  all_of(200, 8, 900);
  for (int i = 0; i < 20 && go_on(); ++i) store.remove(0);
  if (go_on()) store.sync();
  if (go_on()) store.scrub();
  all_of(300, 4, 100);
}

class PowerCut : public ::testing::TestWithParam<Unsynced> {};

TEST_P(PowerCut, AtEveryWriteOfAScript) {
  std::uint64_t cut = 1;
  for (bool reached = true; reached && !HasFailure(); ++cut) {
    SCOPED_TRACE("cut at change " + std::to_string(cut));
    CutStore store{cut, kSmallSegment};
    store.cut_at(cut);
    run_script(store);
    reached = store.is_cut();
    store.recover(GetParam());
    // And it works on.
    store.append(envelope(1, 900));
    store.sync();
    store.recover(Unsynced::lost);
  }
  EXPECT_GT(cut, 100U);
}

TEST_P(PowerCut, AtRandomInManyLives) {
  std::uint64_t cuts = 0;
  for (std::uint64_t seed = 1; seed <= 40 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CutStore store{seed, seed % 4 == 0 ? 64 * 1024 : kSmallSegment};
    ASSERT_TRUE(store.open());
    for (int life = 0; life < 15 && !HasFailure(); ++life) {
      store.cut_at(1 + store.below(150));
      for (int i = 0; i < 200 && !store.is_cut() && !HasFailure(); ++i) store.step();
      if (store.below(3) == 0 && !store.is_cut()) store.close();
      cuts += store.is_cut() ? 1 : 0;
      store.recover(GetParam());
    }
  }
  EXPECT_GT(cuts, 300U);
}

INSTANTIATE_TEST_SUITE_P(Segments, PowerCut,
                         ::testing::Values(Unsynced::lost, Unsynced::kept, Unsynced::some));

}  // namespace
}  // namespace martlet::store::server_contract
