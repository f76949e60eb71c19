#include "base/check.h"
#include "base/limits.h"
#include "net/http_parser.h"

// The first byte says how large the pieces are, the rest is the stream. Whatever comes out keeps
// what the header promises, and the number of requests does not depend on how the stream is cut.
namespace {

using namespace martlet;
using Kind = net::HttpParsed::Kind;

std::size_t count_requests(ByteView stream, std::size_t piece) {
  net::HttpParser parser;
  std::size_t count = 0;
  while (!stream.empty()) {
    const auto part = stream.first(std::min(piece, stream.size()));
    stream = stream.subspan(part.size());
    parser.take(part);
    for (auto found = parser.next(); found.kind != Kind::more; found = parser.next()) {
      if (found.kind == Kind::refused) {
        CHECK(found.status == 400 || found.status == 411 || found.status == 413 ||
              found.status == 431);
        CHECK(!parser.is_within_request());
        return count;
      }
      if (found.kind == Kind::go_on) continue;
      CHECK(found.request.target.starts_with('/'));
      CHECK(!found.request.method.empty());
      CHECK(found.request.body.size() <= limits::kHttpRequestBytesMax);
      ++count;
    }
  }
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const ByteView stream{data + 1, size - 1};
  CHECK(count_requests(stream, data[0] + 1U) == count_requests(stream, stream.size() + 1));
  return 0;
}
