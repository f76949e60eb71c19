#include "base/check.h"
#include "transparency/recovery_words.h"

/// No input crashes the parser, and words that it accepts come back as they are written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet::transparency;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto parsed = parse_recovery_words(text);
  if (!parsed.ok()) {
    CHECK(parsed.error().similar.size() <= 3);
    return 0;
  }
  const auto words = recovery_words(parsed.value());
  const std::string_view written{reinterpret_cast<const char*>(words.reveal().data()),
                                 words.size()};
  CHECK(parse_recovery_words(written).ok());
  return 0;
}
