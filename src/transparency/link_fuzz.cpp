#include "base/check.h"
#include "transparency/link.h"

/// No input crashes the parser, and whatever it accepts has one encoding only.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  using namespace martlet::transparency;
  const ByteView input{data, size};
  const auto parsed = parse_link(input);
  if (!parsed.ok()) return 0;
  const auto& link = parsed.value();
  CHECK(encode_tbs(link.fields) == link.tbs);
  CHECK(equal(encode_link(link.tbs, link.signature, link.acceptance), input));
  return 0;
}
