#include "base/check.h"
#include "net/frame_splitter.h"

// The first byte says how large the pieces are, the second the longest frame allowed in units of
// 16; the rest is the stream. What comes out, framed again, is the stream's beginning, and cutting
// the stream differently changes nothing.
namespace {

using namespace martlet;

Bytes split(ByteView stream, std::size_t piece, std::size_t max, std::size_t keep_every) {
  net::FrameSplitter splitter;
  Bytes out;
  std::size_t count = 0;
  while (!stream.empty()) {
    auto input = stream.first(std::min(piece, stream.size()));
    stream = stream.subspan(input.size());
    while (true) {
      const auto next = splitter.next(input, max);
      if (!next.ok()) return out;
      const auto frame = next.value();
      if (!frame.has_value()) break;
      CHECK(frame->size() <= max);
      for (unsigned shift = 32; shift > 0; shift -= 8) {
        out.push_back(static_cast<std::uint8_t>(frame->size() >> (shift - 8)));
      }
      out.reserve(out.size() + frame->size());
      out.insert(out.end(), frame->begin(), frame->end());
      if (++count % keep_every == 0) {
        splitter.keep(input);
        input = {};
      }
    }
    CHECK(input.empty());
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = data[0] + 1U;
  const std::size_t max = data[1] * std::size_t{16};
  const ByteView stream{data + 2, size - 2};
  const auto in_pieces = split(stream, piece, max, 1'000'000);
  CHECK(in_pieces == split(stream, stream.size() + 1, max, 2));
  CHECK(in_pieces.size() <= stream.size());
  CHECK(std::equal(in_pieces.begin(), in_pieces.end(), stream.begin()));
  return 0;
}
