#include "base/check.h"
#include "frames.pb.h"
#include "wire/hot_frames.h"

/// No input crashes the parser; what parses says the same again after a round trip. (Protobuf skips
/// unknown fields by design, so the bytes themselves may differ.) The short way of the hot frames
/// never says another thing than the full one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto hot = martlet::wire::parse_hot_frame({data, size})) {
    martlet::pb::Frame full;
    CHECK(full.ParseFromArray(data, static_cast<int>(size)));
    CHECK(martlet::text_of(martlet::wire::encode(*hot)) == full.SerializeAsString());
  }
  const auto parsed = martlet::wire::parse_frame({data, size});
  if (!parsed.ok() || std::holds_alternative<martlet::wire::Unknown>(parsed.value().body)) return 0;
  const auto encoded = martlet::wire::encode(parsed.value());
  const auto again = martlet::wire::parse_frame(encoded);
  CHECK(again.ok());
  CHECK(martlet::wire::encode(again.value()) == encoded);
  return 0;
}
