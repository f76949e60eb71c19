#include "server/member_limits.h"

#include "base/check.h"

namespace martlet::server {

MemberLimits::MemberLimits(UnixMillis now, std::size_t accounts_max)
    : buckets_{{{limits::kLookupsAMinute, now},
                {rate_limits::kAppendsAMinute, now},
                {rate_limits::kHandleRequestsAMinute, now}},
               now,
               accounts_max} {}

TokenBucket& MemberLimits::Buckets::of(RateKind kind) {
  if (kind == RateKind::lookups) return lookups;
  if (kind == RateKind::links) return links;
  CHECK(kind == RateKind::handles);
  return handles;
}

Milliseconds MemberLimits::take(RateKind kind, const AccountId& account, UnixMillis now) {
  const std::lock_guard lock{mutex_};
  const auto wait = buckets_.of(account, now).of(kind).take(now);
  if (wait.count() > 0) refused_.at(static_cast<std::size_t>(kind)).add();
  return wait;
}

std::uint64_t MemberLimits::refused(RateKind kind) const {
  return refused_.at(static_cast<std::size_t>(kind)).get();
}

}  // namespace martlet::server
