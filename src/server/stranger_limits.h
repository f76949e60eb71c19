#pragma once

#include <mutex>
#include <string>

#include "base/limits.h"
#include "base/meter.h"
#include "server/keyed_buckets.h"
#include "server/token_bucket.h"

namespace martlet::server {

/// One bucket for each network (rate_book.h: network_of), forgotten when it has been full again for
/// a while. At most kAddressesMax of them; further networks share one more. Owned by one thread.
template <class Bucket>
class AddressBuckets {
 public:
  AddressBuckets(std::size_t capacity, UnixMillis now,
                 std::size_t addresses_max = limits::kAddressesMax)
      : buckets_{Bucket{capacity, now}, now, addresses_max} {}

  /// As Bucket::take, for this network.
  Milliseconds take(const std::string& network, UnixMillis now) {
    return buckets_.of(network, now).take(now);
  }
  std::size_t size() const { return buckets_.size(); }

 private:
  KeyedBuckets<std::string, Bucket> buckets_;
};

/// How much strangers may ask of the whole server. Thread-safe; its lock is held for a few look-ups
/// in memory, and never on the way of a message.
class StrangerLimits {
 public:
  explicit StrangerLimits(UnixMillis now);
  /// Zero: go on. Else come back after so long.
  Milliseconds take_lookup(const std::string& network, UnixMillis now);
  /// Of a newcomer without an invitation.
  Milliseconds take_enrolment(const std::string& network, UnixMillis now);
  /// How often somebody was told to come back.
  std::uint64_t lookups_refused() const { return lookups_refused_.get(); }
  std::uint64_t enrolments_refused() const { return enrolments_refused_.get(); }

 private:
  std::mutex mutex_;  ///< guards all below
  AddressBuckets<TokenBucket> lookups_;
  AddressBuckets<HourlyTokenBucket> enrolments_;
  HourlyTokenBucket all_enrolments_;
  Meter lookups_refused_, enrolments_refused_;  ///< written under the lock
};

}  // namespace martlet::server
