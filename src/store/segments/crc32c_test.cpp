#include "store/segments/crc32c.h"

#include <gtest/gtest.h>

#include "base/seeded_random.h"

namespace martlet::store {
namespace {

Bytes counting(std::uint8_t first, int step) {
  Bytes bytes(32);
  for (auto& byte : bytes) {
    byte = first;
    first = static_cast<std::uint8_t>(first + step);
  }
  return bytes;
}

TEST(Crc32c, GivesTheKnownAnswers) {
  struct Case {
    const char* name;
    Bytes bytes;
    std::uint32_t sum;
  };
  // RFC 3720 appendix B.4, and the check value of the catalogue of parametrised CRC algorithms.
  const Case cases[] = {{"zeros", Bytes(32), 0x8a9136aa},
                        {"ones", Bytes(32, 0xff), 0x62a8ab43},
                        {"up", counting(0, 1), 0x46dd794e},
                        {"down", counting(31, -1), 0x113fdb5c},
                        {"nothing", {}, 0},
                        {"digits", copy_of(bytes_of("123456789")), 0xe3069283}};
  for (const auto& [name, bytes, sum] : cases) {
    SCOPED_TRACE(name);
    EXPECT_EQ(crc32c(bytes), sum);
    EXPECT_EQ(crc32c_by_table(bytes), sum);
  }
}

TEST(Crc32c, BothWaysAgreeOnAnyLengthAndInParts) {
  Bytes bytes(300);
  SeededRandom{3}.fill(bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto all = ByteView{bytes}.first(size);
    const auto sum = crc32c(all);
    ASSERT_EQ(sum, crc32c_by_table(all));
    const auto cut = size / 3;
    ASSERT_EQ(sum, crc32c(all.subspan(cut), crc32c(all.first(cut))));
  }
}

}  // namespace
}  // namespace martlet::store
