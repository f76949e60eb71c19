#include "frames_on_line.h"

#include "process.h"

namespace martlet::bench {

std::size_t length_in(ByteView prefix) {
  return (std::size_t{prefix[0]} << 24U) | (std::size_t{prefix[1]} << 16U) |
         (std::size_t{prefix[2]} << 8U) | prefix[3];
}

Bytes with_length(ByteView frame) {
  const auto size = static_cast<std::uint32_t>(frame.size());
  Bytes all{static_cast<std::uint8_t>(size >> 24U), static_cast<std::uint8_t>(size >> 16U),
            static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
  all.reserve(all.size() + frame.size());
  all.insert(all.end(), frame.begin(), frame.end());
  return all;
}

wire::Frame parsed_frame(ByteView bytes) {
  auto frame = wire::parse_frame(bytes);
  if (!frame.ok()) give_up("the server sent what is no frame");
  return std::move(frame).take();
}

void send_frame(Line& line, const wire::Frame& frame) {
  line.write_now(with_length(wire::encode(frame)));
}

wire::Frame receive_frame(Line& line) {
  return parsed_frame(line.read_exactly(length_in(line.read_exactly(kLengthBytes))));
}

void log_in(Line& line, const server::TestDevice& device) {
  const auto first = receive_frame(line);
  const auto* challenge = std::get_if<wire::Challenge>(&first.body);
  if (challenge == nullptr) give_up("no challenge");
  std::array<std::uint8_t, 32> exporter{};
  line.export_key(wire::kExporterLabel, exporter);
  send_frame(line, {1, device.authenticate(challenge->nonce, exporter)});
  if (!std::holds_alternative<wire::Welcome>(receive_frame(line).body)) {
    give_up("a login was refused");
  }
}

}  // namespace martlet::bench
