#include "store/rocks/log_check.h"

#include <gtest/gtest.h>

#include "base/seeded_random.h"

namespace martlet::store {
namespace {

constexpr std::size_t kBlock = 32 * 1024;

/// Writes logs as RocksDB's page on the format says (Write-Ahead-Log-File-Format).
class LogWriter {
 public:
  /// One batch of `size` random bytes. Gives back where it begins.
  std::size_t add(std::size_t size) {
    Bytes payload(size);
    SeededRandom{size + log_.size()}.fill(payload);
    const auto start = log_.size();
    ByteView rest = payload;
    bool begun = false;
    do {
      auto room = kBlock - log_.size() % kBlock;
      if (room < 7) {
        log_.resize(log_.size() + room);
        room = kBlock;
      }
      const auto part = rest.first(std::min(rest.size(), room - 7));
      rest = rest.subspan(part.size());
      const int type = begun ? (rest.empty() ? 4 : 3) : (rest.empty() ? 1 : 2);
      begun = true;
      fragment(static_cast<std::uint8_t>(type), part);
    } while (!rest.empty());
    return start;
  }
  const Bytes& log() const { return log_; }

 private:
  void fragment(std::uint8_t type, ByteView part) {
    const auto checked = concat({ByteView{&type, 1}, part});
    const auto crc = crc32c(checked);
    const auto masked = ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U;
    for (unsigned i = 0; i < 4; ++i) log_.push_back(static_cast<std::uint8_t>(masked >> (8 * i)));
    log_.push_back(static_cast<std::uint8_t>(part.size()));
    log_.push_back(static_cast<std::uint8_t>(part.size() >> 8U));
    log_.insert(log_.end(), checked.begin(), checked.end());
  }
  Bytes log_;
};

Bytes zeroed(Bytes log, std::size_t from, std::size_t to) {
  for (auto at = from; at < std::min(to, log.size()); ++at) log[at] = 0;
  return log;
}

TEST(Crc32c, FollowsTheStandard) {
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c(Bytes(32, 0)), 0x8a9136aaU);  // RFC 3720 appendix B.4
  EXPECT_EQ(crc32c(Bytes(32, 0xff)), 0x62a8ab43U);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(JudgeLog, FindsWholeLogsWhole) {
  EXPECT_EQ(judge_log({}), LogState::whole);
  for (const std::vector<std::size_t>& sizes : {std::vector<std::size_t>{0},
                                                {1, 2, 3},
                                                {kBlock - 7},
                                                {kBlock - 8, 5},
                                                {kBlock - 13, 5},
                                                {kBlock - 14, 5},
                                                {kBlock - 15, 5},
                                                {100, 200'000, 100},
                                                {5 * kBlock, 5 * kBlock}}) {
    LogWriter log;
    for (const auto size : sizes) log.add(size);
    EXPECT_EQ(judge_log(log.log()), LogState::whole) << sizes.front();
  }
}

TEST(JudgeLog, TakesAnyCutForATear) {
  LogWriter log;
  log.add(300);
  const auto second = log.add(700);
  const auto third = log.add(100);
  for (std::size_t size = 1; size < log.log().size(); ++size) {
    const bool between = size == second || size == third;
    ASSERT_EQ(judge_log(ByteView{log.log()}.first(size)),
              between ? LogState::whole : LogState::torn)
        << size;
  }
  LogWriter long_log;
  long_log.add(1'000);
  const auto last = long_log.add(100'000);
  for (std::size_t size = last + 1; size < long_log.log().size(); size += 97) {
    ASSERT_EQ(judge_log(ByteView{long_log.log()}.first(size)), LogState::torn) << size;
  }
}

/// After a power cut a page of the last write may be missing though a later one is there.
TEST(JudgeLog, TakesAHoleInTheLastWriteForATear) {
  LogWriter log;
  log.add(10'000);
  const auto last = log.add(100'000);
  for (std::size_t page = last / 4096 + 1; page * 4096 < log.log().size(); ++page) {
    ASSERT_EQ(judge_log(zeroed(log.log(), page * 4096, (page + 1) * 4096)), LogState::torn) << page;
  }
  EXPECT_EQ(judge_log(zeroed(log.log(), last, log.log().size())), LogState::torn);
  const auto lengthened = concat({log.log(), Bytes(5'000, 0)});  // nothing of the last one arrived
  EXPECT_EQ(judge_log(lengthened), LogState::torn);
}

TEST(JudgeLog, TakesAHoleWithWholeWritesBehindForDamage) {
  LogWriter log;
  log.add(10'000);
  log.add(100'000);
  log.add(10);
  for (std::size_t page = 0; (page + 1) * 4096 < log.log().size(); ++page) {
    ASSERT_EQ(judge_log(zeroed(log.log(), page * 4096, (page + 1) * 4096)), LogState::damaged)
        << page;
  }
}

TEST(JudgeLog, TakesEveryChangedByteForDamage) {
  LogWriter log;
  log.add(30);
  log.add(900);
  log.add(20);
  for (std::size_t at = 0; at < log.log().size(); ++at) {
    for (const auto change : std::initializer_list<std::uint8_t>{0x01, 0x80, 0xff}) {
      auto changed = log.log();
      changed[at] ^= change;
      ASSERT_EQ(judge_log(changed), LogState::damaged) << at;
    }
  }
  LogWriter long_log;
  long_log.add(100'000);
  for (std::size_t at = 0; at < long_log.log().size(); at += 101) {
    auto changed = long_log.log();
    changed[at] ^= 0x10;
    ASSERT_EQ(judge_log(changed), LogState::damaged) << at;
  }
}

TEST(JudgeLog, TakesForeignBytesForDamage) {
  Bytes noise(3'000);
  SeededRandom{1}.fill(noise);
  noise[6] = 99;
  EXPECT_EQ(judge_log(noise), LogState::damaged);
  EXPECT_EQ(judge_log(Bytes(3'000, 0)), LogState::torn);
  LogWriter log;  // a fragment whose beginning is missing
  log.add(3 * kBlock);
  EXPECT_EQ(judge_log(ByteView{log.log()}.subspan(kBlock)), LogState::damaged);
}

}  // namespace
}  // namespace martlet::store
