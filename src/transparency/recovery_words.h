#pragma once

#include <string_view>
#include <vector>

#include "base/random.h"
#include "transparency/link_builder.h"

/// The 24 words on paper that can bring an account back (spec/account-chain.md, "Recovery words").
namespace martlet::transparency {

inline constexpr std::size_t kRecoveryWords = 24;
inline constexpr std::size_t kRecoveryTextBytesMax = 1'024;

/// What the words stand for.
using RecoveryEntropy = crypto::Secret<32, struct RecoveryEntropyKind>;
using RecoveryText = crypto::SecretBytes<struct RecoveryTextKind>;

RecoveryEntropy create_recovery_entropy(Random& random);
/// The words, lower case, one blank between.
RecoveryText recovery_words(const RecoveryEntropy& entropy);

/// Why words are refused, so that a person can find the slip.
struct RecoveryWordsFault {
  enum class Kind : std::uint8_t {
    count,     ///< not 24 words; `place` says how many
    unknown,   ///< the word at `place`, counted from 1, is not in the list
    checksum,  ///< all are in the list, but do not belong together: one is another, or two changed
               ///< places
  };
  Kind kind;
  std::size_t place = 0;
  std::vector<std::string_view> similar;  ///< for `unknown`: up to three words it may have been
};

/// Reads words as people type them: upper case and any white space between. Not their numbers.
Result<RecoveryEntropy, RecoveryWordsFault> parse_recovery_words(std::string_view text);

/// Seed of the recovery key: HKDF-SHA256 of the entropy, no salt, info `kt-recovery-sign-v1`.
RecoverySeed recovery_seed_of(const RecoveryEntropy& entropy);

}  // namespace martlet::transparency
