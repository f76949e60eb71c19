#pragma once

#include <span>

#include "client/linking.h"

/// The messages of linking as bytes (spec/linking.md, sections 3 and 6). The parsers fail with
/// `malformed` only; the encoders take what is within bounds, anything else is our own bug.
namespace martlet::client {

enum class LinkMessage : std::uint8_t {
  hello = 1,  ///< A's key, after a QR code
  commit,     ///< short code: A, N, A, then N and A
  answer,
  reveal,
  mac,
  sealed,  ///< one of those below, in the channel
  introduce = 16,
  account,
  links,
  proposal,
  accept,
  moved,
  done,
  stop = 255  ///< in the channel, or in the clear while there is none
};

struct KeyPart {
  crypto::VerifyingKey sign_key;
  std::vector<transparency::SuiteKey> suites;
};
Bytes encode_key_part(const KeyPart& key_part);
Result<KeyPart> parse_key_part(ByteView bytes);

struct Introduction {
  Bytes key_part;
  std::array<std::uint8_t, 32> name_opening;
  std::string name;
  std::string platform;
};
Bytes encode(const Introduction& introduction);
Result<Introduction> parse_introduction(ByteView bytes);

inline constexpr std::size_t kLinkingHandlesMax = 64;
inline constexpr std::size_t kLinkingTrustRootsMax = 16;
struct AccountPart {
  std::string display_name;
  std::vector<std::string> handles;
  std::vector<TrustRoot> trust_roots;
  std::uint32_t links;  ///< how many follow
};
Bytes encode(const AccountPart& account);
Result<AccountPart> parse_account_part(ByteView bytes);

/// Bodies of `links` messages, each small enough.
std::vector<Bytes> encode_links(std::span<const Bytes> links);
Result<std::vector<Bytes>> parse_links(ByteView bytes);

/// 1 to kLinksMax.
Result<std::uint32_t> parse_link_count(ByteView bytes);

}  // namespace martlet::client
