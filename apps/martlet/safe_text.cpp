#include "apps/martlet/safe_text.h"

#include <cstdint>

namespace martlet::cli {
namespace {

constexpr char32_t kReplacement = 0xfffd;

/// Takes one code point off the front. What is not UTF-8 (RFC 3629) costs one byte and reads as
/// U+FFFD.
char32_t next_code_point(std::string_view& rest) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(rest[at]); };
  const auto first = byte(0);
  std::size_t size = 1;
  char32_t value = first;
  char32_t least = 0;
  if (first >= 0xf0 && first < 0xf5) {
    size = 4, value = first & 0x07U, least = 0x10000;
  } else if (first >= 0xe0 && first < 0xf0) {
    size = 3, value = first & 0x0fU, least = 0x800;
  } else if (first >= 0xc2 && first < 0xe0) {
    size = 2, value = first & 0x1fU, least = 0x80;
  } else if (first >= 0x80) {
    rest.remove_prefix(1);
    return kReplacement;
  }
  bool valid = size <= rest.size();
  for (std::size_t i = 1; valid && i < size; ++i) {
    valid = (byte(i) & 0xc0U) == 0x80U;
    value = (value << 6U) | (byte(i) & 0x3fU);
  }
  valid = valid && value >= least && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
  rest.remove_prefix(valid ? size : 1);
  return valid ? value : kReplacement;
}

void append(std::string& out, char32_t c) {
  const auto put = [&](char32_t bits) { out.push_back(static_cast<char>(bits)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | (c >> 6U)), put(0x80 | (c & 0x3fU));
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12U)), put(0x80 | ((c >> 6U) & 0x3fU)), put(0x80 | (c & 0x3fU));
  } else {
    put(0xf0 | (c >> 18U)), put(0x80 | ((c >> 12U) & 0x3fU));
    put(0x80 | ((c >> 6U) & 0x3fU)), put(0x80 | (c & 0x3fU));
  }
}

/// Embeddings, overrides and isolates (Unicode UAX 9, section 2): they can make the end of a line
/// read as its beginning. The plain marks (LRM, RLM, ALM) cannot, and right-to-left writing needs
/// them.
bool turns_direction(char32_t c) {
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

char32_t shown_as(char32_t c) {
  if (c == '\t') return ' ';
  if (c < 0x20) return 0x2400 + c;  // the block of control pictures
  if (c == 0x7f) return 0x2421;
  if (c >= 0x80 && c < 0xa0) return kReplacement;
  if (c == 0x2028 || c == 0x2029) return 0x23ce;  // line and paragraph separator
  if (turns_direction(c)) return kReplacement;
  return c;
}

}  // namespace

std::string safe(std::string_view text, LineBreaks breaks) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto c = next_code_point(text);
    if (c == '\r' && text.starts_with('\n')) continue;
    if (c != '\n') {
      append(out, shown_as(c));
    } else if (breaks == LineBreaks::kept) {
      out += '\n';
      out += kContinuation;
    } else {
      out += " \u23ce ";
    }
  }
  return out;
}

std::string safe_preview(std::string_view text, std::size_t characters) {
  auto rest = text;
  for (std::size_t i = 0; i < characters && !rest.empty(); ++i) next_code_point(rest);
  auto out = safe(text.substr(0, text.size() - rest.size()));
  if (!rest.empty()) out += "\u2026";
  return out;
}

}  // namespace martlet::cli
