#pragma once

#include <string>
#include <string_view>

namespace martlet::client {

/// A display name: at most kNameBytesMax bytes of UTF-8 on one line, may be empty.
bool is_name(std::string_view text);

/// A key under which names compare equal whatever their case: ASCII, Latin-1, Greek and Cyrillic
/// letters fold; others stay as they are. `text` is UTF-8.
std::string folded(std::string_view text);

}  // namespace martlet::client
