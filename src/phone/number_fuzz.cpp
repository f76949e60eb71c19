#include "base/bytes.h"
#include "base/check.h"
#include "phone/number.h"

/// No text crashes it; what it takes is E.164, means itself, and needs no region any more.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  constexpr const char* kRegions[] = {"", "DE", "US", "IT", "AR", "ZZ", "HU", "001"};
  const std::string region = kRegions[data[0] % std::size(kRegions)];
  const std::string typed{data + 1, data + size};
  static_cast<void>(martlet::phone::is_number_like(typed));
  const auto number = martlet::phone::e164_of(typed, region);
  if (!number.ok()) return 0;
  CHECK(number.value().is_number());
  CHECK(martlet::Handle::parse(number.value().text()).ok());
  static_cast<void>(martlet::phone::region_of(number.value()));
  return 0;
}
