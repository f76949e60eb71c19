#pragma once

#include <array>
#include <memory>

#include "base/bytes.h"

namespace martlet::bench {

/// The OpenSSL operations that sealing and opening cannot do without, and nothing else: keys are
/// loaded, algorithms fetched, contexts set up once and used again, no memory is asked for, nothing
/// is checked or framed. As fast as libcrypto lets one thread be. For one length of plaintext.
class BareOpenssl {
 public:
  explicit BareOpenssl(std::size_t plain_bytes);
  ~BareOpenssl();
  BareOpenssl(const BareOpenssl&) = delete;
  BareOpenssl& operator=(const BareOpenssl&) = delete;

  void seal();  ///< random salt, HMAC-SHA256, AES-128-CTR, OAEP encrypt, SHA-1, ECDSA sign
  void
  open();  ///< SHA-1, ECDSA verify, OAEP decrypt, AES-128-CTR, HMAC-SHA256; of what seal() made

 private:
  void crypt();
  void tag();

  struct Handles;
  std::unique_ptr<Handles> handles_;
  std::array<std::uint8_t, 16> key_{};
  Bytes plain_;  ///< with the version and both hashes behind, as the tag covers it
  std::size_t plain_bytes_;
  Bytes sealed_;  ///< AES output
  Bytes body_;    ///< block, then tail
  std::array<std::uint8_t, 160> opened_{};
  std::array<std::uint8_t, 72> signature_{};
  std::size_t signature_bytes_ = 0;
};

}  // namespace martlet::bench
