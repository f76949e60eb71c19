#pragma once

#include <toml++/toml.h>

#include <functional>
#include <map>

#include "apps/martletd/config.h"

/// How settings are taken from TOML: for the .cpp files that list them.
namespace martlet::daemon {

/// Takes one value, or says in words what it should have been.
using Setter = std::function<const char*(const toml::node& value, Config& config)>;

template <class T, class Set>
Setter text_setter(const char* expected, Set set) {
  return [expected, set](const toml::node& value, Config& config) -> const char* {
    const auto text = value.value_exact<T>();
    return text && set(*text, config) ? nullptr : expected;
  };
}

template <class Set>
Setter number_setter(std::int64_t least, std::int64_t most, const char* expected, Set set) {
  return text_setter<std::int64_t>(expected, [=](std::int64_t number, Config& config) {
    if (number < least || number > most) return false;
    set(number, config);
    return true;
  });
}

inline bool set_path(const std::string& text, std::filesystem::path& path) {
  path = text;
  return path.is_absolute();
}

using Setters = std::map<std::string, Setter, std::less<>>;

/// The sections [admin] and [limits].
Setters limit_setters();

/// The section [store].
Setters store_setters();
Outcome<void> check_store(const std::filesystem::path& file, const Config& config);
std::string first_store_config();

/// The section [sms].
Setters sms_setters();
/// Whether its settings fit together.
Outcome<void> check_sms(const std::filesystem::path& file, const Config& config);
/// Its remarks in the first server.toml.
std::string first_sms_config();

}  // namespace martlet::daemon
