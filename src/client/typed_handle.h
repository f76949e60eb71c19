#pragma once

#include <string_view>

#include "base/handle.h"
#include "client/api.h"
#include "client/self.h"

namespace martlet::client {

/// The handle that `typed` means (spec/handles.md sections 2 and 3). A phone number without its
/// country is completed from `region`. Fails with usage: no handle, or a number whose country
/// nobody said.
Answer<Handle> parse_typed_handle(std::string_view typed, std::string_view region);

/// Where numbers without a country belong: as the user said, else where the own number does;
/// empty if neither is known.
std::string home_region(const Self& self);

}  // namespace martlet::client
