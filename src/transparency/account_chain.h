#pragma once

#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "crypto/signing_key.h"

/// The account chain, spec/account-chain.md: the signed, hash-linked list of an account's devices.
namespace martlet::transparency {

enum class Role : std::uint8_t { admin = 1, member = 2 };
enum class LinkType : std::uint8_t { genesis = 1, add, revoke, set_recovery, rekey, veto, retire };

/// A public key for one sealing suite, as signed by its device. Suites we do not know are kept.
struct SuiteKey {
  std::uint8_t suite;
  Bytes key;
};

/// One device now in the chain.
struct ChainDevice {
  DeviceId id;
  Role role;
  crypto::CompressedPoint sign_pk;
  std::vector<SuiteKey> suites;  ///< strictly ascending
  Digest meta_commitment;
  std::uint32_t added_at;  ///< seqno; a rekey keeps it
  bool by_recovery;        ///< the add link was signed by the recovery key
};

using RecoveryKey = std::array<std::uint8_t, 32>;  ///< Ed25519, public

/// Which check of a link or chain failed first; the names are those of the interop tool.
enum class ChainFault : std::uint8_t {
  malformed, place, signer, signature, accept, account, rollback, fork, head
};
const char* name_of(ChainFault fault);

/// Where a chain was when we last believed it. It only grows from there.
struct ChainPin {
  std::uint32_t seqno;
  LinkId head;
  bool operator==(const ChainPin&) const = default;
};

/// A chain all of whose links verified. A value: append gives the verdict and leaves the object as it
/// was when it refuses. Not thread-safe.
class AccountChain {
 public:
  /// Starts a chain from its genesis link.
  static Result<AccountChain, ChainFault> from_genesis(ByteView link);
  /// All links; then `expected` id, and `pin` (shorter: rollback; another link there: fork).
  static Result<AccountChain, ChainFault> verify(std::span<const Bytes> links,
                                                 std::optional<AccountId> expected,
                                                 std::optional<ChainPin> pin);
  /// Checks syntax, place, signer, signature, rights and acceptance, in this order.
  Result<void, ChainFault> append(ByteView link);

  const AccountId& account() const { return account_; }
  std::uint32_t seqno() const { return seqno_; }
  const LinkId& head() const { return head_; }
  ChainPin pin() const { return {seqno_, head_}; }
  bool retired() const { return retired_; }
  const AccountId& previous_account() const { return previous_; }
  const std::optional<RecoveryKey>& recovery() const { return recovery_; }
  const std::vector<AccountId>& vetoes() const { return vetoes_; }
  const std::vector<ChainDevice>& devices() const { return devices_; }  ///< by id
  const ChainDevice* find(const DeviceId& device) const;
  /// 36 letters in nine groups with hyphens: what people compare.
  std::string public_code() const;

 private:
  AccountChain() = default;
  AccountId account_;
  std::uint32_t seqno_ = 0;
  LinkId head_;
  bool retired_ = false;
  AccountId previous_;
  std::optional<RecoveryKey> recovery_;
  std::vector<AccountId> vetoes_;
  std::vector<ChainDevice> devices_;
  std::vector<Digest> ever_used_;  ///< key ids, devices' and recovery keys'; sorted
  friend struct LinkRules;
};

/// The id of a P-256 key, or with `alg` 1 of an Ed25519 key: SHA-256(11 | alg | public key).
DeviceId device_id_of(const crypto::VerifyingKey& key);
Digest key_id_of(std::uint8_t alg, ByteView public_key);

/// What a device says of itself when it enters.
struct DeviceEntry {
  Role role;
  std::vector<SuiteKey> suites;
  Digest meta_commitment{};  ///< zero: no name
};

/// A genesis link without a recovery key, signed by `device`, which must be an admin.
Bytes create_genesis(const crypto::SigningKey& device, const DeviceEntry& entry,
                     const AccountId& previous, std::span<const std::uint8_t, 16> nonce,
                     UnixMillis now);

}  // namespace martlet::transparency
