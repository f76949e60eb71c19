#include "apps/interop/classic_command.h"

#include <cstdio>
#include <optional>

#include "base/limits.h"
#include "crypto/system_random.h"
#include "protocol/classic.h"

namespace martlet::interop {
namespace {

using protocol::classic::Identity;
using protocol::classic::Refusal;
using Input = crypto::Plaintext;  // may be one, so it is treated as one

constexpr std::size_t kKeyFileBytesMax = 64 * 1024;

/// Up to `size` bytes of `file`, in memory that is wiped.
Input read_from(std::FILE* file, std::size_t size) {
  return Input{size, [&](std::span<std::uint8_t> out) {
                 return std::fread(out.data(), 1, out.size(), file);
               }};
}

Exit write_out(ByteView bytes) {
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size();
  if (written && std::fflush(stdout) == 0) return Exit::ok;
  std::fputs("martlet-interop: cannot write to standard output\n", stderr);
  return Exit::output;
}

/// A key of the kind that `Key::from_pem` makes; says on stderr why there is none.
template <class Key>
std::optional<Key> load(const std::string& path) {
  const auto fault = [&](const char* reason) {
    std::fprintf(stderr, "martlet-interop: %s: %s\n", path.c_str(), reason);
    return std::nullopt;
  };
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return fault("cannot be read");
  const auto pem = read_from(file, kKeyFileBytesMax + 1);
  const bool failed = std::ferror(file) != 0;
  std::fclose(file);
  if (failed) return fault("cannot be read");
  if (pem.size() > kKeyFileBytesMax) return fault("too long for a key file");
  auto key = Key::from_pem(text_of(pem.reveal()));
  if (!key.ok()) return fault(key.error().reason.text);
  return std::move(key).take();
}

std::optional<Identity> load_identity(const IdentityFiles& files) {
  auto signing = load<crypto::VerifyingKey>(files.ec);
  if (!signing) return std::nullopt;
  auto encryption = load<crypto::ClassicEncryptionKey>(files.rsa);
  if (!encryption) return std::nullopt;
  return Identity{*std::move(signing), *std::move(encryption)};
}

Exit refuse(Refusal refusal) {
  const auto say = [](const char* text, Exit code) {
    std::fprintf(stderr, "martlet-interop: refused: %s\n", text);
    return code;
  };
  switch (refusal) {
    case Refusal::framing:
      return say("not an envelope of the classic suite", Exit::framing);
    case Refusal::signature:
      return say("the signature is not the sender's", Exit::signature);
    case Refusal::oaep:
      return say("the RSA block does not decrypt to a key and a head", Exit::oaep);
    case Refusal::tag:
      return say("the tag does not fit", Exit::tag);
    case Refusal::older_form:
      return say("the older form, without a tag", Exit::older_form);
  }
  return Exit::usage;  // no other refusal exists
}

}  // namespace

Exit print_identity(const IdentityFiles& files) {
  const auto identity = load_identity(files);
  if (!identity) return Exit::usage;
  return write_out(bytes_of(to_hex(identity->der()) + "\n" + to_hex(identity->hash()) + "\n"));
}

Exit seal_stdin(const IdentityFiles& sender, const IdentityFiles& receiver) {
  const auto sender_key = load<crypto::SigningKey>(sender.ec);
  if (!sender_key) return Exit::usage;
  const auto from = load_identity(sender);
  if (!from) return Exit::usage;
  const auto to = load_identity(receiver);
  if (!to) return Exit::usage;

  const auto plain = read_from(stdin, limits::kClassicPlainBytesMax + 1);
  crypto::SystemRandom random;
  const auto sealed = protocol::classic::seal(*sender_key, *from, *to, plain.reveal(), random);
  if (!sealed.ok()) {
    std::fprintf(stderr, "martlet-interop: %s\n", sealed.error().reason.text);
    return Exit::usage;
  }
  return write_out(sealed.value());
}

Exit open_stdin(const IdentityFiles& receiver, const IdentityFiles& sender) {
  const auto receiver_key = load<crypto::ClassicDecryptionKey>(receiver.rsa);
  if (!receiver_key) return Exit::usage;
  const auto to = load_identity(receiver);
  if (!to) return Exit::usage;
  const auto from = load_identity(sender);
  if (!from) return Exit::usage;

  // One byte more than the longest, so that a longer one is refused and not cut.
  const auto envelope = read_from(stdin, limits::kClassicEnvelopeBytesMax + 1);
  const auto opened = protocol::classic::open(*receiver_key, *to, *from, envelope.reveal());
  if (!opened.ok()) return refuse(opened.error());
  return write_out(opened.value().reveal());
}

}  // namespace martlet::interop
