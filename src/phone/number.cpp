#include "phone/number.h"

#include <phonenumbers/phonenumberutil.h>
#include <phonenumbers/shortnumberinfo.h>

#include <algorithm>

#include "base/utf8.h"

namespace martlet::phone {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;
using i18n::phonenumbers::ShortNumberInfo;

constexpr const char* kNoRegion = "ZZ";    ///< what libphonenumber calls none
constexpr const char* kNoCountry = "001";  ///< and a number of the whole world

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

const PhoneNumberUtil& plans() { return *PhoneNumberUtil::GetInstance(); }

/// The bytes of the code point at the start that numbers are written with; 0: none.
std::size_t number_part(std::string_view text) {
  if (is_digit(text[0]) || std::string_view{" \t\r\n+-.()/*#,;"}.find(text[0]) != text.npos) {
    return 1;
  }
  if (text.starts_with("\xc2\xa0")) return 2;  // no-break space
  // General Punctuation, U+2000 to U+206F.
  return text.size() >= 3 && (text.starts_with("\xe2\x80") || text.starts_with("\xe2\x81")) ? 3 : 0;
}

/// 112 or 61234: only telephones of that country know what it is.
bool is_short(const PhoneNumber& number, const std::string& region) {
  static const ShortNumberInfo kShortNumbers;
  return kShortNumbers.IsPossibleShortNumberForRegion(number, region);
}

Result<void> check_length(const PhoneNumber& number, const std::string& region) {
  if (plans().IsValidNumber(number)) return {};
  if (is_short(number, region)) {
    return Error{Failure::malformed, "a short number works within its country only"};
  }
  switch (plans().IsPossibleNumberWithReason(number)) {
    case PhoneNumberUtil::IS_POSSIBLE:
      return {};
    case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY:
      return Error{Failure::malformed, "a phone number needs its area code"};
    default:
      return Error{Failure::malformed, "no phone number of its country is as long as this"};
  }
}

Result<PhoneNumber> parse(std::string_view typed, const std::string& region) {
  PhoneNumber number;
  switch (plans().Parse(std::string{typed}, region, &number)) {
    case PhoneNumberUtil::NO_PARSING_ERROR:
      return number;
    case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
      if (region != kNoRegion || typed.find('+') != typed.npos) {
        return Error{Failure::malformed, "no country has the code of this phone number"};
      }
      return Error{Failure::not_found, "a phone number without its country"};
    default:
      return Error{Failure::malformed, "not a phone number"};
  }
}

}  // namespace

bool is_known_region(std::string_view region) {
  if (region.size() != 2) return false;
  return plans().GetCountryCodeForRegion(std::string{region}) != 0;
}

bool is_number_like(std::string_view typed) {
  if (typed.size() > kNumberBytesMax) return false;
  const bool has_digit = std::ranges::any_of(typed, is_digit);
  while (!typed.empty()) {
    const auto part = number_part(typed);
    if (part == 0) return false;
    typed.remove_prefix(part);
  }
  return has_digit;
}

Result<Handle> e164_of(std::string_view typed, std::string_view region) {
  if (typed.size() > kNumberBytesMax || !is_utf8(typed)) {
    return Error{Failure::malformed, "not a phone number"};
  }
  // libphonenumber would dial them: 1-800-FLOWERS. We take them for a name, or an extension.
  if (std::ranges::any_of(typed, is_letter)) {
    return Error{Failure::malformed, "a phone number has no letters and no extension"};
  }
  if (typed.find_first_of("*#") != typed.npos) {
    return Error{Failure::malformed, "a service code or an extension, not a phone number"};
  }
  const std::string known = is_known_region(region) ? std::string{region} : kNoRegion;
  const auto number = TRY(parse(typed, known));
  if (number.has_extension()) {
    return Error{Failure::malformed, "a phone number has no letters and no extension"};
  }
  TRY(check_length(number, known));
  std::string text;
  plans().Format(number, PhoneNumberUtil::E164, &text);
  return Handle::parse(text);
}

std::optional<std::string> region_of(const Handle& number) {
  PhoneNumber parsed;
  if (!number.is_number() ||
      plans().Parse(number.text(), kNoRegion, &parsed) != PhoneNumberUtil::NO_PARSING_ERROR) {
    return std::nullopt;
  }
  std::string region;
  plans().GetRegionCodeForNumber(parsed, &region);
  if (region == kNoRegion) plans().GetRegionCodeForCountryCode(parsed.country_code(), &region);
  if (region == kNoRegion || region == kNoCountry) return std::nullopt;
  return region;
}

}  // namespace martlet::phone
