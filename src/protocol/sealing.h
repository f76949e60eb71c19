#pragma once

#include "base/random.h"
#include "crypto/classic_rsa.h"
#include "crypto/signing_key.h"

namespace martlet::protocol {

/// The ways to seal. Numbers as in the account chain (spec/account-chain.md).
enum class Suite : std::uint8_t { classic = 1 };

/// A device as others see it: what its account chain signed for.
struct DevicePublicKeys {
  crypto::VerifyingKey signing;
  crypto::ClassicEncryptionKey classic;
};

/// A device's own private keys. Movable only.
struct DevicePrivateKeys {
  crypto::SigningKey signing;
  crypto::ClassicDecryptionKey classic;
  static DevicePrivateKeys generate();
  DevicePublicKeys public_keys() const;
};

/// Pads `content` (padding.h) and seals it for one device. Fails with `limit_reached` when the
/// padded content is longer than kClassicPlainBytesMax. Thread-safe.
Result<Bytes> seal(Suite suite, const DevicePrivateKeys& sender, const DevicePublicKeys& receiver,
                   ByteView content, Random& random);

/// Opens, authenticates sender and receiver, and takes the padding off. Every failure is `forged`
/// or `malformed`, and the sender must not learn which.
Result<crypto::Plaintext> open(Suite suite, const DevicePrivateKeys& receiver,
                               const DevicePublicKeys& sender, ByteView sealed);

}  // namespace martlet::protocol
