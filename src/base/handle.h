#pragma once

#include <string>

#include "base/result.h"

namespace martlet {

/// What people type to reach somebody, in canonical form (spec/handles.md): `local@domain` in lower
/// case, or `+` and 7 to 15 digits (E.164). At most kHandleBytesMax bytes of ASCII. Immutable.
class Handle {
 public:
  /// Folds upper case and surrounding blanks. Blanks, `-`, `.`, `(`, `)` inside a number that
  /// starts with `+` are dropped. Fails with `malformed`; the reason says what is wrong.
  static Result<Handle> parse(std::string_view typed);

  const std::string& text() const { return text_; }
  bool is_number() const { return text_.front() == '+'; }
  /// What follows the `@`; empty for a number.
  std::string_view domain() const;
  auto operator<=>(const Handle&) const = default;

 private:
  explicit Handle(std::string text) : text_{std::move(text)} {}
  std::string text_;
};

/// `labels of a-z 0-9 -`, 1 to 63 bytes, no hyphen at the ends, last label not all digits.
bool is_domain(std::string_view text);

}  // namespace martlet
