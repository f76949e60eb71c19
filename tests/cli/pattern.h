#pragma once

#include <map>
#include <string>
#include <string_view>

namespace martlet::cli_test {

/// Whether `line` is what `pattern` describes: `*` stands for anything, `<name>` for the inside of
/// a JSON string without escapes. What a name stood for is added to `known` if the whole line fits;
/// a name that is known stands for that and nothing else.
bool fits(std::string_view pattern, std::string_view line,
          std::map<std::string, std::string>& known);

}  // namespace martlet::cli_test
