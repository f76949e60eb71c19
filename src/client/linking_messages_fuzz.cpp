#include "base/check.h"
#include "base/writer.h"
#include "client/linking_messages.h"

/// No input crashes a parser, and what parses encodes back to the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace martlet;
  using namespace martlet::client;
  const ByteView bytes{data, size};
  if (size > kLinkingMessageBytesMax - 64) return 0;
  const auto key_part = parse_key_part(bytes);
  if (key_part.ok()) CHECK(equal(encode_key_part(key_part.value()), bytes));
  const auto introduction = parse_introduction(bytes);
  if (introduction.ok()) CHECK(equal(encode(introduction.value()), bytes));
  const auto account = parse_account_part(bytes);
  if (account.ok()) CHECK(equal(encode(account.value()), bytes));
  const auto links = parse_links(bytes);
  if (links.ok()) CHECK(equal(encode_links(links.value()).at(0), bytes));
  const auto count = parse_link_count(bytes);
  if (count.ok()) CHECK(equal(Writer{}.u32(count.value()).view(), bytes));
  return 0;
}
