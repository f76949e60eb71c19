#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

/// The lines below vcard.h: unfolding, parameters and encodings; no meaning of properties.
namespace martlet::client::vcard {

/// One line with its continuations. `text` is cut at kVcardLineBytesMax.
struct Line {
  std::size_t number;  ///< of its first part, from 1
  std::string text;
  bool cut = false;
};

/// Unfolds: continuations begin with a blank, follow a quoted-printable line that ends with `=`, or
/// are the bare base64 lines of vCard 2.1. Blank lines are left out. The text outlives the object.
class Lines {
 public:
  explicit Lines(std::string_view text);
  std::optional<Line> next();

 private:
  std::string_view take();
  std::string_view rest_;
  std::size_t number_ = 0;
};

struct Property {
  std::string name;      ///< upper case, without its group (`item1.`)
  std::string encoding;  ///< upper case; empty if none
  std::string charset;   ///< upper case; empty if none
  std::string value;     ///< still encoded and escaped
  bool cut = false;
};

/// Fails with `malformed` if there is no name or no colon.
Result<Property> parse_property(const Line& line);

bool is_keyword(const Property& property, std::string_view name, std::string_view value);

/// The value as UTF-8, escapes still in it. Fails with `malformed` (quoted-printable, UTF-8), with
/// `refused` (base64, another charset) and with `limit_reached` (a line that was cut).
Result<std::string> text_value(const Property& property);

/// `text` without `scheme` (lower case, with its colon), if it begins with it in any case.
std::string_view without_scheme(std::string_view text, std::string_view scheme);

}  // namespace martlet::client::vcard
