#include "mqtt.h"

namespace martlet::bench::mqtt {
namespace {

constexpr std::uint8_t kQosOnce = 1U << 1U;  ///< at least once, in a publish's flags
constexpr std::size_t kLengthBytesMax = 4;

void put16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8U));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put_text(Bytes& out, const std::string& text) {
  put16(out, text.size());
  out.insert(out.end(), text.begin(), text.end());
}

/// Fixed header (section 2.2) and what follows it.
Bytes packet(Kind kind, unsigned flags, const Bytes& rest) {
  Bytes all;
  all.reserve(rest.size() + 1 + kLengthBytesMax);
  all.push_back(static_cast<std::uint8_t>(static_cast<unsigned>(kind) << 4U | flags));
  auto left = rest.size();
  do {
    const auto more = left >= 128;
    all.push_back(static_cast<std::uint8_t>((left % 128) | (more ? 128U : 0U)));
    left /= 128;
  } while (left > 0);
  all.insert(all.end(), rest.begin(), rest.end());
  return all;
}

std::uint16_t get16(ByteView bytes) {
  return static_cast<std::uint16_t>((bytes[0] << 8U) | bytes[1]);
}

/// Splits what follows the fixed header; false: it makes no sense.
bool split(std::uint8_t first, ByteView rest, Packet& found) {
  found.kind = static_cast<Kind>(first >> 4U);
  switch (found.kind) {
    case Kind::connect_answer:
      return rest.size() == 2 && rest[1] == 0;
    case Kind::publish_answer:
      if (rest.size() != 2) return false;
      found.packet = get16(rest);
      return true;
    case Kind::subscribe_answer:
      return rest.size() == 3 && rest[2] <= 2;
    case Kind::publish: {
      if (rest.size() < 4 || (first & 0x06U) != kQosOnce) return false;
      const std::size_t topic = get16(rest);
      if (rest.size() < topic + 4) return false;
      found.packet = get16(rest.subspan(2 + topic));
      found.content = rest.subspan(4 + topic);
      return true;
    }
    default:
      return false;
  }
}

}  // namespace

Bytes connect(const std::string& client, bool clean) {
  Bytes rest;
  put_text(rest, "MQTT");
  rest.push_back(4);  // protocol level of 3.1.1
  rest.push_back(static_cast<std::uint8_t>(clean ? 2 : 0));
  put16(rest, 0);  // no keep-alive
  put_text(rest, client);
  return packet(Kind::connect, 0, rest);
}

Bytes subscribe(std::uint16_t id, const std::string& topic) {
  Bytes rest;
  put16(rest, id);
  put_text(rest, topic);
  rest.push_back(1);
  return packet(Kind::subscribe, 2, rest);
}

Bytes publish_answer(std::uint16_t id) {
  Bytes rest;
  put16(rest, id);
  return packet(Kind::publish_answer, 0, rest);
}

Bytes publish(std::uint16_t id, const std::string& topic, ByteView content) {
  Bytes rest;
  put_text(rest, topic);
  put16(rest, id);
  rest.insert(rest.end(), content.begin(), content.end());
  return packet(Kind::publish, kQosOnce, rest);
}

std::optional<Packet> first_packet(ByteView bytes) {
  std::size_t length = 0;
  std::size_t used = 1;
  for (unsigned shift = 0;; shift += 7) {
    if (used > kLengthBytesMax) return Packet{};
    if (bytes.size() <= used) return std::nullopt;
    const auto byte = bytes[used++];
    length |= std::size_t{byte & 127U} << shift;
    if ((byte & 128U) == 0) break;
  }
  if (bytes.size() - used < length) return std::nullopt;
  Packet found;
  if (!split(bytes[0], bytes.subspan(used, length), found)) return Packet{};
  found.size = used + length;
  return found;
}

}  // namespace martlet::bench::mqtt
