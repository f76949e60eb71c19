#pragma once

#include <optional>
#include <vector>

#include "transparency/device_entry.h"
#include "transparency/link.h"

/// The account chain, spec/account-chain.md: the signed, hash-linked list of an account's devices.
namespace martlet::transparency {

/// One device now in the chain.
struct ChainDevice {
  DeviceId id;
  Role role;
  crypto::CompressedPoint sign_pk;
  std::vector<SuiteKey> suites;  ///< strictly ascending
  Digest meta_commitment;
  std::uint32_t added_at;  ///< seqno; a rekey keeps it
  bool by_recovery;        ///< the add link was signed by the recovery key; a rekey keeps it
};

/// The device's key for a suite, or null. The pointer lives as long as the device.
inline const Bytes* suite_key(const ChainDevice& device, std::uint8_t suite) {
  return suite_key(device.suites, suite);
}

/// Which check of a link or chain failed first; the names are those of the interop tool.
enum class ChainFault : std::uint8_t {
  malformed,  ///< bytes that do not parse
  place,      ///< position, counts, unknown target, key used before
  signer,     ///< unknown, or without the right
  signature,  ///< does not verify
  accept,     ///< acceptance missing, wrong or stray
  account,    ///< another account than expected; named `head`
  rollback,   ///< shorter than the pin
  fork,       ///< another link where the pin is
  head        ///< does not end as the directory proved
};
const char* name_of(ChainFault fault);

/// Where a chain was when we last believed it. It only grows from there.
struct ChainPin {
  std::uint32_t seqno;
  LinkId head;
  bool operator==(const ChainPin&) const = default;
};

/// A chain all of whose links verified. A value: append gives the verdict and leaves the object as
/// it was when it refuses. Not thread-safe.
class AccountChain {
 public:
  /// Starts a chain from its genesis link.
  static Result<AccountChain, ChainFault> from_genesis(ByteView link);
  /// All links (none: malformed); then `expected` id, and `pin` (shorter: rollback; another link
  /// there: fork).
  static Result<AccountChain, ChainFault> verify(std::span<const Bytes> links,
                                                 std::optional<AccountId> expected,
                                                 std::optional<ChainPin> pin);
  /// Checks syntax, place, signer, signature, rights and acceptance, in this order.
  Result<void, ChainFault> append(ByteView link);
  /// Fails with `head` unless the chain ends as the directory proved.
  Result<void, ChainFault> check_end(const ChainPin& proven, bool proven_retired) const;

  const AccountId& account() const { return account_; }
  std::uint32_t seqno() const { return seqno_; }
  const LinkId& head() const { return head_; }
  ChainPin pin() const { return {seqno_, head_}; }
  bool retired() const { return retired_; }
  const AccountId& previous_account() const { return previous_; }
  const std::optional<RecoveryKey>& recovery() const { return recovery_; }
  const std::vector<AccountId>& vetoes() const { return vetoes_; }  ///< in the order of their links
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

/// A genesis link without a recovery key, signed by `device`, which must be an admin.
Bytes create_genesis(const crypto::SigningKey& device, const DeviceEntry& entry,
                     const AccountId& previous, std::span<const std::uint8_t, 16> nonce,
                     UnixMillis now);

}  // namespace martlet::transparency
