#include "protocol/linking_channel.h"

#include <limits>

#include "base/reader.h"
#include "base/writer.h"
#include "crypto/hkdf.h"

namespace martlet::protocol {
namespace {

constexpr std::string_view kChannelContext = "kt-link-channel-v1\n";

crypto::Aes256Key key_at(std::span<const std::uint8_t, 64> keys, std::size_t offset) {
  return crypto::Aes256Key{[&](std::span<std::uint8_t, 32> out) {
    std::ranges::copy(keys.subspan(offset, 32), out.begin());
  }};
}

}  // namespace

LinkingChannel::LinkingChannel(Side side, const Roots& roots)
    : LinkingChannel{side, Keys{[&](std::span<std::uint8_t, 64> out) {
                       crypto::hkdf_sha256(roots.secret, roots.shared.reveal(),
                                           concat({bytes_of(kChannelContext), roots.newcomer,
                                                   roots.approver, roots.key_part_hash}),
                                           out);
                     }}} {}

LinkingChannel::LinkingChannel(Side side, const Keys& keys)
    : send_key_{key_at(keys.reveal(), side == Side::newcomer ? 0 : 32)},
      receive_key_{key_at(keys.reveal(), side == Side::newcomer ? 32 : 0)} {}

Bytes LinkingChannel::seal(ByteView plain) {
  CHECK(sent_ != std::numeric_limits<std::uint32_t>::max());
  Writer out;
  out.u32(sent_).bytes(crypto::aes_256_gcm_seal(send_key_, sent_, plain));
  ++sent_;
  return std::move(out).take();
}

Result<crypto::Plaintext, LinkingChannel::Fault> LinkingChannel::open(ByteView sealed) {
  if (sealed.size() < kLinkingSealOverhead) return Fault::malformed;
  // The counter need not be believed: the nonce is the one that we expect.
  const auto counter = Reader{sealed}.u32().value();
  if (counter < received_) return Fault::replay;
  if (counter > received_) return Fault::gap;
  auto plain = crypto::aes_256_gcm_open(receive_key_, counter, sealed.subspan(4));
  if (!plain.ok()) return Fault::forged;
  ++received_;
  return std::move(plain).take();
}

}  // namespace martlet::protocol
