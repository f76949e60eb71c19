#include "apps/martlet/qr.h"

#include <qrencode.h>

#include <memory>

namespace martlet::cli {
namespace {

constexpr int kQuietModules = 4;

struct Release {
  void operator()(QRcode* code) const noexcept { QRcode_free(code); }
};

/// Dark or not, the quiet zone around it included.
bool is_dark(const QRcode& code, int x, int y) {
  if (x < 0 || y < 0 || x >= code.width || y >= code.width) return false;
  return (code.data[y * code.width + x] & 1U) != 0;
}

}  // namespace

Result<std::string> draw_qr(std::string_view text, bool colour) {
  const std::string terminated{text};
  // 8 bit, case kept; the library itself packs runs of upper case letters and digits.
  const std::unique_ptr<QRcode, Release> code{
      QRcode_encodeString(terminated.c_str(), 0, QR_ECLEVEL_L, QR_MODE_8, 1)};
  if (!code) return Error{Failure::limit_reached, "too much for a QR code"};

  std::string drawn;
  for (int y = -kQuietModules; y < code->width + kQuietModules; y += 2) {
    if (colour) drawn += "\x1b[30;107m";  // black on bright white, whatever the terminal's colours
    for (int x = -kQuietModules; x < code->width + kQuietModules; ++x) {
      const bool upper = is_dark(*code, x, y);
      const bool lower = is_dark(*code, x, y + 1);
      drawn += upper ? (lower ? "█" : "▀") : (lower ? "▄" : " ");
    }
    if (colour) drawn += "\x1b[0m";
    drawn += '\n';
  }
  return drawn;
}

}  // namespace martlet::cli
