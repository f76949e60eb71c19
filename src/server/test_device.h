#pragma once

#include "base/check.h"
#include "base/random.h"
#include "transparency/link_builder.h"
#include "wire/frames.h"

namespace martlet::server {

/// A device for tests and load: a real signing key, and a sealing key that has only the right shape
/// (nobody seals to it, and RSA keys take long to make).
struct TestDevice {
  crypto::SigningKey key;
  DeviceId id;
  transparency::DeviceEntry entry;
  AccountId account;  ///< after found_account or after a link has let it in
  LinkId head;
  std::vector<Bytes> links;

  static TestDevice make(Random& random) {
    auto key = make_key(random);
    const auto id = transparency::device_id_of(key.verifying_key());
    return TestDevice{std::move(key), id, make_entry(random), {}, {}, {}};
  }

  /// Starts an account with this device alone.
  void found_account(Random& random, UnixMillis now) {
    std::array<std::uint8_t, 16> nonce;
    random.fill(nonce);
    links = {transparency::create_genesis(key, entry, {}, nonce, now)};
    const auto verified = chain();
    account = verified.account();
    head = verified.head();
  }

  transparency::AccountChain chain() const {
    auto verified = transparency::AccountChain::verify(links, std::nullopt, std::nullopt);
    CHECK(verified.ok());
    return std::move(verified).take();
  }

  wire::Authenticate authenticate(ByteView nonce, ByteView exporter) const {
    wire::Authenticate body;
    body.device = id;
    body.signature = key.sign(wire::kLoginContext, concat({nonce, exporter}));
    return body;
  }

 private:
  static crypto::SigningKey make_key(Random& random) {
    for (;;) {  // a scalar at or above the group's order is drawn again
      std::array<std::uint8_t, 32> scalar;
      random.fill(scalar);
      auto key = crypto::SigningKey::from_scalar(scalar);
      if (key.ok()) return std::move(key).take();
    }
  }

  static transparency::DeviceEntry make_entry(Random& random) {
    std::array<std::uint8_t, 160> modulus;
    random.fill(modulus);
    modulus.front() |= 0x80;
    modulus.back() |= 0x01;
    const std::uint8_t head[] = {0x30, 0x81, 0xa9, 0x02, 0x81, 0xa1, 0x00};
    const std::uint8_t exponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};
    return transparency::classic_device_entry(transparency::Role::admin,
                                              concat({head, modulus, exponent}));
  }
};

}  // namespace martlet::server
