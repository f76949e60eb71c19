#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "wire/handle_frames.h"

namespace martlet::cli {

/// One word for programs and people: "confirmed", "mail refused" is "refused".
const char* word_for(wire::HandleState state);
const char* word_for(wire::HandleMethod method);

/// The two parts of a handle event's text: what happened, and the handle.
std::pair<std::string, std::string> split_handle_event(std::string_view text);
/// The same as a sentence.
std::string handle_event_text(std::string_view text);

}  // namespace martlet::cli
