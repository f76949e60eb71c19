#include "base/check.h"
#include "base/limits.h"
#include "protocol/classic_forgery.h"

namespace {

using namespace martlet;
using namespace martlet::protocol;

/// Making RSA keys takes long, so one pair serves all inputs.
struct Pair {
  classic::Party sender;
  classic::Party receiver;
};

Bytes envelope_of(const Pair& pair, std::uint8_t kind, ByteView input) {
  const auto& signer = pair.sender.signing;
  constexpr std::size_t block_bytes = crypto::kClassicRsaBytes;
  switch (kind % 3) {
    case 0:  // as it is
      return copy_of(input);
    case 1: {  // any block and tail, signed properly
      Bytes body = copy_of(input.first(std::min<std::size_t>(input.size(), 65'534)));
      body.resize(std::max(body.size(), block_bytes));
      return classic::signed_by(signer, ByteView{body}.first(block_bytes),
                                ByteView{body}.subspan(block_bytes));
    }
    default: {  // any OAEP plaintext of 1 to 118 bytes and any tail, encrypted and signed
      const auto size =
          std::min<std::size_t>(input.empty() ? 0 : input[0] % 118 + 1U, input.size());
      if (size == 0) return {};
      const auto tail = input.subspan(size);
      return classic::signed_by(
          signer, pair.receiver.identity.encryption().encrypt(input.first(size)),
          tail.first(std::min<std::size_t>(tail.size(), 65'534 - block_bytes)));
    }
  }
}

}  // namespace

/// No envelope crashes open(), whatever of it is genuine; none here carries a right tag but by a
/// chance of 2^-40.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Pair pair;
  if (size == 0) return 0;
  const auto envelope = envelope_of(pair, data[0], {data + 1, size - 1});
  const auto opened = classic::open(pair.receiver.encryption, pair.receiver.identity,
                                    pair.sender.identity, envelope);
  CHECK(!opened.ok());
  return 0;
}
