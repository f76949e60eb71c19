#include "base/check.h"
#include "wire/content.h"

/// No input crashes the parser; what parses says the same again after a round trip.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = martlet::wire::parse_content({data, size});
  if (!parsed.ok() || std::holds_alternative<martlet::wire::UnknownKind>(parsed.value().kind))
    return 0;
  const auto encoded = martlet::wire::encode(parsed.value());
  const auto again = martlet::wire::parse_content(encoded);
  CHECK(again.ok());
  CHECK(martlet::wire::encode(again.value()) == encoded);
  return 0;
}
