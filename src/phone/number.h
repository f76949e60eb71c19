#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/handle.h"

/// Phone numbers as people write them (spec/handles.md section 3), by the numbering plans that
/// libphonenumber knows. No state of ours; any thread. A region is two capital letters, ISO 3166-1.
namespace martlet::phone {

inline constexpr std::size_t kNumberBytesMax = 200;  ///< as typed; longer ones are `malformed`

/// One whose numbering plan is known: "DE", but not "de", "ZZ" or "001".
bool is_known_region(std::string_view region);

/// Made of what numbers are written with: digits, `+ - . ( ) / * # , ;`, blanks, and the dashes,
/// blanks and direction marks of Unicode that address books put in; at least one digit.
/// A name or an address is not.
bool is_number_like(std::string_view typed);

/// The number in E.164. `typed` is UTF-8. What starts neither with + nor with the region's prefix
/// for calls abroad belongs to `region`; empty: to none. Fails with
/// - `not_found`: it is written without its country, and `region` is empty or not known;
/// - `malformed`: letters, an extension, a service code, a short number, one that is too short or
///   too long for its country, or an area code is missing.
/// Whether a length is possible is what counts: plans get new numbers faster than tables.
Result<Handle> e164_of(std::string_view typed, std::string_view region);

/// The region of an E.164 number; of a plan that several share, the number's own if that can be
/// told, else the largest. None for an address, and for numbers of no country.
std::optional<std::string> region_of(const Handle& number);

}  // namespace martlet::phone
