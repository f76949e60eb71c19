#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

/// As much of MQTT 3.1.1 (OASIS standard, 29 October 2014) as a load of QoS 1 needs.
namespace martlet::bench::mqtt {

enum class Kind : std::uint8_t {
  connect = 1,
  connect_answer = 2,
  publish = 3,
  publish_answer = 4,
  subscribe = 8,
  subscribe_answer = 9,
};

Bytes connect(const std::string& client, bool clean);             ///< section 3.1
Bytes subscribe(std::uint16_t packet, const std::string& topic);  ///< section 3.8, QoS 1
Bytes publish_answer(std::uint16_t packet);                       ///< section 3.4
/// Section 3.3, QoS 1. The packet id is at `size - content.size() - 2`.
Bytes publish(std::uint16_t packet, const std::string& topic, ByteView content);

struct Packet {
  Kind kind{};
  std::uint16_t packet = 0;  ///< its id, of those that we expect to have one
  ByteView content;          ///< of a publish
  std::size_t size = 0;      ///< of the whole packet
};
/// The packet that `bytes` begin with; nothing: more bytes are needed. One that makes no sense has
/// size 0.
std::optional<Packet> first_packet(ByteView bytes);

}  // namespace martlet::bench::mqtt
