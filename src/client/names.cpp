#include "client/names.h"

#include <cstdint>

#include "base/limits.h"
#include "base/utf8.h"

namespace martlet::client {
namespace {

/// Simple case folding (Unicode CaseFolding.txt, status C) of the two-byte scripts that most names
/// are written in.
std::uint32_t folded_point(std::uint32_t point) {
  const auto within = [point](std::uint32_t first, std::uint32_t last) {
    return point >= first && point <= last;
  };
  if (within('A', 'Z')) return point + 0x20;
  if (within(0xc0, 0xde) && point != 0xd7) return point + 0x20;
  if (within(0x391, 0x3a9)) return point + 0x20;
  if (within(0x400, 0x40f)) return point + 0x50;
  if (within(0x410, 0x42f)) return point + 0x20;
  return point;
}

void append_two_bytes(std::string& out, std::uint32_t point) {
  out += static_cast<char>(0xc0 | (point >> 6U));
  out += static_cast<char>(0x80 | (point & 0x3fU));
}

}  // namespace

bool is_name(std::string_view text) {
  if (text.size() > limits::kNameBytesMax || !is_utf8(text)) return false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return false;
  }
  return true;
}

std::string folded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      out += static_cast<char>(folded_point(first));
    } else if ((first & 0xe0U) == 0xc0U && i + 1 < text.size()) {
      const auto second = static_cast<unsigned char>(text[++i]);
      append_two_bytes(out, folded_point((first & 0x1fU) << 6U | (second & 0x3fU)));
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace martlet::client
