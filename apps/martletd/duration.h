#pragma once

#include <optional>
#include <string>

#include "base/time.h"

namespace martlet::daemon {

/// "90s", "30m", "12h", "7d", "2w": a whole number, at least 1, and a unit. Nothing otherwise, and
/// beyond a hundred years.
std::optional<Milliseconds> parse_duration(const std::string& text);

}  // namespace martlet::daemon
