#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

/// As much of the client protocol of NATS (docs.nats.io, "Client Protocol") as a load needs.
namespace martlet::bench::nats {

Bytes subscribe(std::string_view subject);  ///< as subscription 1: a client has one
Bytes publish(std::string_view subject, std::string_view reply_to, ByteView content);

struct Operation {
  enum class Kind : std::uint8_t { message, ping, pong, other };
  Kind kind = Kind::other;
  std::string_view subject;   ///< of a message
  std::string_view reply_to;  ///< may be empty
  ByteView content;
  std::size_t size = 0;  ///< of the whole operation
};
/// The operation that `bytes` begin with; nothing: more bytes are needed. One that makes no sense
/// has size 0. Views are into `bytes`.
std::optional<Operation> first_operation(ByteView bytes);

}  // namespace martlet::bench::nats
