#include "nats_protocol.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace martlet::bench::nats {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void append(Bytes& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

/// MSG subject subscription [reply-to] bytes; the content and a line's end follow.
std::optional<Operation> message(const std::vector<std::string_view>& words, ByteView rest,
                                 std::size_t line_size) {
  if (words.size() != 4 && words.size() != 5) return Operation{};
  std::size_t length = 0;
  const auto number = words.back();
  const auto read = std::from_chars(number.data(), number.data() + number.size(), length);
  if (read.ec != std::errc{} || read.ptr != number.data() + number.size()) return Operation{};
  constexpr std::size_t most = 64 * 1024 * 1024;
  if (length > most) return Operation{};
  if (rest.size() < length + kLineEnd.size()) return std::nullopt;
  if (text_of(rest.subspan(length, kLineEnd.size())) != kLineEnd) return Operation{};
  Operation found;
  found.kind = Operation::Kind::message;
  found.subject = words[1];
  if (words.size() == 5) found.reply_to = words[3];
  found.content = rest.first(length);
  found.size = line_size + length + kLineEnd.size();
  return found;
}

}  // namespace

Bytes subscribe(std::string_view subject) {
  Bytes out;
  append(out, "SUB ");
  append(out, subject);
  append(out, " 1\r\n");
  return out;
}

Bytes publish(std::string_view subject, std::string_view reply_to, ByteView content) {
  Bytes out;
  append(out, "PUB ");
  append(out, subject);
  append(out, " ");
  append(out, reply_to);
  if (!reply_to.empty()) append(out, " ");
  append(out, std::to_string(content.size()));
  append(out, kLineEnd);
  out.reserve(out.size() + content.size() + kLineEnd.size());
  out.insert(out.end(), content.begin(), content.end());
  append(out, kLineEnd);
  return out;
}

std::optional<Operation> first_operation(ByteView bytes) {
  const auto end = text_of(bytes).find(kLineEnd);
  if (end == std::string_view::npos) return std::nullopt;
  const auto words = words_of(text_of(bytes).substr(0, end));
  const auto line_size = end + kLineEnd.size();
  if (words.empty()) return Operation{};
  if (words[0] == "MSG") return message(words, bytes.subspan(line_size), line_size);
  Operation found;
  found.size = line_size;
  if (words[0] == "PING") found.kind = Operation::Kind::ping;
  if (words[0] == "PONG") found.kind = Operation::Kind::pong;
  if (words[0] == "-ERR") return Operation{};
  return found;
}

}  // namespace martlet::bench::nats
