#include "server/stranger_limits.h"

namespace martlet::server {

StrangerLimits::StrangerLimits(UnixMillis now)
    : lookups_{limits::kStrangerLookupsAMinute, now},
      enrolments_{limits::kOpenEnrolmentsAnHour, now},
      all_enrolments_{limits::kOpenEnrolmentsAnHourTotal, now} {}

Milliseconds StrangerLimits::take_lookup(const std::string& network, UnixMillis now) {
  const std::lock_guard lock{mutex_};
  const auto wait = lookups_.take(network, now);
  if (wait.count() > 0) lookups_refused_.add();
  return wait;
}

/// His own allowance first: who has used it up must not use up that of all.
Milliseconds StrangerLimits::take_enrolment(const std::string& network, UnixMillis now) {
  const std::lock_guard lock{mutex_};
  auto wait = enrolments_.take(network, now);
  if (wait.count() == 0) wait = all_enrolments_.take(now);
  if (wait.count() > 0) enrolments_refused_.add();
  return wait;
}

}  // namespace martlet::server
