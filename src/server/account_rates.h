#pragma once

#include "base/ids.h"
#include "server/keyed_buckets.h"
#include "server/office_meters.h"
#include "server/rate_limits.h"
#include "server/token_bucket.h"

namespace martlet::server {

/// How much all devices of one account may send together, a minute in the long run and at once; 0:
/// as much as they like.
struct SendRates {
  std::size_t sends = 0;      ///< Send frames
  std::size_t envelopes = 0;  ///< in them, at least kEnvelopesASendMax
  std::size_t bytes = 0;      ///< of the frames, at least kFrameBytesMax
};

/// Counts what accounts send and says who has to wait: a token bucket for each account and kind.
/// A Send passes while its account owes nothing, and may leave it in debt, so that a large one
/// passes too. In memory: a restart forgets. Owned by the office.
class AccountRates {
 public:
  /// At most `accounts_max` are told apart; further ones share one allowance.
  AccountRates(const SendRates& rates, UnixMillis now,
               std::size_t accounts_max = rate_limits::kAccountsMax);

  /// Zero: it may go, and was counted. Else it may come again after so long; then nothing was
  /// counted but in `limited`, by RateKind.
  Milliseconds charge(const AccountId& account, std::size_t envelopes, std::size_t bytes,
                      UnixMillis now, std::array<Meter, kRateKinds>& limited);
  /// Those told apart at the moment.
  std::size_t accounts() const { return buckets_.size(); }

  /// Less is not worth coming back for: a client with many recipients asks for each.
  static constexpr Milliseconds kWaitMin{1'000};

 private:
  struct Buckets {
    static constexpr Milliseconds kPeriod = 2 * TokenBucket::kPeriod;  ///< half of it to pay a debt
    TokenBucket sends, envelopes, bytes;
  };

  const SendRates rates_;
  KeyedBuckets<AccountId, Buckets> buckets_;
};

}  // namespace martlet::server
