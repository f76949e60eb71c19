#pragma once

#include <filesystem>

#include "apps/martletd/complaint.h"
#include "gateways/sms_gateway.h"

namespace martlet::daemon {

/// A password or key in a file of its own, so that settings can be shown to anybody. One line break
/// at the end does not count. A usage complaint, which never quotes the content: not readable, read
/// by everybody (mode), shorter than `least` or longer than kSecretBytesMax, several lines.
Outcome<gateways::GatewaySecret> read_secret_file(const std::filesystem::path& path,
                                                  std::size_t least = 1);

}  // namespace martlet::daemon
