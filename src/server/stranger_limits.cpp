#include "server/stranger_limits.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

namespace martlet::server {

AddressKey address_key(std::string_view address) {
  AddressKey key;
  const std::string text{address};
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    key.bytes[0] = 4;
    std::copy_n(bytes.begin(), 4, key.bytes.begin() + 1);
  } else if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
    key.bytes[0] = 6;
    std::copy_n(bytes.begin(), 8, key.bytes.begin() + 1);
  }
  return key;
}

StrangerLimits::StrangerLimits(UnixMillis now)
    : lookups_{limits::kStrangerLookupsAMinute, now},
      enrolments_{limits::kOpenEnrolmentsAnHour, now},
      all_enrolments_{limits::kOpenEnrolmentsAnHourTotal, now} {}

Milliseconds StrangerLimits::take_lookup(const AddressKey& address, UnixMillis now) {
  const std::lock_guard lock{mutex_};
  return lookups_.take(address, now);
}

/// His own allowance first: who has used it up must not use up that of all.
Milliseconds StrangerLimits::take_enrolment(const AddressKey& address, UnixMillis now) {
  const std::lock_guard lock{mutex_};
  const auto wait = enrolments_.take(address, now);
  return wait.count() > 0 ? wait : all_enrolments_.take(now);
}

}  // namespace martlet::server
