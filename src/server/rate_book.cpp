#include "server/rate_book.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/bytes.h"

namespace martlet::server {

Milliseconds RateBook::wait(const std::string& name, UnixMillis now) const {
  const auto found = times_.find(name);
  if (found == times_.end()) {
    return times_.size() < names_max_ ? Milliseconds{} : window_;
  }
  const auto& times = found->second;
  if (times.size() < most_ || !is_recent(times.front(), now)) return Milliseconds{};
  // A clock that was set back makes nobody wait longer than the window.
  return std::min(times.front() + window_ - now, window_);
}

void RateBook::count(const std::string& name, UnixMillis now) {
  auto& times = times_[name];
  if (times.size() == most_) times.erase(times.begin());
  times.push_back(now);
}

void RateBook::expire(UnixMillis now) {
  std::erase_if(times_, [&](const auto& entry) { return !is_recent(entry.second.back(), now); });
}

std::string network_of(const std::string& address) {
  in6_addr parsed{};
  if (::inet_pton(AF_INET6, address.c_str(), &parsed) != 1) return address;
  const ByteView bytes{parsed.s6_addr};
  if (IN6_IS_ADDR_V4MAPPED(&parsed)) {
    char text[INET_ADDRSTRLEN] = {};
    return ::inet_ntop(AF_INET, bytes.data() + 12, text, sizeof text) != nullptr ? text : address;
  }
  return to_hex(bytes.first(8)) + "/64";
}

}  // namespace martlet::server
