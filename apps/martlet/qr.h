#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace martlet::cli {

/// A QR code (ISO/IEC 18004, error correction L) of `text`, drawn for a terminal with half blocks
/// in black on white, with the quiet zone of four modules around it. `colour` sets the colours by
/// escape sequences; without it the drawing is right on a light background only, and readers take
/// the inverse as well. Fails with `limit_reached` when `text` does not fit (about 4,000 upper case
/// letters and digits).
Result<std::string> draw_qr(std::string_view text, bool colour);

}  // namespace martlet::cli
