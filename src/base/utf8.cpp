#include "base/utf8.h"

#include <cstdint>

namespace martlet {
namespace {

/// What may follow a first byte: how many more, and the range of the second (RFC 3629 section 4).
struct Shape {
  unsigned more;
  std::uint8_t second_min;
  std::uint8_t second_max;
};

constexpr unsigned kNoCharacter = 9;

Shape shape_of(std::uint8_t first) {
  if (first < 0x80) return {0, 0, 0};
  if (first < 0xc2) return {kNoCharacter, 0, 0};
  if (first < 0xe0) return {1, 0x80, 0xbf};
  if (first == 0xe0) return {2, 0xa0, 0xbf};
  if (first == 0xed) return {2, 0x80, 0x9f};
  if (first < 0xf0) return {2, 0x80, 0xbf};
  if (first == 0xf0) return {3, 0x90, 0xbf};
  if (first < 0xf4) return {3, 0x80, 0xbf};
  if (first == 0xf4) return {3, 0x80, 0x8f};
  return {kNoCharacter, 0, 0};
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto shape = shape_of(static_cast<std::uint8_t>(text.front()));
    if (shape.more == kNoCharacter || shape.more >= text.size()) return false;
    for (unsigned i = 1; i <= shape.more; ++i) {
      const auto byte = static_cast<std::uint8_t>(text[i]);
      const std::uint8_t min = i == 1 ? shape.second_min : 0x80;
      const std::uint8_t max = i == 1 ? shape.second_max : 0xbf;
      if (byte < min || byte > max) return false;
    }
    text.remove_prefix(shape.more + 1);
  }
  return true;
}

}  // namespace martlet
