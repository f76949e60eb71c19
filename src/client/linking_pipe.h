#pragma once

#include "client/linking_messages.h"
#include "protocol/linking_channel.h"

namespace martlet::client {

/// Puts messages of linking into the channel once there is one, and takes them out. For the two
/// conversations only.
class LinkingPipe {
 public:
  struct Incoming {
    LinkMessage type;
    crypto::Plaintext bytes;  ///< type and body
    ByteView body() const { return bytes.reveal().subspan(1); }
  };

  void open_channel(protocol::LinkingChannel channel) { channel_.emplace(std::move(channel)); }
  bool has_channel() const { return channel_.has_value(); }

  /// For the types up to `mac`.
  static Bytes clear(LinkMessage type, ByteView body);
  /// For the types from `introduce`.
  Bytes sealed(LinkMessage type, ByteView body);
  /// Sealed where there is a channel.
  Bytes stop(LinkFault fault);

  /// A message of a type that is as open or sealed as it must be; a `stop` in the clear counts
  /// until the first sealed message came.
  Result<Incoming, LinkFault> receive(ByteView message);

 private:
  std::optional<protocol::LinkingChannel> channel_;
  bool heard_sealed_ = false;
};

/// Why a step of the short code or a key agreement failed; `forged` is what a forgery means at this
/// step.
LinkFault fault_of_code(const Error& error, LinkFault forged);
/// The reason in the body of a `stop`.
LinkFault fault_of_stop(ByteView body);

}  // namespace martlet::client
