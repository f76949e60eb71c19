#include "base/handle.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/limits.h"

namespace martlet {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

bool is_atom_character(char c) {
  return is_letter(c) || is_digit(c) ||
         std::string_view{"!#$%&'*+/=?^_`{|}~-"}.find(c) != std::string_view::npos;
}

/// Calls `is_good` with each part between dots; false if one is not good.
template <class Check>
bool all_parts(std::string_view text, Check is_good) {
  while (true) {
    const auto dot = text.find('.');
    if (!is_good(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_local_part(std::string_view text) {
  return text.size() <= limits::kLocalPartBytesMax && all_parts(text, [](std::string_view atom) {
           return !atom.empty() && std::ranges::all_of(atom, is_atom_character);
         });
}

Result<std::string> number(std::string_view typed) {
  std::string digits{"+"};
  for (const char c : typed.substr(1)) {
    if (is_digit(c)) {
      digits.push_back(c);
    } else if (std::string_view{" -.()"}.find(c) == std::string_view::npos) {
      return Error{Failure::malformed, "a phone number has only digits behind its +"};
    }
  }
  if (digits.size() < 1 + 7 || digits.size() > 1 + 15 || digits[1] == '0') {
    return Error{Failure::malformed, "a phone number is + and 7 to 15 digits, the first not 0"};
  }
  return digits;
}

Result<std::string> address(std::string_view typed) {
  std::string folded{typed};
  std::ranges::transform(folded, folded.begin(), ascii_lower);
  const auto at = folded.rfind('@');
  if (at == std::string::npos) {
    return Error{Failure::malformed, "a handle is name@domain, or + and a phone number"};
  }
  const std::string_view whole{folded};
  if (!is_local_part(whole.substr(0, at))) {
    return Error{Failure::malformed, "the part before the @ is not a mail name"};
  }
  if (!is_domain(whole.substr(at + 1))) {
    return Error{Failure::malformed, "the part behind the @ is not a domain name"};
  }
  return folded;
}

}  // namespace

bool is_domain(std::string_view text) {
  if (text.size() > limits::kDomainBytesMax) return false;
  const auto is_label = [](std::string_view label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label,
                               [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
  };
  const auto last = text.substr(text.rfind('.') + 1);  // npos + 1 is 0: the only label
  return all_parts(text, is_label) && !std::ranges::all_of(last, is_digit);
}

Result<Handle> Handle::parse(std::string_view typed) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!typed.empty() && is_blank(typed.front())) typed.remove_prefix(1);
  while (!typed.empty() && is_blank(typed.back())) typed.remove_suffix(1);
  if (typed.empty()) return Error{Failure::malformed, "an empty handle"};
  if (typed.size() > limits::kHandleBytesMax)
    return Error{Failure::malformed, "a handle of more than 254 bytes"};
  const bool is_number = typed.front() == '+' && typed.find('@') == std::string_view::npos;
  return Handle{is_number ? TRY(number(typed)) : TRY(address(typed))};
}

std::string_view Handle::domain() const {
  const auto at = text_.rfind('@');
  return at == std::string::npos ? std::string_view{} : std::string_view{text_}.substr(at + 1);
}

}  // namespace martlet
