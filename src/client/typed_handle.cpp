#include "client/typed_handle.h"

#include "client/errors.h"
#include "phone/number.h"

namespace martlet::client {

Answer<Handle> parse_typed_handle(std::string_view typed, std::string_view region) {
  auto plain = Handle::parse(typed);
  if (!phone::is_number_like(typed)) {
    if (!plain.ok()) return errors::kBadHandle;
    return std::move(plain).take();
  }
  // +49 (0)171 ...: a number even where it is in canonical form, but a better one.
  auto completed = phone::e164_of(typed, region);
  if (completed.ok()) return std::move(completed).take();
  // With its country's code it is taken as it stands: tables age, and the directory will tell.
  if (plain.ok()) return std::move(plain).take();
  if (completed.error().failure == Failure::not_found) return errors::kNoRegion;
  return ApiError{ErrorCode::usage, completed.error().reason,
                  "write it like +15551234567, or as people of its --region do"};
}

std::string home_region(const Self& self) {
  if (!self.region.empty()) return self.region;
  const auto own = Handle::parse(self.profile.handle);
  return own.ok() ? phone::region_of(own.value()).value_or("") : "";
}

}  // namespace martlet::client
