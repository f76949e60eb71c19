#include "client/linking_pipe.h"

#include "base/writer.h"

namespace martlet::client {
namespace {

constexpr std::uint8_t kFormat = 1;

LinkFault fault_of(protocol::LinkingChannel::Fault fault) {
  using Fault = protocol::LinkingChannel::Fault;
  switch (fault) {
    case Fault::malformed:
      return LinkFault::malformed;
    case Fault::replay:
      return LinkFault::replay;
    case Fault::gap:
      return LinkFault::gap;
    case Fault::forged:
      break;
  }
  return LinkFault::tag;
}

crypto::Plaintext plaintext(ByteView bytes) {
  return {bytes.size(), [&](std::span<std::uint8_t> out) {
            std::ranges::copy(bytes, out.begin());
            return out.size();
          }};
}

}  // namespace

Bytes LinkingPipe::clear(LinkMessage type, ByteView body) {
  Writer out;
  out.u8(kFormat).u8(static_cast<std::uint8_t>(type)).bytes(body);
  return std::move(out).take();
}

Bytes LinkingPipe::sealed(LinkMessage type, ByteView body) {
  CHECK(channel_);
  Writer plain;
  plain.u8(static_cast<std::uint8_t>(type)).bytes(body);
  auto message = clear(LinkMessage::sealed, channel_->seal(plain.view()));
  CHECK(message.size() <= kLinkingMessageBytesMax);
  return message;
}

Bytes LinkingPipe::stop(LinkFault fault) {
  const Bytes body{static_cast<std::uint8_t>(fault)};
  return channel_ ? sealed(LinkMessage::stop, body) : clear(LinkMessage::stop, body);
}

Result<LinkingPipe::Incoming, LinkFault> LinkingPipe::receive(ByteView message) {
  if (message.size() < 2 || message.size() > kLinkingMessageBytesMax || message[0] != kFormat) {
    return LinkFault::malformed;
  }
  const LinkMessage outer{message[1]};
  if (outer != LinkMessage::sealed) {
    const bool due =
        outer == LinkMessage::stop ? !heard_sealed_ : outer < LinkMessage::sealed && !channel_;
    if (!due) return LinkFault::out_of_turn;
    return Incoming{outer, plaintext(message.subspan(1))};
  }
  if (!channel_) return LinkFault::out_of_turn;
  auto opened = channel_->open(message.subspan(2));
  if (!opened.ok()) return fault_of(opened.error());
  heard_sealed_ = true;
  auto bytes = std::move(opened).take();
  if (bytes.size() == 0) return LinkFault::malformed;
  const LinkMessage inner{bytes.reveal()[0]};
  if (inner < LinkMessage::introduce) return LinkFault::out_of_turn;
  return Incoming{inner, std::move(bytes)};
}

LinkFault fault_of_code(const Error& error, LinkFault forged) {
  if (error.failure == Failure::forged) return forged;
  return error.failure == Failure::refused ? LinkFault::weak_key : LinkFault::malformed;
}

LinkFault fault_of_stop(ByteView body) {
  if (body.size() != 1 || body[0] > static_cast<std::uint8_t>(kLinkFaultLast)) {
    return LinkFault::unknown;
  }
  return LinkFault{body[0]};
}

}  // namespace martlet::client
