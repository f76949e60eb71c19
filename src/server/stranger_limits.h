#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "base/limits.h"
#include "server/token_bucket.h"

namespace martlet::server {

/// One bucket for each network (rate_book.h: network_of), forgotten when it has been full again for
/// a while. At most kAddressesMax of them; further networks share one more. Owned by one thread.
template <class Bucket>
class AddressBuckets {
 public:
  AddressBuckets(std::size_t capacity, UnixMillis now,
                 std::size_t addresses_max = limits::kAddressesMax)
      : capacity_{capacity}, addresses_max_{addresses_max}, others_{capacity, now}, turned_{now} {}

  /// As Bucket::take, for this network.
  Milliseconds take(const std::string& network, UnixMillis now) {
    turn(now);
    if (const auto known = fresh_.find(network); known != fresh_.end()) {
      return known->second.take(now);
    }
    if (fresh_.size() + old_.size() >= addresses_max_ && !old_.contains(network)) {
      return others_.take(now);
    }
    auto bucket = Bucket{capacity_, now};
    if (const auto known = old_.find(network); known != old_.end()) {
      bucket = known->second;
      old_.erase(known);
    }
    const auto wait = bucket.take(now);
    fresh_.emplace(network, bucket);
    return wait;
  }
  std::size_t size() const { return fresh_.size() + old_.size(); }

 private:
  using Buckets = std::unordered_map<std::string, Bucket>;

  /// Who has not come for a whole period has a full bucket: as good as none.
  void turn(UnixMillis now) {
    if (turned_ <= now && now - turned_ < Bucket::kPeriod) return;
    const bool skipped_one = now - turned_ >= 2 * Bucket::kPeriod;
    turned_ = now;
    old_ = skipped_one ? Buckets{} : std::move(fresh_);
    fresh_ = {};
  }

  std::size_t capacity_;
  std::size_t addresses_max_;
  Bucket others_;
  UnixMillis turned_;
  Buckets fresh_;  ///< came since `turned_`
  Buckets old_;    ///< came in the period before
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

 private:
  std::mutex mutex_;  ///< guards all below
  AddressBuckets<TokenBucket> lookups_;
  AddressBuckets<HourlyTokenBucket> enrolments_;
  HourlyTokenBucket all_enrolments_;
};

}  // namespace martlet::server
