#pragma once

#include <algorithm>

#include "base/writer.h"
#include "crypto/classic_cipher.h"
#include "protocol/classic.h"
#include "protocol/classic_tag.h"

/// For tests and fuzz targets only: envelopes of the classic suite put together part by part, so
/// that each part can be wrong while all others are right.
namespace martlet::protocol::classic {

/// A device of a test.
struct Party {
  crypto::SigningKey signing = crypto::SigningKey::generate();
  crypto::ClassicDecryptionKey encryption = crypto::ClassicDecryptionKey::generate();
  Identity identity{signing.verifying_key(), encryption.encryption_key()};
};

/// Frames `block` and `tail` and signs them properly.
inline Bytes signed_by(const crypto::SigningKey& signer, ByteView block, ByteView tail) {
  const auto body = concat({block, tail});
  Writer out;
  out.u8(kVersion).prefixed_u16(body).prefixed_u8(signer.sign_classic(body));
  return std::move(out).take();
}

/// AES-128-CTR of the suite with a key of plain bytes.
inline Bytes crypt(ByteView key, ByteView bytes) {
  Bytes out(bytes.size());
  crypto::ClassicCipher{crypto::ClassicMessageKey{[&](std::span<std::uint8_t, 16> to) {
    std::ranges::copy(key, to.begin());
  }}}.apply(bytes, out);
  return out;
}

/// What a sender puts together, before RSA and the signature.
struct Draft {
  Bytes key;   ///< L | T
  Bytes head;  ///< goes behind the key into OAEP
  Bytes tail;
};

inline Draft draft_of(ByteView plain, const Identity& sender, const Identity& receiver,
                      ByteView salt, std::size_t head_bytes = 100) {
  Draft draft;
  draft.key = concat({salt, tag_of(salt, plain, sender.hash(), receiver.hash())});
  const auto sealed = crypt(draft.key, plain);
  const ByteView all{sealed};
  const auto head = all.first(std::min(sealed.size(), head_bytes));
  draft.head = copy_of(head);
  draft.tail = copy_of(all.subspan(head.size()));
  return draft;
}

inline Bytes finish(const Draft& draft, const crypto::SigningKey& signer,
                    const Identity& receiver) {
  return signed_by(signer, receiver.encryption().encrypt(concat({draft.key, draft.head})),
                   draft.tail);
}

}  // namespace martlet::protocol::classic
