#include "client/linking_messages.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "transparency/chain_world.h"

namespace martlet::client {
namespace {

Bytes key_part_of(unsigned device) {
  const auto key = transparency::keyring().entering(device);
  return encode_key_part({key.sign_key, key.entry.suites});
}

/// Every proper front of `bytes`, and one byte more.
template <class Parse>
void expect_no_other_length(Bytes bytes, Parse parse) {
  ASSERT_TRUE(parse(bytes).ok());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse(ByteView{bytes}.first(size)).ok()) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(parse(bytes).ok());
}

TEST(LinkingMessages, OneEncodingAndOneLength) {
  const Introduction introduction{key_part_of(1), {1, 2}, "Laptop", "linux"};
  expect_no_other_length(key_part_of(1), parse_key_part);
  expect_no_other_length(encode(introduction), parse_introduction);
  const AccountPart account{"Alice", {"alice@example.org", "+3912345678"}, {{7, {1, 2}}}, 3};
  expect_no_other_length(encode(account), parse_account_part);
  const auto parsed = parse_account_part(encode(account)).take();
  EXPECT_EQ(parsed.display_name, account.display_name);
  EXPECT_EQ(parsed.handles, account.handles);
  EXPECT_EQ(parsed.trust_roots, account.trust_roots);
  EXPECT_EQ(parsed.links, account.links);
  expect_no_other_length(encode_links(std::vector<Bytes>{{1, 2}, {3}}).at(0), parse_links);
  expect_no_other_length(Bytes{0, 0, 0, 1}, parse_link_count);
}

TEST(LinkingMessages, Refuses) {
  const AccountPart account{"A", {}, {}, 1};
  const auto bytes = encode(account);  // 01 | 01 'A' | 00 | 00 | 00000001
  const auto with = [](Bytes of, std::size_t at, std::uint8_t value) {
    of[at] = value;
    return of;
  };
  EXPECT_FALSE(parse_account_part(with(bytes, 0, 2)).ok()) << "another version";
  EXPECT_FALSE(parse_account_part(with(bytes, 2, 0xff)).ok()) << "no UTF-8";
  EXPECT_FALSE(parse_account_part(with(bytes, 8, 0)).ok()) << "no links";
  EXPECT_FALSE(parse_account_part(with(bytes, 6, 1)).ok()) << "too many links";
  EXPECT_FALSE(parse_account_part(with(bytes, 3, 65)).ok()) << "too many handles";
  EXPECT_FALSE(parse_account_part(with(bytes, 4, 17)).ok()) << "too many trust roots";
  EXPECT_FALSE(parse_links(Bytes{0, 0}).ok()) << "no links";
  EXPECT_FALSE(parse_link_count(Bytes{0, 0, 0, 0}).ok());
  EXPECT_FALSE(parse_link_count(Bytes{0, 0, 4, 1}).ok());
  const auto key_part = key_part_of(1);
  EXPECT_FALSE(parse_key_part(with(key_part, 0, 1)).ok()) << "Ed25519";
  EXPECT_FALSE(parse_key_part(with(key_part, 2, 5)).ok()) << "not a point";
  EXPECT_FALSE(parse_key_part(with(key_part, 35, 0)).ok()) << "no suites";
  EXPECT_FALSE(parse_key_part(with(key_part, 36, 0)).ok()) << "suite 0";
  EXPECT_FALSE(parse_key_part(with(key_part, 39, 0x31)).ok()) << "not a classic key";
  EXPECT_FALSE(
      parse_introduction(encode(Introduction{key_part, {}, std::string(201, 'x'), ""})).ok());
}

TEST(LinkingMessages, LinksAreCutIntoMessages) {
  const std::vector<Bytes> links(9, Bytes(limits::kLinkBytesMax, 7));
  const auto bodies = encode_links(links);
  EXPECT_EQ(bodies.size(), 5U);
  std::vector<Bytes> joined;
  for (const auto& body : bodies) {
    EXPECT_LE(body.size(), kLinkingMessageBytesMax - 64);
    for (auto& link : parse_links(body).take()) joined.push_back(std::move(link));
  }
  EXPECT_EQ(joined, links);
}

TEST(LinkingMessages, EveryFaultHasANameOfItsOwn) {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(kLinkFaultLast); ++i) {
    names.emplace_back(name_of(static_cast<LinkFault>(i)));
  }
  EXPECT_EQ(names.front(), "unknown");
  EXPECT_EQ(names.back(), "server_refused");
  EXPECT_EQ(names[static_cast<std::size_t>(LinkFault::codes_differ)], "codes_differ");
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

}  // namespace
}  // namespace martlet::client
