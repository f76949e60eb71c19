#include "crypto/classic_cipher.h"

#include "crypto/algorithms.h"

namespace martlet::crypto {

ClassicCipher::ClassicCipher(const ClassicMessageKey& key) : ctx_{EVP_CIPHER_CTX_new()} {
  CHECK(ctx_ != nullptr);
  std::array<std::uint8_t, 16> counter{};
  counter.back() = 1;
  CHECK(EVP_EncryptInit_ex2(ctx_, algorithms().aes_128_ctr, key.reveal().data(), counter.data(),
                            nullptr) == 1);
}

ClassicCipher::~ClassicCipher() { EVP_CIPHER_CTX_free(ctx_); }

void ClassicCipher::apply(ByteView in, std::span<std::uint8_t> out) {
  CHECK(in.size() == out.size());
  int size = 0;
  CHECK(EVP_EncryptUpdate(ctx_, out.data(), &size, in.data(), to_int(in.size())) == 1);
  CHECK(size == to_int(in.size()));
}

}  // namespace martlet::crypto
