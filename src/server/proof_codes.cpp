#include "server/proof_codes.h"

#include <fmt/format.h>

#include "base/writer.h"
#include "crypto/hash.h"
#include "server/handle_limits.h"

namespace martlet::server {
namespace {

using namespace handle_limits;
using store::ProofKind;

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kMailTag = "martlet-proof-mail-v1\n";
constexpr std::string_view kSmsTag = "martlet-proof-sms-v1\n";
constexpr std::string_view kInboundTag = "martlet-proof-inbound-v1\n";

std::string inbound_text(Random& random) {
  std::string text = "M-";
  for (std::size_t i = 0; i < kInboundCodeCharacters; ++i) {
    if (i == kInboundCodeCharacters / 2) text += '-';
    text += kBase32[random.below(kBase32.size())];
  }
  return text;
}

}  // namespace

std::string make_proof_secret(ProofKind kind, Random& random) {
  switch (kind) {
    case ProofKind::mail_link: {
      std::array<std::uint8_t, kMailTokenBytes> token;
      random.fill(token);
      return to_base64url(token);
    }
    case ProofKind::sms_code:
      static_assert(kSmsCodeDigits == 6);
      return fmt::format("{:06}", random.below(1'000'000));
    case ProofKind::inbound_sms:
      break;
  }
  return inbound_text(random);
}

Digest hash_of_token(const std::string& token) {
  return crypto::sha256({bytes_of(kMailTag), bytes_of(token)});
}

Digest hash_of_inbound(const std::string& text) {
  const auto code = inbound_code_in(text);
  return crypto::sha256({bytes_of(kInboundTag), bytes_of(code ? *code : std::string{})});
}

Digest hash_of_secret(const store::HandleProof& proof, const std::string& secret) {
  switch (proof.kind) {
    case ProofKind::mail_link:
      return hash_of_token(secret);
    case ProofKind::inbound_sms:
      return hash_of_inbound(secret);
    case ProofKind::sms_code:
      break;
  }
  Writer whom;
  whom.bytes(proof.account.view())
      .u64(static_cast<std::uint64_t>(count_of(proof.started)))
      .prefixed_u8(bytes_of(proof.handle));
  return crypto::sha256({bytes_of(kSmsTag), whom.view(), bytes_of(secret)});
}

std::optional<std::string> inbound_code_in(std::string_view text) {
  std::string folded;
  for (const char c : text) {
    if (c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n') continue;
    folded += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  if (folded.size() != 1 + kInboundCodeCharacters || folded.front() != 'M' ||
      folded.find_first_not_of(kBase32, 1) != std::string::npos) {
    return std::nullopt;
  }
  return folded;
}

Milliseconds lifetime_of(ProofKind kind) {
  switch (kind) {
    case ProofKind::mail_link:
      return kMailTokenLifetime;
    case ProofKind::sms_code:
      return kSmsCodeLifetime;
    case ProofKind::inbound_sms:
      break;
  }
  return kInboundCodeLifetime;
}

}  // namespace martlet::server
