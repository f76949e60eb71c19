#include "client/linking_messages.h"

#include "base/limits.h"
#include "base/reader.h"
#include "base/utf8.h"
#include "base/writer.h"

namespace martlet::client {
namespace {

constexpr std::uint8_t kAccountVersion = 1;
constexpr std::size_t kSuitesMax = 8;
constexpr std::size_t kSuiteKeyBytesMax = 4'096;
/// Leaves room for format, type, counter and tag.
constexpr std::size_t kLinksBodyBytesMax = kLinkingMessageBytesMax - 64;
static_assert(limits::kLinkBytesMax + 4 <= kLinksBodyBytesMax);

Result<std::string> take_text(Reader& in, std::size_t bytes_max) {
  const auto text = text_of(TRY(in.prefixed_u8()));
  if (text.size() > bytes_max || !is_utf8(text)) return Error{Failure::malformed, "not a name"};
  return std::string{text};
}

Result<std::uint32_t> check_count(std::uint32_t count) {
  if (count == 0 || count > limits::kLinksMax) {
    return Error{Failure::malformed, "no links, or too many"};
  }
  return count;
}

}  // namespace

const char* name_of(LinkFault fault) {
  constexpr std::array kNames{"unknown",
                              "malformed",
                              "out_of_turn",
                              "weak_key",
                              "commitment",
                              "confirmation",
                              "tag",
                              "replay",
                              "gap",
                              "key_part",
                              "chain",
                              "wrong_link",
                              "acceptance",
                              "not_admin",
                              "codes_differ",
                              "refused",
                              "cancelled",
                              "gave_up",
                              "moved_too_often",
                              "server_refused"};
  static_assert(kNames.size() == static_cast<std::size_t>(kLinkFaultLast) + 1);
  return kNames.at(static_cast<std::size_t>(fault));
}

Bytes encode_key_part(const KeyPart& key_part) {
  Writer out;
  out.u8(transparency::kAlgP256).prefixed_u8(key_part.sign_key.compressed());
  out.u8(static_cast<std::uint8_t>(key_part.suites.size()));
  for (const auto& [suite, key] : key_part.suites) out.u8(suite).prefixed_u16(key);
  return std::move(out).take();
}

Result<KeyPart> parse_key_part(ByteView bytes) {
  Reader in{bytes};
  if (TRY(in.u8()) != transparency::kAlgP256) return Error{Failure::malformed, "another algorithm"};
  const auto point = TRY(in.prefixed_u8());
  if (point.size() != crypto::CompressedPoint{}.size()) {
    return Error{Failure::malformed, "not a compressed point"};
  }
  KeyPart key_part{TRY(crypto::VerifyingKey::from_point(point)), {}};
  const auto count = TRY(in.u8());
  if (count == 0 || count > kSuitesMax) return Error{Failure::malformed, "not 1 to 8 suites"};
  key_part.suites.reserve(count);
  unsigned last = 0;
  for (unsigned i = 0; i < count; ++i) {
    const auto suite = TRY(in.u8());
    const auto key = TRY(in.prefixed_u16());
    if (suite <= last || key.size() > kSuiteKeyBytesMax ||
        (suite == transparency::kSuiteClassic && !transparency::is_classic_key_shape(key))) {
      return Error{Failure::malformed, "not a list of suites"};
    }
    last = suite;
    key_part.suites.push_back({suite, copy_of(key)});
  }
  TRY(in.finish());
  return key_part;
}

Bytes encode(const Introduction& introduction) {
  Writer out;
  out.prefixed_u16(introduction.key_part).bytes(introduction.name_opening);
  out.prefixed_u8(bytes_of(introduction.name)).prefixed_u8(bytes_of(introduction.platform));
  return std::move(out).take();
}

Result<Introduction> parse_introduction(ByteView bytes) {
  Reader in{bytes};
  // One by one: a TRY that returns out of a braced list leaks what stands before it in the list.
  Introduction introduction;
  introduction.key_part = copy_of(TRY(in.prefixed_u16()));
  introduction.name_opening = TRY(in.array<32>());
  introduction.name = TRY(take_text(in, limits::kNameBytesMax));
  introduction.platform = TRY(take_text(in, limits::kNameBytesMax));
  TRY(in.finish());
  return introduction;
}

Bytes encode(const AccountPart& account) {
  CHECK(account.handles.size() <= kLinkingHandlesMax);
  CHECK(account.trust_roots.size() <= kLinkingTrustRootsMax);
  Writer out;
  out.u8(kAccountVersion).prefixed_u8(bytes_of(account.display_name));
  out.u8(static_cast<std::uint8_t>(account.handles.size()));
  for (const auto& handle : account.handles) out.prefixed_u8(bytes_of(handle));
  out.u8(static_cast<std::uint8_t>(account.trust_roots.size()));
  for (const auto& [kind, value] : account.trust_roots) out.u8(kind).prefixed_u16(value);
  return std::move(out.u32(account.links)).take();
}

Result<AccountPart> parse_account_part(ByteView bytes) {
  Reader in{bytes};
  if (TRY(in.u8()) != kAccountVersion) return Error{Failure::malformed, "another version"};
  AccountPart account{TRY(take_text(in, limits::kNameBytesMax)), {}, {}, 0};
  const auto handles = TRY(in.u8());
  if (handles > kLinkingHandlesMax) return Error{Failure::malformed, "too many handles"};
  for (unsigned i = 0; i < handles; ++i) {
    account.handles.push_back(TRY(take_text(in, limits::kHandleBytesMax)));
  }
  const auto roots = TRY(in.u8());
  if (roots > kLinkingTrustRootsMax) return Error{Failure::malformed, "too many trust roots"};
  for (unsigned i = 0; i < roots; ++i) {
    const auto kind = TRY(in.u8());
    account.trust_roots.push_back({kind, copy_of(TRY(in.prefixed_u16()))});
  }
  account.links = TRY(check_count(TRY(in.u32())));
  TRY(in.finish());
  return account;
}

std::vector<Bytes> encode_links(std::span<const Bytes> links) {
  std::vector<Bytes> bodies;
  while (!links.empty()) {
    Writer packed;
    std::size_t count = 0;
    while (count < links.size() &&
           2 + packed.view().size() + 2 + links[count].size() <= kLinksBodyBytesMax) {
      packed.prefixed_u16(links[count++]);
    }
    CHECK(count > 0);
    Writer body;
    body.u16(static_cast<std::uint16_t>(count)).bytes(packed.view());
    bodies.push_back(std::move(body).take());
    links = links.subspan(count);
  }
  return bodies;
}

Result<std::vector<Bytes>> parse_links(ByteView bytes) {
  Reader in{bytes};
  const auto count = TRY(check_count(TRY(in.u16())));
  std::vector<Bytes> links;
  for (unsigned i = 0; i < count; ++i) links.push_back(copy_of(TRY(in.prefixed_u16())));
  TRY(in.finish());
  return links;
}

Result<std::uint32_t> parse_link_count(ByteView bytes) {
  Reader in{bytes};
  const auto count = TRY(in.u32());
  TRY(in.finish());
  return check_count(count);
}

}  // namespace martlet::client
