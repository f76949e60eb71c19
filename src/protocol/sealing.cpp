#include "protocol/sealing.h"

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"
#include "protocol/classic.h"
#include "protocol/padding.h"

namespace martlet::protocol {
namespace {

classic::Identity identity_of(const DevicePublicKeys& keys) {
  return classic::Identity{keys.signing, keys.classic};
}

}  // namespace

DevicePrivateKeys DevicePrivateKeys::generate() {
  return {crypto::SigningKey::generate(), crypto::ClassicDecryptionKey::generate()};
}

DevicePublicKeys DevicePrivateKeys::public_keys() const {
  return {signing.verifying_key(), classic.encryption_key()};
}

Result<Bytes> seal(Suite suite, const DevicePrivateKeys& sender, const DevicePublicKeys& receiver,
                   ByteView content, Random& random) {
  CHECK(suite == Suite::classic);
  if (padded_size(content.size()) > limits::kClassicPlainBytesMax) {
    return Error{Failure::limit_reached, "content too long for one envelope"};
  }
  const auto padded = pad(content);
  return classic::seal(sender.signing, identity_of(sender.public_keys()), identity_of(receiver),
                       padded.reveal(), random);
}

Result<crypto::Plaintext> open(Suite suite, const DevicePrivateKeys& receiver,
                               const DevicePublicKeys& sender, ByteView sealed) {
  if (suite != Suite::classic) return Error{Failure::malformed, "unknown suite"};
  const auto opened = classic::open(receiver.classic, identity_of(receiver.public_keys()),
                                    identity_of(sender), sealed);
  if (!opened.ok()) {
    if (opened.error() == classic::Refusal::framing) {
      return Error{Failure::malformed, "not an envelope"};
    }
    return Error{Failure::forged, "envelope does not verify"};
  }
  const auto content = TRY(unpad(opened.value().reveal()));
  return crypto::Plaintext{content.size(), [&](std::span<std::uint8_t> out) {
                             std::ranges::copy(content, out.begin());
                             return out.size();
                           }};
}

}  // namespace martlet::protocol
