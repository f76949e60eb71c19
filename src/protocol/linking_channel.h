#pragma once

#include "crypto/aes_gcm.h"
#include "protocol/link_payload.h"

namespace martlet::protocol {

inline constexpr std::size_t kLinkingSealOverhead = 4 + crypto::kGcmTagBytes;

/// One end of the sealed channel between a new device and the one that approves it
/// (spec/linking.md, section 5). Movable only; owned by one conversation.
class LinkingChannel {
 public:
  enum class Side : std::uint8_t { newcomer, approver };
  enum class Fault : std::uint8_t {
    malformed,  ///< no room for counter and tag
    replay,     ///< a message that came before
    gap,        ///< one before it is missing
    forged      ///< the tag does not verify: another key, or changed bytes
  };
  /// What both sides must have the same of.
  struct Roots {
    ByteView secret;  ///< of the QR code, or the MAC key of the short code
    const crypto::X25519Shared& shared;
    const crypto::X25519Public& newcomer;
    const crypto::X25519Public& approver;
    const Digest& key_part_hash;
  };
  LinkingChannel(Side side, const Roots& roots);

  /// u32 counter | ciphertext | tag[16].
  Bytes seal(ByteView plain);
  /// Leaves the channel as it was when it fails.
  Result<crypto::Plaintext, Fault> open(ByteView sealed);

 private:
  using Keys = crypto::Secret<64, struct LinkingKeysKind>;
  LinkingChannel(Side side, const Keys& keys);
  crypto::Aes256Key send_key_;
  crypto::Aes256Key receive_key_;
  std::uint32_t sent_ = 0;
  std::uint32_t received_ = 0;
};

}  // namespace martlet::protocol
