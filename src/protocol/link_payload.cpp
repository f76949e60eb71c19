#include "protocol/link_payload.h"

#include "base/reader.h"
#include "base/writer.h"
#include "crypto/hash.h"

namespace martlet::protocol {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kKindLinking = 2;
constexpr std::uint8_t kTagKeyPart = 0x12;
constexpr std::size_t kTextBytesMax = 8 + 8 * (2 + 32 + 32 + 16 + 1 + kLinkServerBytesMax) / 5 + 8;

bool is_server(std::string_view text) {
  return !text.empty() && text.size() <= kLinkServerBytesMax &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool has_prefix(std::string_view text) {
  return text.size() >= kLinkPayloadPrefix.size() &&
         std::ranges::equal(
             text.substr(0, kLinkPayloadPrefix.size()), kLinkPayloadPrefix,
             [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; });
}

}  // namespace

std::string encode_link_payload(const LinkPayload& payload) {
  CHECK(is_server(payload.server));
  Writer out;
  out.u8(kVersion).u8(kKindLinking).bytes(payload.key_part_hash).bytes(payload.newcomer);
  out.bytes(payload.secret.reveal()).prefixed_u8(bytes_of(payload.server));
  return std::string{kLinkPayloadPrefix} + to_base32(out.view());
}

Result<LinkPayload> parse_link_payload(std::string_view text) {
  text = trimmed(text);
  if (!has_prefix(text)) return Error{Failure::malformed, "does not start with MARTLET:"};
  if (text.size() > kTextBytesMax) return Error{Failure::malformed, "too long for a link code"};
  const auto bytes = TRY(from_base32(text.substr(kLinkPayloadPrefix.size())));
  Reader in{bytes};
  if (TRY(in.u8()) != kVersion) return Error{Failure::malformed, "a code of another version"};
  if (TRY(in.u8()) != kKindLinking) {
    return Error{Failure::malformed, "a code for something other than linking a device"};
  }
  const auto hash = TRY(in.array<32>());
  const auto newcomer = TRY(in.array<crypto::kX25519Bytes>());
  const auto secret = TRY(in.take(LinkSecret::kBytes));
  const std::string server{text_of(TRY(in.prefixed_u8()))};
  TRY(in.finish());
  if (!is_server(server)) return Error{Failure::malformed, "not the address of a server"};
  return LinkPayload{hash, newcomer, LinkSecret{[&](std::span<std::uint8_t, 16> out) {
                       std::ranges::copy(secret, out.begin());
                     }},
                     server};
}

RendezvousName rendezvous_name(const LinkSecret& secret) {
  RendezvousName name;
  const auto digest = crypto::sha256(secret.reveal());
  std::copy_n(digest.begin(), name.size(), name.begin());
  return name;
}

Digest key_part_hash(ByteView key_part) {
  const std::array<std::uint8_t, 1> tag{kTagKeyPart};
  return crypto::sha256({tag, key_part});
}

}  // namespace martlet::protocol
