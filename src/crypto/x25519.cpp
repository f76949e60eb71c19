#include "crypto/x25519.h"

#include "crypto/openssl_ptr.h"

namespace martlet::crypto {
namespace {

Pkey private_key(const X25519Key::Scalar& scalar) {
  Pkey key{EVP_PKEY_new_raw_private_key_ex(nullptr, "X25519", nullptr, scalar.reveal().data(),
                                           kX25519Bytes)};
  CHECK(key);
  return key;
}

}  // namespace

X25519Key X25519Key::create(Random& random) {
  return X25519Key{Scalar{[&](std::span<std::uint8_t, kX25519Bytes> out) { random.fill(out); }}};
}

X25519Key::X25519Key(Scalar scalar) : scalar_{std::move(scalar)} {
  const auto key = private_key(scalar_);
  std::size_t size = public_.size();
  CHECK(EVP_PKEY_get_raw_public_key(key.get(), public_.data(), &size) == 1);
}

Result<X25519Shared> X25519Key::agree(ByteView peer) const {
  if (peer.size() != kX25519Bytes) return Error{Failure::malformed, "an X25519 key has 32 bytes"};
  const QuietErrors quiet;
  const auto key = private_key(scalar_);
  const Pkey other{
      EVP_PKEY_new_raw_public_key_ex(nullptr, "X25519", nullptr, peer.data(), peer.size())};
  const PkeyCtx ctx{EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr)};
  CHECK(other && ctx);
  CHECK(EVP_PKEY_derive_init(ctx.get()) == 1);
  CHECK(EVP_PKEY_derive_set_peer(ctx.get(), other.get()) == 1);
  bool derived = false;
  X25519Shared shared{[&](std::span<std::uint8_t, kX25519Bytes> out) {
    std::size_t size = out.size();
    derived = EVP_PKEY_derive(ctx.get(), out.data(), &size) == 1 && size == out.size();
  }};
  // OpenSSL refuses the all-zero secret; we do not lean on that.
  std::uint8_t any = 0;
  for (const auto byte : shared.reveal()) any = static_cast<std::uint8_t>(any | byte);
  if (!derived || any == 0) return Error{Failure::refused, "a shared secret of zeros"};
  return shared;
}

}  // namespace martlet::crypto
