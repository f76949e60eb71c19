#pragma once

#include <unordered_map>

#include "base/time.h"

namespace martlet::server {

/// One bucket for each key that asks, forgotten when it has been full again for a while. At most
/// `keys_max` of them; further keys share one more. Owned by one thread.
///
/// A Bucket says in kPeriod how long one that is left alone takes at most until it is full.
template <class Key, class Bucket>
class KeyedBuckets {
 public:
  /// `full` is what a key begins with.
  KeyedBuckets(const Bucket& full, UnixMillis now, std::size_t keys_max)
      : full_{full}, keys_max_{keys_max}, others_{full}, turned_{now} {}

  /// The bucket of this key, until the next call.
  Bucket& of(const Key& key, UnixMillis now) {
    turn(now);
    if (const auto known = fresh_.find(key); known != fresh_.end()) return known->second;
    const auto known = old_.find(key);
    if (known == old_.end() && size() >= keys_max_) return others_;
    auto& bucket = fresh_.emplace(key, known == old_.end() ? full_ : known->second).first->second;
    if (known != old_.end()) old_.erase(known);
    return bucket;
  }
  std::size_t size() const { return fresh_.size() + old_.size(); }

 private:
  using Buckets = std::unordered_map<Key, Bucket>;

  /// Who has not come for a whole period has a full bucket: as good as none.
  void turn(UnixMillis now) {
    if (turned_ <= now && now - turned_ < Bucket::kPeriod) return;
    const bool skipped_one = now - turned_ >= 2 * Bucket::kPeriod;
    turned_ = now;
    old_ = skipped_one ? Buckets{} : std::move(fresh_);
    fresh_ = {};
  }

  const Bucket full_;
  const std::size_t keys_max_;
  Bucket others_;
  UnixMillis turned_;
  Buckets fresh_;  ///< came since `turned_`
  Buckets old_;    ///< came in the period before
};

}  // namespace martlet::server
