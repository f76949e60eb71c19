#include "protocol/classic.h"

#include <algorithm>
#include <optional>

#include "base/limits.h"
#include "base/reader.h"
#include "crypto/classic_cipher.h"
#include "crypto/hash.h"
#include "protocol/classic_tag.h"

namespace martlet::protocol::classic {
namespace {

constexpr std::size_t kFrontBytes = 3;  // version, body length
constexpr std::size_t kBodyBytesMax = 65'534;
constexpr std::size_t kSignatureBytesMin = 8;
constexpr std::size_t kSignatureBytesMax = 72;
constexpr std::size_t kKeyBytes = crypto::ClassicMessageKey::kBytes;
constexpr std::size_t kHeadBytesMax = 100;
constexpr std::size_t kOlderHeadBytes = 101;
static_assert(kSaltBytes + kTagBytes == kKeyBytes);
static_assert(kBodyBytesMax - crypto::kClassicRsaBytes + kHeadBytesMax ==
              limits::kClassicPlainBytesMax);
static_assert(kFrontBytes + kBodyBytesMax + 1 + kSignatureBytesMax ==
              limits::kClassicEnvelopeBytesMax);

// Identity: the blobs with their lengths in front, and the tags of the directory encoding.
constexpr std::array<std::uint8_t, 2> kSigningBlobFront{0x00, 0x41};
constexpr std::array<std::uint8_t, 2> kEncryptionBlobFront{0x00, 0xac};
constexpr std::array<std::uint8_t, 5> kDerFront{0x30, 0x81, 0xf6, 0x81, 0x43};
constexpr std::array<std::uint8_t, 3> kDerMiddle{0x82, 0x81, 0xae};

/// K and head, as they go into RSA-OAEP.
using OaepInput = crypto::SecretBytes<struct OaepInputKind>;

/// K = L | T. The salt makes it fresh, so the fixed first counter is safe.
crypto::ClassicMessageKey make_key(ByteView plain, const Identity& sender, const Identity& receiver,
                                   Random& random) {
  return crypto::ClassicMessageKey{[&](std::span<std::uint8_t, kKeyBytes> out) {
    const auto salt = out.first<kSaltBytes>();
    random.fill(salt);
    std::ranges::copy(tag_of(salt, plain, sender.hash(), receiver.hash()),
                      out.subspan<kSaltBytes>().begin());
  }};
}

struct Parts {
  ByteView body;
  ByteView block;
  ByteView tail;
  ByteView signature;
};

/// Framing and the DER of the signature: all that can be judged without a key.
Result<Parts> parse(ByteView envelope) {
  Reader in{envelope};
  if (TRY(in.u8()) != kVersion) return Error{Failure::malformed, "unknown version"};
  const std::size_t body_size = TRY(in.u16());
  if (body_size < crypto::kClassicRsaBytes || body_size > kBodyBytesMax) {
    return Error{Failure::malformed, "body length out of range"};
  }
  const auto body = TRY(in.take(body_size));
  const std::size_t signature_size = TRY(in.u8());
  if (signature_size < kSignatureBytesMin || signature_size > kSignatureBytesMax) {
    return Error{Failure::malformed, "signature length out of range"};
  }
  const auto signature = TRY(in.take(signature_size));
  TRY(in.finish());
  if (!crypto::is_strict_der_signature(signature)) {
    return Error{Failure::malformed, "signature not in strict DER"};
  }
  return Parts{body, body.first(crypto::kClassicRsaBytes), body.subspan(crypto::kClassicRsaBytes),
               signature};
}

/// Whether an OAEP plaintext of `size` bytes goes with a tail of `tail_size`.
std::optional<Refusal> fault_in_oaep_size(std::size_t size, std::size_t tail_size) {
  if (size == kKeyBytes + kOlderHeadBytes) return Refusal::older_form;
  const bool fits = tail_size > 0 ? size == kKeyBytes + kHeadBytesMax
                                  : size > kKeyBytes && size <= kKeyBytes + kHeadBytesMax;
  if (!fits) return Refusal::oaep;
  return std::nullopt;
}

}  // namespace

Identity::Identity(crypto::VerifyingKey signing, crypto::ClassicEncryptionKey encryption)
    : signing_{std::move(signing)}, encryption_{std::move(encryption)} {
  hash_ = crypto::sha256(
      {kSigningBlobFront, signing_.uncompressed(), kEncryptionBlobFront, encryption_.der()});
}

Bytes Identity::der() const {
  return concat({kDerFront, kSigningBlobFront, signing_.uncompressed(), kDerMiddle,
                 kEncryptionBlobFront, encryption_.der()});
}

Result<Bytes> seal(const crypto::SigningKey& sender_key, const Identity& sender,
                   const Identity& receiver, ByteView plain, Random& random) {
  if (plain.empty()) return Error{Failure::malformed, "nothing to seal"};
  if (plain.size() > limits::kClassicPlainBytesMax) {
    return Error{Failure::limit_reached, "too long for the classic suite"};
  }
  const auto key = make_key(plain, sender, receiver, random);
  crypto::ClassicCipher cipher{key};
  const auto head = plain.first(std::min(plain.size(), kHeadBytesMax));
  const auto tail = plain.subspan(head.size());
  const OaepInput input{kKeyBytes + head.size(), [&](std::span<std::uint8_t> out) {
                          std::ranges::copy(key.reveal(), out.begin());
                          cipher.apply(head, out.subspan(kKeyBytes));
                          return out.size();
                        }};

  const auto body_size = crypto::kClassicRsaBytes + tail.size();
  Bytes envelope;
  envelope.reserve(kFrontBytes + body_size + 1 + kSignatureBytesMax);
  envelope.resize(kFrontBytes + body_size);
  envelope[0] = kVersion;
  envelope[1] = static_cast<std::uint8_t>(body_size >> 8U);
  envelope[2] = static_cast<std::uint8_t>(body_size);
  const auto body = std::span{envelope}.subspan(kFrontBytes);
  std::ranges::copy(receiver.encryption().encrypt(input.reveal()), body.begin());
  cipher.apply(tail, body.subspan(crypto::kClassicRsaBytes));

  const auto signature = sender_key.sign_classic(body);
  envelope.push_back(static_cast<std::uint8_t>(signature.size()));
  envelope.insert(envelope.end(), signature.begin(), signature.end());
  return envelope;
}

Result<crypto::Plaintext, Refusal> open(const crypto::ClassicDecryptionKey& receiver_key,
                                        const Identity& receiver, const Identity& sender,
                                        ByteView envelope) {
  const auto parsed = parse(envelope);
  if (!parsed.ok()) return Refusal::framing;
  const auto& parts = parsed.value();
  if (!sender.signing().verify_classic(parts.body, parts.signature).ok()) {
    return Refusal::signature;
  }
  const auto decrypted = receiver_key.decrypt(parts.block);
  if (!decrypted.ok()) return Refusal::oaep;
  const auto input = decrypted.value().reveal();
  if (const auto fault = fault_in_oaep_size(input.size(), parts.tail.size())) return *fault;

  const crypto::ClassicMessageKey key{[&](std::span<std::uint8_t, kKeyBytes> out) {
    std::ranges::copy(input.first(kKeyBytes), out.begin());
  }};
  const auto head = input.subspan(kKeyBytes);
  crypto::Plaintext plain{head.size() + parts.tail.size(), [&](std::span<std::uint8_t> out) {
                            crypto::ClassicCipher cipher{key};
                            cipher.apply(head, out.first(head.size()));
                            cipher.apply(parts.tail, out.subspan(head.size()));
                            return out.size();
                          }};
  const auto tag =
      tag_of(key.reveal().first<kSaltBytes>(), plain.reveal(), sender.hash(), receiver.hash());
  if (!crypto::equal_secretly(tag, key.reveal().last<kTagBytes>())) {
    return Refusal::tag;
  }
  return plain;
}

}  // namespace martlet::protocol::classic
