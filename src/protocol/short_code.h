#pragma once

#include <optional>
#include <string>

#include "base/ids.h"
#include "crypto/x25519.h"

/// Two people compare eight digits, and know that nobody sits between their devices: commit,
/// answer, reveal (spec/linking.md, section 4). Whoever sits between may guess once a run, 1 in
/// 10^8.
namespace martlet::protocol {

enum class ShortCodePurpose : std::uint8_t { person = 1, linking = 2 };
inline constexpr std::size_t kShortCodeContextBytesMax = 512;
using ShortCodeNonce = std::array<std::uint8_t, 32>;
using ShortCodeKey = crypto::Secret<32, struct ShortCodeKeyKind>;  ///< keys the MACs

/// All that goes into the code but the shared secret. `a` is the side that commits.
struct ShortCodeInputs {
  ShortCodePurpose purpose;
  crypto::X25519Public key_a, key_b;
  ShortCodeNonce nonce_a, nonce_b;
  Bytes context_a, context_b;
};
/// What both sides have in the end.
struct ShortCode {
  std::string digits;  ///< eight of them, to be compared
  Digest transcript;
  ShortCodeKey mac_key;
  Digest mac_a() const;
  Digest mac_b() const;
};
Digest short_code_commitment(const crypto::X25519Public& key, const ShortCodeNonce& nonce);
ShortCode create_short_code(const ShortCodeInputs& inputs, const crypto::X25519Shared& shared);

/// The side that commits, A. Each call takes what the other side sent and gives what to send.
/// Failures: `malformed`; `forged` for a MAC; `refused` for a weak key. After one the run is over.
/// Calls out of order are our own bug.
class ShortCodeA {
 public:
  ShortCodeA(ShortCodePurpose purpose, crypto::X25519Key key, const ShortCodeNonce& nonce,
             Bytes context);
  /// c[32] | context<u16>. The context goes with the commitment: chosen later it could be varied
  /// until the digits fit.
  Bytes commit() const;
  /// Takes X_B[32] | r_B[32] | context<u16>, gives X_A[32] | r_A[32].
  Result<Bytes> on_answer(ByteView answer);
  /// Takes B's MAC and gives A's. Now the digits may be shown.
  Result<Bytes> on_mac(ByteView mac);

  const ShortCodeInputs& inputs() const { return inputs_; }
  const ShortCode& code() const { return *code_; }                 ///< after on_answer
  const crypto::X25519Shared& shared() const { return *shared_; }  ///< after on_answer

 private:
  crypto::X25519Key key_;
  ShortCodeInputs inputs_;
  std::optional<crypto::X25519Shared> shared_;
  std::optional<ShortCode> code_;
};

/// The side that answers, B. `key` must outlive it.
class ShortCodeB {
 public:
  ShortCodeB(ShortCodePurpose purpose, const crypto::X25519Key& key, const ShortCodeNonce& nonce,
             Bytes context);
  /// Takes c[32] | context<u16>, gives X_B[32] | r_B[32] | context<u16>.
  Result<Bytes> on_commit(ByteView commit);
  /// Takes X_A[32] | r_A[32], gives B's MAC. Fails with `forged` if A committed to something else.
  Result<Bytes> on_reveal(ByteView reveal);
  /// Takes A's MAC. Now the digits may be shown.
  Result<void> on_mac(ByteView mac);

  const ShortCodeInputs& inputs() const { return inputs_; }
  const ShortCode& code() const { return *code_; }                 ///< after on_reveal
  const crypto::X25519Shared& shared() const { return *shared_; }  ///< after on_reveal

 private:
  const crypto::X25519Key& key_;
  ShortCodeInputs inputs_;
  Digest commitment_{};
  std::optional<crypto::X25519Shared> shared_;
  std::optional<ShortCode> code_;
};

}  // namespace martlet::protocol
