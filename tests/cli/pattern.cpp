#include "cli/pattern.h"

#include <algorithm>

namespace martlet::cli_test {
namespace {

using Known = std::map<std::string, std::string>;

/// The length of a `<name>` at the front; 0: there is none.
std::size_t name_size(std::string_view pattern) {
  if (!pattern.starts_with('<')) return 0;
  const auto end = pattern.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", 1);
  return end != std::string_view::npos && end > 1 && pattern[end] == '>' ? end + 1 : 0;
}

bool fits_from(std::string_view pattern, std::string_view line, Known& known);

/// Something of up to `size_max` bytes stands for the front of the pattern: try all.
template <class Keep>
bool any_fits(std::string_view rest, std::string_view line, std::size_t size_max, Known& known,
              Keep keep) {
  for (std::size_t size = 0; size <= size_max; ++size) {
    auto attempt = known;
    keep(attempt, line.substr(0, size));
    if (!fits_from(rest, line.substr(size), attempt)) continue;
    known = std::move(attempt);
    return true;
  }
  return false;
}

bool fits_from(std::string_view pattern, std::string_view line, Known& known) {
  for (;;) {
    if (pattern.empty()) return line.empty();
    if (pattern.front() == '*') {
      return any_fits(pattern.substr(1), line, line.size(), known, [](Known&, std::string_view) {});
    }
    if (const auto size = name_size(pattern); size > 0) {
      const std::string name{pattern.substr(1, size - 2)};
      const auto rest = pattern.substr(size);
      const auto found = known.find(name);
      if (found == known.end()) {
        return any_fits(rest, line, std::min(line.find('"'), line.size()), known,
                        [&](Known& kept, std::string_view part) { kept[name] = part; });
      }
      if (!line.starts_with(found->second)) return false;
      line.remove_prefix(found->second.size());
      pattern = rest;
      continue;
    }
    if (line.empty() || line.front() != pattern.front()) return false;
    line.remove_prefix(1);
    pattern.remove_prefix(1);
  }
}

}  // namespace

bool fits(std::string_view pattern, std::string_view line, Known& known) {
  return fits_from(pattern, line, known);
}

}  // namespace martlet::cli_test
