#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"

namespace martlet::server {

/// Counts what each of many names did within a sliding window. In memory: a restart forgets.
/// Pure; for one thread.
class RateBook {
 public:
  /// At most `most` within `window` a name; at most `names_max` names, then unknown ones wait.
  RateBook(std::size_t most, Milliseconds window, std::size_t names_max)
      : most_{most}, window_{window}, names_max_{names_max} {}

  /// How long until `name` may do it again; zero: now. Counts nothing.
  Milliseconds wait(const std::string& name, UnixMillis now) const;
  void count(const std::string& name, UnixMillis now);
  /// Forgets what is older than the window.
  void expire(UnixMillis now);
  std::size_t names() const { return times_.size(); }

 private:
  bool is_recent(UnixMillis time, UnixMillis now) const { return now - time < window_; }

  const std::size_t most_;
  const Milliseconds window_;
  const std::size_t names_max_;
  std::map<std::string, std::vector<UnixMillis>> times_;  ///< oldest first, at most `most_`
};

/// Whom a rate limit counts: an IPv4 address as it is, an IPv6 address by its first 64 bits (one
/// subscriber has them all). What is neither is taken as it is.
std::string network_of(const std::string& address);

}  // namespace martlet::server
