#pragma once

#include <string>

#include "base/ids.h"
#include "crypto/x25519.h"

/// What a new device shows as a QR code (spec/linking.md, section 2).
namespace martlet::protocol {

inline constexpr std::size_t kLinkServerBytesMax = 255;
inline constexpr std::string_view kLinkPayloadPrefix = "MARTLET:";

/// Known to those who saw the code, and to nobody else.
using LinkSecret = crypto::Secret<16, struct LinkSecretKind>;
/// How a server calls a meeting of two devices.
using RendezvousName = std::array<std::uint8_t, 16>;

struct LinkPayload {
  Digest key_part_hash;
  crypto::X25519Public newcomer;  ///< its key for the channel
  LinkSecret secret;
  std::string server;  ///< 1 to 255 visible ASCII characters
};

/// The text of the code. A server out of bounds is our own bug.
std::string encode_link_payload(const LinkPayload& payload);
/// Takes either case and blanks around, as people paste. Else exactly one encoding; `malformed`.
Result<LinkPayload> parse_link_payload(std::string_view text);

/// The first 16 bytes of SHA-256(secret).
RendezvousName rendezvous_name(const LinkSecret& secret);
/// SHA-256(12 | KeyPart).
Digest key_part_hash(ByteView key_part);

}  // namespace martlet::protocol
