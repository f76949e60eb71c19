#include "client/vcard_lines.h"

#include <algorithm>

#include "base/limits.h"
#include "base/utf8.h"

namespace martlet::client::vcard {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string upper(std::string_view text) {
  std::string out{text};
  for (auto& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

void append(Line& line, std::string_view part) {
  const auto room = limits::kVcardLineBytesMax - line.text.size();
  line.cut = line.cut || part.size() > room;
  line.text += part.substr(0, room);
}

/// Where the first of `characters` stands outside double quotes.
std::size_t find_unquoted(std::string_view text, std::string_view characters) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (!quoted && characters.find(text[i]) != std::string_view::npos) return i;
  }
  return std::string_view::npos;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/// RFC 2045, 6.7; soft line breaks are already gone.
Result<std::string> decode_quoted_printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) return Error{Failure::malformed, "damaged quoted-printable"};
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

void take_parameter(Property& property, std::string_view parameter) {
  const auto text = upper(parameter);
  const auto equals = text.find('=');
  const auto name = text.substr(0, equals);
  auto value = equals == std::string::npos ? std::string{} : text.substr(equals + 1);
  std::erase(value, '"');
  if (name == "ENCODING") property.encoding = value;
  if (name == "CHARSET") property.charset = value;
  const bool is_bare_encoding = equals == std::string::npos &&  // vCard 2.1
                                (name == "QUOTED-PRINTABLE" || name == "BASE64");
  if (is_bare_encoding) property.encoding = name;
}

bool is_base64(const Property& property) {
  return property.encoding == "B" || property.encoding == "BASE64";
}

}  // namespace

Lines::Lines(std::string_view text) : rest_{text} {
  if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
}

std::string_view Lines::take() {
  const auto end = rest_.find('\n');
  auto part = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  ++number_;
  if (part.ends_with('\r')) part.remove_suffix(1);
  return part;
}

std::optional<Line> Lines::next() {
  std::string_view part;
  while (part.find_first_not_of(" \t") == std::string_view::npos) {
    if (rest_.empty()) return std::nullopt;
    part = take();
  }
  Line line{number_, "", false};
  append(line, part);
  const auto property = parse_property(line);
  const bool quoted = property.ok() && property.value().encoding == "QUOTED-PRINTABLE";
  const bool base64 = property.ok() && is_base64(property.value());
  bool soft_break = quoted && part.ends_with('=');
  while (!rest_.empty()) {
    const bool folded = rest_.front() == ' ' || rest_.front() == '\t';
    const auto following = rest_.substr(0, rest_.find('\n'));
    // A lost end must not swallow the next card.
    const bool ends_card = following.starts_with("END:") || following.starts_with("BEGIN:");
    const bool bare = base64 && following.find(':') == std::string_view::npos &&
                      following.find_first_not_of(" \t\r") != std::string_view::npos;
    if (soft_break ? ends_card : !(folded || bare)) break;
    part = take();
    if (soft_break && !line.cut) line.text.pop_back();
    if (folded && !soft_break) part.remove_prefix(1);
    append(line, part);
    soft_break = quoted && part.ends_with('=');
  }
  return line;
}

Result<Property> parse_property(const Line& line) {
  const std::string_view text = line.text;
  const auto colon = find_unquoted(text, ":");
  if (colon == std::string_view::npos) return Error{Failure::malformed, "no colon"};
  Property property;
  auto head = text.substr(0, colon);
  property.value = text.substr(colon + 1);
  property.cut = line.cut;
  const auto name_end = std::min(head.find(';'), head.size());
  auto name = head.substr(0, name_end);
  name.remove_prefix(name.rfind('.') + 1);  // npos + 1 is 0
  property.name = upper(name);
  if (property.name.empty()) return Error{Failure::malformed, "no name before the colon"};
  head.remove_prefix(name_end);
  while (!head.empty()) {
    head.remove_prefix(1);
    const auto end = std::min(find_unquoted(head, ";"), head.size());
    take_parameter(property, head.substr(0, end));
    head.remove_prefix(end);
  }
  return property;
}

bool is_keyword(const Property& property, std::string_view name, std::string_view value) {
  auto given = upper(property.value);
  while (given.ends_with(' ') || given.ends_with('\t')) given.pop_back();
  return property.name == name && given == value;
}

namespace {

/// Each byte is its code point; those of control characters are in no text.
Result<std::string> utf8_of_latin1(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
      continue;
    }
    if (byte < 0xa0) return Error{Failure::malformed, "not ISO-8859-1"};
    out += static_cast<char>(0xc0 | (byte >> 6U));
    out += static_cast<char>(0x80 | (byte & 0x3fU));
  }
  return out;
}

}  // namespace

Result<std::string> text_value(const Property& property) {
  if (property.cut) return Error{Failure::limit_reached, "a line too long"};
  if (is_base64(property)) return Error{Failure::refused, "a text in base64"};
  auto text = property.value;
  if (property.encoding == "QUOTED-PRINTABLE") text = TRY(decode_quoted_printable(text));
  const bool ascii = std::all_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii && property.charset == "ISO-8859-1") return TRY(utf8_of_latin1(text));
  const bool known = property.charset.empty() || property.charset == "UTF-8";
  if (!ascii && !known) return Error{Failure::refused, "a charset other than UTF-8"};
  if (!is_utf8(text)) return Error{Failure::malformed, "not UTF-8"};
  return text;
}

std::string_view without_scheme(std::string_view text, std::string_view scheme) {
  const auto start = upper(text.substr(0, scheme.size()));
  return start == upper(scheme) ? text.substr(scheme.size()) : text;
}

}  // namespace martlet::client::vcard
