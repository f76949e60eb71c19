#include "crypto/pem.h"

#include <openssl/pem.h>

namespace martlet::crypto {
namespace {

/// One PEM block. The data may be a private key: wiped when released.
struct Block {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;

  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() {
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(size));
  }
  bool read(BIO* from) { return PEM_read_bio(from, &name, &header, &data, &size) == 1; }
};

EVP_PKEY* decode_pkcs8(const unsigned char** at, long size) {
  const Pkcs8 info{d2i_PKCS8_PRIV_KEY_INFO(nullptr, at, size)};
  return info ? EVP_PKCS82PKEY(info.get()) : nullptr;
}

EVP_PKEY* decode(std::string_view name, const unsigned char** at, long size) {
  if (name == PEM_STRING_PUBLIC) return d2i_PUBKEY(nullptr, at, size);
  if (name == PEM_STRING_PKCS8INF) return decode_pkcs8(at, size);
  if (name == PEM_STRING_ECPRIVATEKEY) return d2i_PrivateKey(EVP_PKEY_EC, nullptr, at, size);
  if (name == PEM_STRING_RSA) return d2i_PrivateKey(EVP_PKEY_RSA, nullptr, at, size);
  if (name == PEM_STRING_RSA_PUBLIC) return d2i_PublicKey(EVP_PKEY_RSA, nullptr, at, size);
  return nullptr;
}

}  // namespace

Pkey key_from_pem(std::string_view pem) {
  const QuietErrors quiet;
  const Bio bio{BIO_new_mem_buf(pem.data(), to_int(pem.size()))};
  CHECK(bio);
  while (true) {
    Block block;
    if (!block.read(bio.get())) return nullptr;
    // `openssl ecparam -genkey` writes the name of the curve in front of the key.
    if (block.name == std::string_view{PEM_STRING_ECPARAMETERS}) continue;
    if (*block.header != '\0') return nullptr;
    const unsigned char* at = block.data;
    Pkey key{decode(block.name, &at, block.size)};
    return at == block.data + block.size ? std::move(key) : nullptr;
  }
}

}  // namespace martlet::crypto
