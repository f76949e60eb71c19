#pragma once

#include <string>
#include <string_view>

/// Other people's words on our terminal.
namespace martlet::cli {

enum class LineBreaks : std::uint8_t {
  marked,  ///< shown as a sign: the text stays on one line
  kept,  ///< go on in the next line, behind kContinuation, so that no text can fake a line of ours
};
inline constexpr std::string_view kContinuation = "      | ";

/// `text` with everything taken out of it that would act on a terminal instead of being shown:
/// control characters (C0, DEL, C1: escape sequences begin with one) become the signs that picture
/// them, the characters that turn the direction of writing become U+FFFD, and so does what is not
/// UTF-8.
std::string safe(std::string_view text, LineBreaks breaks = LineBreaks::marked);

/// The same, cut to at most `characters` code points, with an ellipsis if anything was cut.
std::string safe_preview(std::string_view text, std::size_t characters);

}  // namespace martlet::cli
