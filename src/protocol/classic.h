#pragma once

#include <variant>

#include "base/ids.h"
#include "base/random.h"
#include "crypto/classic_rsa.h"
#include "crypto/signing_key.h"

/// The classic suite, spec/sealing-classic.md: RSA-1280 OAEP, AES-128-CTR, HMAC tag, ECDSA P-256.
namespace martlet::protocol::classic {

/// Both public keys of a device, and H(id), the hash that the tag binds.
class Identity {
 public:
  Identity(crypto::VerifyingKey signing, crypto::ClassicEncryptionKey encryption);
  /// The 249-byte directory encoding.
  Bytes der() const;
  const Digest& hash() const { return hash_; }
  const crypto::VerifyingKey& signing() const { return signing_; }
  const crypto::ClassicEncryptionKey& encryption() const { return encryption_; }

 private:
  crypto::VerifyingKey signing_;
  crypto::ClassicEncryptionKey encryption_;
  Digest hash_;
};

/// Why an envelope was refused. For tools and tests; never told to the sender.
enum class Refusal : std::uint8_t { framing, signature, oaep, tag, older_form };

/// Seals `plain` (1 to kClassicPlainBytesMax bytes, else `limit_reached`; empty: `malformed`).
Result<Bytes> seal(const crypto::SigningKey& sender_key, const Identity& sender,
                   const Identity& receiver, ByteView plain, Random& random);

/// Opens one envelope, checking framing, signature, OAEP and tag in this order.
Result<crypto::Plaintext, Refusal> open(const crypto::ClassicDecryptionKey& receiver_key,
                                        const Identity& receiver, const Identity& sender,
                                        ByteView envelope);

}  // namespace martlet::protocol::classic
