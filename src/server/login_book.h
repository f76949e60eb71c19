#pragma once

#include <optional>
#include <unordered_map>

#include "base/ids.h"
#include "wire/frames.h"

namespace martlet::server {

/// The last login of each device, to notice a second copy of its profile, or an old one that was
/// restored (spec/wire.md section 3). Kept in memory: after a restart of the server the first login
/// of each device is believed. Owned by the office.
class LoginBook {
 public:
  /// Notes a login. If it does not continue the last one, nothing changes, and the last one is
  /// given back. A login repeated is none.
  std::optional<wire::LoginMark> note(const DeviceId& device, const wire::LoginMark& login,
                                      const std::array<std::uint8_t, 16>& previous_mark);

 private:
  std::unordered_map<DeviceId, wire::LoginMark> last_;
};

}  // namespace martlet::server
