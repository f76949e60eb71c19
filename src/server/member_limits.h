#pragma once

#include <mutex>

#include "base/ids.h"
#include "server/keyed_buckets.h"
#include "server/office_meters.h"
#include "server/rate_limits.h"
#include "server/token_bucket.h"

namespace martlet::server {

/// How much all devices of one account may ask of the server, besides what they send
/// (account_rates.h): lookups (of chains and meetings too), links appended, requests about handles.
/// Refused before it costs the office anything. Thread-safe; its lock is held for a look-up in
/// memory, and never on the way of a message.
class MemberLimits {
 public:
  /// At most `accounts_max` are told apart; further ones share one allowance.
  explicit MemberLimits(UnixMillis now, std::size_t accounts_max = rate_limits::kAccountsMax);
  /// `kind` is one of those three. Zero: go on. Else come back after so long.
  Milliseconds take(RateKind kind, const AccountId& account, UnixMillis now);
  /// How often somebody was told to come back.
  std::uint64_t refused(RateKind kind) const;

 private:
  struct Buckets {
    static constexpr Milliseconds kPeriod = TokenBucket::kPeriod;
    TokenBucket lookups, links, handles;
    TokenBucket& of(RateKind kind);
  };

  std::mutex mutex_;  ///< guards all below, but for reading refused_
  KeyedBuckets<AccountId, Buckets> buckets_;
  std::array<Meter, kRateKinds> refused_;
};

}  // namespace martlet::server
