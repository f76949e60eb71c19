#pragma once

#include <span>

#include "base/bytes.h"
#include "crypto/secret.h"

struct evp_cipher_ctx_st;

namespace martlet::crypto {

using ClassicMessageKey = Secret<16, struct ClassicMessageKeyKind>;  ///< one message, one recipient

/// AES-128-CTR of the classic suite: its first counter block is 15 zero bytes and 01, so a key must
/// never be used for two messages. Encrypts and decrypts. Owned by one thread.
class ClassicCipher {
 public:
  explicit ClassicCipher(const ClassicMessageKey& key);
  ~ClassicCipher();
  ClassicCipher(const ClassicCipher&) = delete;
  ClassicCipher& operator=(const ClassicCipher&) = delete;

  /// The next part of the stream. `in` and `out` are of one size, and the same place or apart.
  void apply(ByteView in, std::span<std::uint8_t> out);

 private:
  evp_cipher_ctx_st* ctx_;
};

}  // namespace martlet::crypto
