#include "base/check.h"
#include "protocol/link_payload.h"

/// No input crashes it, and what parses is written as a text that parses to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  for (const auto& text : {std::string{text_of({data, size})},
                           std::string{protocol::kLinkPayloadPrefix} + to_base32({data, size})}) {
    const auto parsed = protocol::parse_link_payload(text);
    if (!parsed.ok()) continue;
    const auto written = protocol::encode_link_payload(parsed.value());
    const auto again = protocol::parse_link_payload(written);
    CHECK(again.ok());
    CHECK(protocol::encode_link_payload(again.value()) == written);
  }
  return 0;
}
