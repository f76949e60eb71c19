#pragma once

#include <optional>
#include <vector>

#include "base/ids.h"
#include "crypto/signing_key.h"

/// The account chain, spec/account-chain.md: the signed, hash-linked list of an account's devices.
namespace martlet::transparency {

inline constexpr std::uint8_t kAlgEd25519 = 1;  ///< recovery keys
inline constexpr std::uint8_t kAlgP256 = 2;     ///< device keys
inline constexpr std::uint8_t kSuiteClassic = 1;
inline constexpr std::uint8_t kSuiteRatchet = 2;

enum class Role : std::uint8_t {
  admin = 1,   ///< approves and revokes
  member = 2,  ///< may only leave, rekey itself and veto
};

/// A public key for one sealing suite, as signed by its device. Suites we do not know are kept.
struct SuiteKey {
  std::uint8_t suite;
  Bytes key;
  bool operator==(const SuiteKey&) const = default;
};

using RecoveryKey = std::array<std::uint8_t, 32>;  ///< Ed25519, public

/// What a device says of itself when it enters.
struct DeviceEntry {
  Role role;
  std::vector<SuiteKey> suites;
  Digest meta_commitment{};  ///< zero: no name
};

/// The entry of a device that has the classic suite alone, and no name. `classic_key` is the
/// 172-byte RSAPublicKey; anything else is our own bug.
DeviceEntry classic_device_entry(Role role, ByteView classic_key);

/// The shape that a suite 1 key must have in a link: 172 bytes of DER, e = 65537, the modulus odd
/// with its top bit set. Whether it is a product of two primes nobody can tell; sealing copes.
bool is_classic_key_shape(ByteView key);

/// The key of a suite, or null. The pointer lives as long as `suites`.
const Bytes* suite_key(const std::vector<SuiteKey>& suites, std::uint8_t suite);

/// SHA-256(11 | alg | public key): of a compressed P-256 point the device id, of an Ed25519 key the
/// recovery key's id.
Digest key_id_of(std::uint8_t alg, ByteView public_key);
/// The id of a P-256 key.
DeviceId device_id_of(const crypto::VerifyingKey& key);

/// SHA-256(13 | opening | name<u8> | platform<u8>). The texts travel in encrypted messages only,
/// the commitment in the chain. Each text is UTF-8 of at most 255 bytes, else `limit_reached`.
Result<Digest> device_name_commitment(std::span<const std::uint8_t, 32> opening,
                                      std::string_view name, std::string_view platform);

}  // namespace martlet::transparency
